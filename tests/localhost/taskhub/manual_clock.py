"""A clock that stands still until a test moves it."""

import heapq
from collections.abc import Callable
from itertools import count

from localhost.taskhub.clock import SECOND, Alarm, Microseconds


class _Alarm:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """Moves one microsecond whenever it is read, as no two readings of a real one are equal."""

    def __init__(self) -> None:
        self._now: Microseconds = 1_782_900_000 * SECOND
        self._alarms: list[tuple[Microseconds, int, _Alarm]] = []
        self._order = count()

    def now(self) -> Microseconds:
        self._now += 1
        return self._now

    def call_at(self, when: Microseconds, callback: Callable[[], None]) -> Alarm:
        alarm = _Alarm(callback)
        heapq.heappush(self._alarms, (when, next(self._order), alarm))
        return alarm

    def next_alarm_in(self) -> float | None:
        """Return the seconds until something happens, or None if nothing will."""
        return (self._alarms[0][0] - self._now) / SECOND if self._alarms else None

    def advance(self, seconds: float) -> None:
        """Let time pass and call back what is due."""
        self._now += int(seconds * SECOND)
        while self._alarms and self._alarms[0][0] <= self._now:
            alarm = heapq.heappop(self._alarms)[2]
            if alarm.callback is not None:
                alarm.callback()
