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


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns. Raises TookTooLong when it runs longer than that.

    Python interrupts itself between two instructions, in the main thread, where it has SIGALRM: not
    on Windows, not in other threads, and not inside a single call of C code that does not look for
    signals (`sum(range(10**12))`). There `call` runs without a limit. A timer that was set by
    somebody else goes on afterwards.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "setitimer"):
        return call()
    is_running = True

    def ring(*_: Any) -> None:
        if is_running:
            raise TookTooLong

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        try:
            return call()
        finally:
            is_running = False  # what rings from here on must not reach the event loop
    finally:
        is_running = False
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
