"""Time as the hub counts it: whole microseconds since 1970, UTC; ISO 8601 on the wire."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

Microseconds = int
SECOND: Microseconds = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = "0001-01-01T00:00:00"


class Alarm(Protocol):
    """A callback that has not been called yet."""

    def cancel(self) -> None:
        """Do not call back any more."""
        ...


class Clock(Protocol):
    """Where the hub gets its time from, so that tests can move it."""

    def now(self) -> Microseconds:
        """Return the time of day."""
        ...

    def call_at(self, when: Microseconds, callback: Callable[[], None]) -> Alarm:
        """Call back on the event loop's thread at or after `when`, at once if it has passed."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> Microseconds:
        """Return the time of day; may go back when the machine's clock is set."""
        return time.time_ns() // 1000

    def call_at(self, when: Microseconds, callback: Callable[[], None]) -> Alarm:
        """Call back once; the delay is measured with the monotonic clock."""
        delay = max(0, when - self.now()) / SECOND
        return asyncio.get_running_loop().call_later(delay, callback)


def iso(when: Microseconds) -> str:
    """Return the form that .NET writes: seven digits after the point, `Z`."""
    seconds, fraction = divmod(when, SECOND)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{fraction:06d}0Z"


def iso_seconds(when: Microseconds) -> str:
    """Return the time without a fraction: what status answers contain."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when // SECOND))


def from_iso(text: str) -> Microseconds:
    """Read ISO 8601 with any number of fractional digits; without a zone it is UTC.

    Raises ValueError.
    """
    if text == _NEVER:
        return 0
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return (value - _EPOCH) // timedelta(microseconds=1)
