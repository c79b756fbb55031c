"""A limit for code that may never end, in a process that has one thread for everything."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

SLICE_SECONDS: Final = 0.1
"""From one alarm to the next. Each of them counts for so long, however late it comes: a process
that was stopped, or a machine that paused, has used up one of them and not the whole limit."""

HAS_ALARM: Final = hasattr(signal, "setitimer")


class TookTooLong(BaseException):
    """The time is over. No `Exception`, so that fewer handlers in between swallow it."""


class _Watch:
    """How much time a call has had."""

    __slots__ = ("_alarms", "_cpu", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._alarms = 0
        self._cpu = 0.0

    def is_over(self) -> bool:
        """Count an alarm; return whether the time is over."""
        cpu = time.thread_time()
        if not self._alarms:
            self._cpu = cpu - SLICE_SECONDS
        self._alarms += 1
        # Alarms that ring during one call of C code are one, but the processor counts on.
        return max(self._alarms * SLICE_SECONDS, cpu - self._cpu) >= self._seconds


_running: Final[list[_Watch]] = []
"""Of calls whose time may end, the outermost first."""


def _ring(*_: Any) -> None:
    for each in _running:
        if each.is_over():
            raise TookTooLong  # once more with each alarm: somewhere it may have been swallowed


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns. Raises TookTooLong when it takes longer than that: of time in
    which the process runs or waits, not of time in which it is stopped.

    Python interrupts itself between two instructions, in the main thread, where it has SIGALRM: not
    on Windows, not in other threads, and not inside a single call of C code that does not look for
    signals (`sum(range(10**12))`). There `call` runs without a limit. A timer that was set by
    somebody else, or by a call around this one, goes on afterwards.
    """
    if not HAS_ALARM or threading.current_thread() is not threading.main_thread():
        return call()
    # Ours stays once it is there. Somebody else's may be there at any time, and comes back.
    handler = signal.getsignal(signal.SIGALRM)
    if handler is not _ring:
        signal.signal(signal.SIGALRM, _ring)
    outer = len(_running)
    first = min(seconds, SLICE_SECONDS)
    timer = signal.setitimer(signal.ITIMER_REAL, first, SLICE_SECONDS)
    try:
        _running.append(_Watch(seconds))
        try:
            return call()
        finally:
            del _running[outer:]  # what rings from here on must not reach the event loop
    finally:
        del _running[outer:]
        signal.setitimer(signal.ITIMER_REAL, *timer)
        if callable(handler) and handler is not _ring:
            signal.signal(signal.SIGALRM, handler)
