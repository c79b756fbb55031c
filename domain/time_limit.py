"""A limit for code that may never end, in a process that has one thread for everything."""

import signal
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

AGAIN_SECONDS: Final = 0.1
"""After which it is raised once more: somewhere it may have been swallowed."""


class TookTooLong(BaseException):
    """The time is over. No `Exception`, so that fewer handlers in between swallow it."""


_running: Final[list[bool]] = []
"""Not empty while a call is running whose time may end."""


def _ring(*_: Any) -> None:
    if _running:
        raise TookTooLong


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns. Raises TookTooLong when it runs longer than that.

    Python interrupts itself between two instructions, in the main thread, where it has SIGALRM: not
    on Windows, not in other threads, and not inside a single call of C code that does not look for
    signals (`sum(range(10**12))`). There `call` runs without a limit. A timer that was set by
    somebody else, or by a call around this one, goes on afterwards.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "setitimer"):
        return call()
    handler = signal.getsignal(signal.SIGALRM)
    if handler is not _ring:
        signal.signal(signal.SIGALRM, _ring)
    outer = len(_running)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        _running.append(True)
        try:
            return call()
        finally:
            del _running[outer:]  # what rings from here on must not reach the event loop
    finally:
        del _running[outer:]
        signal.setitimer(signal.ITIMER_REAL, *timer)
        if callable(handler) and handler is not _ring:
            signal.signal(signal.SIGALRM, handler)
