"""NCRONTAB, as far as a setting has to be checked.

A timer whose schedule does not parse is left out silently by the host: it runs, its health is
fine, and nothing ever sweeps (host-protocol 1.4). A schedule of five fields means something else.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

FIELDS: Final = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    (
        "month",
        1,
        12,
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    ),
    ("day of the week", 0, 6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
)
"""Name, least and greatest value, names of values."""

_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of the months."""

_PART: Final = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?")


def check_schedule(text: str, setting: str) -> str:
    """Return a schedule of six fields, from seconds to days of the week. Raises ValueError."""
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise ValueError(f"{setting} is {text!r}; a schedule has six fields, the first for seconds")
    for field, (name, least, most, names) in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            if not _is_valid(part, least, most, names):
                raise ValueError(
                    f"{setting} is {text!r}; its {name} {part!r} is not within {least} to {most}"
                )
    if not _names_a_day(fields[3], fields[4]):
        raise ValueError(f"{setting} is {text!r}, which is no day of any year")
    return text


def _names_a_day(days: str, months: str) -> bool:
    """Whether a month that is meant is as long as the first day that is meant."""
    longest = max(_LONGEST[each - 1] for each in _values(months, *FIELDS[4][1:]))
    return min(_values(days, *FIELDS[3][1:])) <= longest


def _values(field: str, least: int, most: int, names: Sequence[str]) -> Iterator[int]:
    """Return what a valid field names."""
    for part in field.split(","):
        match = _PART.fullmatch(part)
        assert match is not None
        first, last = (_value(each, names, least) for each in match.group(1, 2))
        begin = least if first is None else first
        end = last or (begin if first is not None and not match[3] else most)
        yield from range(begin, end + 1, int(match[3] or 1))


def _is_valid(part: str, least: int, most: int, names: Sequence[str]) -> bool:
    match = _PART.fullmatch(part)
    if match is None or match[3] == "0" * len(match[3] or "-"):
        return False
    first, last = (_value(each, names, least) for each in match.group(1, 2))
    if first is None:
        return match[1] is None
    if last is None:
        return match[2] is None and least <= first <= most
    return least <= first <= last <= most


def _value(text: str | None, names: Sequence[str], least: int) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        return int(text)
    short = text[:3].lower()
    return list(names).index(short) + least if short in names else None
