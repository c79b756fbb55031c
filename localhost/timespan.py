"""The .NET `TimeSpan` text that host.json and timer schedules use.

`[-][d.]hh:mm[:ss[.fffffff]]`; a number alone is days, and `24:00:00` is 24 days as in .NET.
"""

import re
from datetime import timedelta
from typing import Final

_TIMESPAN: Final = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d{1,8})\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})"
    r"(?::(?P<seconds>\d{1,2})(?:\.(?P<fraction>\d{1,7}))?)?"
)
_DAYS: Final = re.compile(r"(-?)(\d{1,8})")
_DAYS_FIRST: Final = re.compile(r"(-?)(\d{1,8}):(\d{1,2}):(\d{1,2})")
_HOURS_MAX: Final = 23
_MINUTES_MAX: Final = 59


def parse_timespan(text: str) -> timedelta:
    """Return the duration; a seventh fractional digit (100 ns) is cut off.

    Raises ValueError when the text is not one or a part is out of range.
    """
    text = text.strip()
    if days := _DAYS.fullmatch(text):
        span = timedelta(days=int(days[2]))
        return -span if days[1] else span
    first = _DAYS_FIRST.fullmatch(text)
    if first and int(first[2]) > _HOURS_MAX:
        text = f"{first[1]}{first[2]}.{first[3]}:{first[4]}"
    match = _TIMESPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a TimeSpan such as 00:05:00 or 1.12:00:00")
    return _span(match, text)


def _span(match: re.Match[str], text: str) -> timedelta:
    hours, minutes = int(match["hours"]), int(match["minutes"])
    seconds = int(match["seconds"] or 0)
    if hours > _HOURS_MAX or minutes > _MINUTES_MAX or seconds > _MINUTES_MAX:
        raise ValueError(f"{text!r} has a part out of range; days are written as d.hh:mm:ss")
    microseconds = int((match["fraction"] or "").ljust(7, "0")) // 10
    span = timedelta(
        days=int(match["days"] or 0),
        hours=hours,
        minutes=minutes,
        seconds=seconds,
        microseconds=microseconds,
    )
    return -span if match["sign"] else span
