"""The inline constraints of ASP.NET Core route templates: `{id:int}`, `{code:length(4)}`.

Source: learn.microsoft.com/aspnet/core/fundamentals/routing, "Route constraints". All parse with
the invariant culture.
"""

import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Final

Constraint = Callable[[str], bool]

_INTEGER: Final = re.compile(r"\s*[+-]?\d{1,40}\s*", re.ASCII)
_NUMBER: Final = re.compile(r"\s*[+-]?(\d[\d,]*\.?\d*|\.\d+)\s*[+-]?\s*", re.ASCII)
_FLOAT: Final = re.compile(r"\s*[+-]?((\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*", re.ASCII)
_NOT_FINITE: Final = frozenset({"nan", "infinity", "-infinity", "+infinity", "∞", "-∞"})
_GUID: Final = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_ALPHA: Final = re.compile(r"[A-Za-z]*\n?")
_DATE_FORMATS: Final = (
    None, "%H:%M", "%b %d %Y", "%B %d %Y", "%m-%d-%Y", "%Y-%m-%d %I:%M%p", "%m-%d-%Y %I:%M%p", "%d %b %Y", "%d %B %Y",
)  # fmt: skip
"""None is ISO 8601."""
_MONTH_AND_DAY: Final = re.compile(r"(1[0-2]|0?[1-9])\.(3[01]|[12]\d|0?[1-9])")
_INT32_MAX: Final = 2**31 - 1
_INT64_MAX: Final = 2**63 - 1
_DECIMAL_MAX: Final = Decimal(2**96 - 1)


def constraint_of(text: str) -> Constraint:
    """Return the check for one constraint, such as `int` or `range(1,9)`.

    Raises ValueError when it is unknown or its arguments are wrong.
    """
    name, bracket, rest = text.partition("(")
    if not bracket:
        if name.lower() not in _PLAIN:
            raise ValueError(f"unknown route constraint {text!r}")
        return _PLAIN[name.lower()]
    if not rest.endswith(")"):
        raise ValueError(f"route constraint {text!r} lacks its closing bracket")
    return _with_arguments(name.lower(), rest[:-1], text)


def _with_arguments(name: str, argument: str, text: str) -> Constraint:
    if name == "regex":
        try:
            # .NET looks for a match anywhere, without regard to case.
            pattern = re.compile(argument, re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"route constraint {text!r}: {error}") from None
        return lambda value: pattern.search(value) is not None
    try:
        numbers = [int(item) for item in argument.split(",")]
    except ValueError:
        raise ValueError(f"route constraint {text!r} needs whole numbers") from None
    return _bounded(name, numbers, text)


def _bounded(  # noqa: PLR0911 - a line per constraint
    name: str, numbers: list[int], text: str
) -> Constraint:
    match name, numbers:
        case "length", [exact]:
            return _length(exact, exact)
        case "length", [low, high]:
            return _length(low, high)
        case "minlength", [low]:
            return _length(low, math.inf)
        case "maxlength", [high]:
            return _length(0, high)
        case "min", [low]:
            return partial(_is_within, low=low, high=_INT64_MAX)
        case "max", [high]:
            return partial(_is_within, low=-_INT64_MAX - 1, high=high)
        case "range", [low, high]:
            return partial(_is_within, low=low, high=high)
    raise ValueError(f"unknown route constraint {text!r}")


def _length(low: int, high: float) -> Constraint:
    return lambda value: low <= len(value.encode("utf-16-le", "surrogatepass")) // 2 <= high


def _is_within(value: str, low: int, high: int) -> bool:
    return _INTEGER.fullmatch(value) is not None and low <= int(value) <= high


def _is_guid(value: str) -> bool:
    text = value.strip()
    if text[:1] + text[-1:] in {"{}", "()"}:
        text = text[1:-1]
    return _GUID.fullmatch(text) is not None


def _is_datetime(value: str) -> bool:
    if _MONTH_AND_DAY.fullmatch(value):
        return True
    return any(_is_date(value.strip(), date_format) for date_format in _DATE_FORMATS)


def _is_date(text: str, date_format: str | None) -> bool:
    try:
        if date_format is None:
            datetime.fromisoformat(text)
        else:
            datetime.strptime(text, date_format)  # noqa: DTZ007 - only whether it parses
    except ValueError:
        return False
    return True


def _is_decimal(value: str) -> bool:
    if _NUMBER.fullmatch(value) is None:
        return False
    try:
        return Decimal(value.strip(" +-\t\r\n\v\f").replace(",", "")).copy_abs() <= _DECIMAL_MAX
    except InvalidOperation:
        return False


def _is_float(value: str) -> bool:
    return value.strip().lower() in _NOT_FINITE or _FLOAT.fullmatch(value) is not None


_PLAIN: Final[dict[str, Constraint]] = {
    "int": partial(_is_within, low=-_INT32_MAX - 1, high=_INT32_MAX),
    "long": partial(_is_within, low=-_INT64_MAX - 1, high=_INT64_MAX),
    "bool": lambda value: value.strip().lower() in {"true", "false"},
    "guid": _is_guid,
    "alpha": lambda value: _ALPHA.fullmatch(value) is not None,
    "datetime": _is_datetime,
    "decimal": _is_decimal,
    "double": _is_float,
    "float": _is_float,
    "required": bool,
}
