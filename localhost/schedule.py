"""When a timer fires: NCRONTAB expressions of five or six fields, and TimeSpan intervals.

All times are UTC, as on Azure by default. croniter finds the times; what NCRONTAB reads otherwise
than cron is made equal first: no `L`, `?`, `#`, `@daily` and no Sunday as 7, names may be longer
than three letters, a range may go backwards, and a day must match both its fields.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from croniter import CroniterError, croniter

from localhost.timespan import parse_timespan

YEARS_AHEAD_MAX: Final = 8
"""How far to look for a date: 29 February may be eight years away."""
_FIVE_FIELDS: Final = 5
_SIX_FIELDS: Final = 6
_NAMES: Final = {
    4: ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    5: ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_FIRST: Final = {4: 1, 5: 0}
_NAME: Final = re.compile(r"[a-z]{3,}")
_ITEM: Final = re.compile(r"(?:\*|\d+(?:-\d+)?)(?:/[1-9]\d*)?")
_SUNDAY_AGAIN: Final = 7


@dataclass(frozen=True, slots=True)
class Interval:
    """Fires again and again after the same time; never when that is not positive."""

    every: timedelta

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the moment one interval later, None when it never fires."""
        return moment + self.every if self.every > timedelta() else None


@dataclass(frozen=True, slots=True)
class Cron:
    """An NCRONTAB expression in croniter's words, seconds first."""

    expression: str

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first moment strictly after this one, None when none comes."""
        times = croniter(
            self.expression,
            moment.replace(microsecond=0),
            second_at_beginning=True,
            day_or=False,
            max_years_between_matches=YEARS_AHEAD_MAX,
        )
        try:
            found: datetime = times.get_next(datetime)
        except CroniterError:
            return None
        return found


Schedule = Interval | Cron
"""Tells the moments at which a timer fires."""


def parse_schedule(text: str) -> Schedule:
    """Read a schedule. Raises ValueError saying what is wrong."""
    fields = text.lower().split()
    if len(fields) == 1 and ":" in text:
        return Interval(parse_timespan(text))
    if len(fields) == _FIVE_FIELDS:
        fields.insert(0, "0")
    if len(fields) != _SIX_FIELDS:
        raise ValueError(f"{text!r} is neither an NCRONTAB expression nor a TimeSpan")
    expression = " ".join(_field(field, place) for place, field in enumerate(fields))
    try:
        croniter(expression, second_at_beginning=True)
    except CroniterError as error:
        raise ValueError(f"{text!r}: {error}") from error
    return Cron(expression)


def _field(text: str, place: int) -> str:
    names = _NAMES.get(place, ())

    def number(match: re.Match[str]) -> str:
        name = match[0][:3]
        return str(names.index(name) + _FIRST[place]) if name in names else match[0]

    return ",".join(_item(item, place) for item in _NAME.sub(number, text).split(","))


def _item(text: str, place: int) -> str:
    if _ITEM.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no part of an NCRONTAB expression")
    bounds, slash, step = text.partition("/")
    first, dash, last = bounds.partition("-")
    if place == _SIX_FIELDS - 1 and str(_SUNDAY_AGAIN) in {first, last}:
        raise ValueError(f"{text!r}: Sunday is 0 in NCRONTAB")
    if dash and int(last) < int(first):
        first, last = last, first
    return f"{first}{dash}{last}{slash}{step}"
