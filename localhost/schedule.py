"""When a timer fires: NCRONTAB expressions of five or six fields, and TimeSpan intervals.

All times are UTC, as on Azure by default. In NCRONTAB a day must match both the day of the month
and the day of the week.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from localhost.timespan import parse_timespan

YEARS_AHEAD_MAX: Final = 8
"""How far to look for a date: 29 February may be eight years away."""

_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAME_LETTERS_MIN: Final = 3
_FIVE_FIELDS: Final = 5
_SIX_FIELDS: Final = 6


class Schedule(Protocol):
    """Tells the moments at which a timer fires."""

    def next_after(self, moment: datetime) -> datetime:
        """Return the first moment strictly after this one. Raises ValueError when none comes."""
        ...


@dataclass(frozen=True, slots=True)
class Interval:
    """Fires again and again after the same time."""

    every: timedelta

    def next_after(self, moment: datetime) -> datetime:
        """Return the moment one interval later."""
        return moment + self.every


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: Sequence[str] = ()


_FIELDS: Final = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """An NCRONTAB expression; each tuple holds the allowed values in order."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    """0 is Sunday."""

    def next_after(self, moment: datetime) -> datetime:
        """Return the first moment of the schedule after this one."""
        start = (moment + timedelta(seconds=1)).replace(microsecond=0)
        midnight = start.replace(hour=0, minute=0, second=0)
        for offset in range(YEARS_AHEAD_MAX * 366):
            day = midnight + timedelta(days=offset)
            if not self._has(day):
                continue
            found = self._first_on(day, start if offset == 0 else day)
            if found is not None:
                return found
        raise ValueError("the schedule names no date that will come")

    def _has(self, day: datetime) -> bool:
        return (
            day.month in self.months
            and day.day in self.days
            and day.isoweekday() % 7 in self.weekdays
        )

    def _first_on(self, day: datetime, start: datetime) -> datetime | None:
        for hour in self.hours:
            if hour < start.hour:
                continue
            for minute in self.minutes:
                if (hour, minute) < (start.hour, start.minute):
                    continue
                for second in self.seconds:
                    found = day.replace(hour=hour, minute=minute, second=second)
                    if found >= start:
                        return found
        return None


def parse_schedule(text: str) -> Schedule:
    """Read a schedule. Raises ValueError saying what is wrong."""
    fields = text.split()
    if len(fields) == 1 and ":" in text:
        interval = parse_timespan(text)
        if interval <= timedelta():
            raise ValueError(f"the interval {text!r} is not positive")
        return Interval(interval)
    if len(fields) == _FIVE_FIELDS:
        fields.insert(0, "0")
    if len(fields) != _SIX_FIELDS:
        raise ValueError(f"{text!r} is neither an NCRONTAB expression nor a TimeSpan")
    cron = Cron(*(_values(part, field) for part, field in zip(fields, _FIELDS, strict=True)))
    cron.next_after(datetime(2024, 1, 1))  # noqa: DTZ001 - only whether any date comes
    return cron


def _values(text: str, field: _Field) -> tuple[int, ...]:
    values: set[int] = set()
    for item in text.split(","):
        values.update(_item(item, field))
    return tuple(sorted(values))


def _item(text: str, field: _Field) -> range:
    bounds, slash, every = text.partition("/")
    step = 1
    if slash:
        if not every.isdecimal() or int(every) == 0:
            raise ValueError(f"{text!r} is no {field.name}: the step must be a positive number")
        step = int(every)
    if bounds == "*":
        return range(field.low, field.high + 1, step)
    first, dash, last = bounds.partition("-")
    low = _value(first, field)
    if dash:
        high = _value(last, field)
        return range(min(low, high), max(low, high) + 1, step)
    return range(low, field.high + 1, step) if slash else range(low, low + 1)


def _value(text: str, field: _Field) -> int:
    name = text.lower()
    if len(name) >= _NAME_LETTERS_MIN:
        for index, known in enumerate(field.names):
            if name.startswith(known):
                return index + field.low
    if not text.isdecimal() or not field.low <= int(text) <= field.high:
        raise ValueError(f"{text!r} is no {field.name} between {field.low} and {field.high}")
    return int(text)
