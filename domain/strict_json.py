"""JSON of a stranger, read once and strictly; JSON of ours, written in one way only.

What no library refuses is refused here: repeated names, integers of any length, NaN, a byte order
mark. Repeated names and NaN come through as values that no shape takes, so that the one who reads
the shape can say where they were.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any, Final

import msgspec

from domain.invalid import ERRORS_MAX, FieldError, Invalid
from domain.sizes import BATCH_ITEMS_MAX, BODY_BYTES_MAX, DIGITS_MAX

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RepeatedNames:
    """Stands for an object that is refused wherever it is."""

    names: tuple[str, ...]


def read(body: bytes) -> Any:
    """Read one value of at most `BODY_BYTES_MAX`. Raises Invalid."""
    if len(body) > BODY_BYTES_MAX:
        detail = f"must have at most {BODY_BYTES_MAX} bytes; it has {len(body)}"
        raise Invalid(FieldError("#", detail))
    text = _text(body)
    value, end = _value(text, text, _skip(text, 0), 0)
    _end(text, _skip(text, end))
    return value


def read_items(body: bytes) -> Iterator[Any]:
    """Read the items of an array one by one, so that nobody has to wait for all of them.

    Raises Invalid, at any item, when the whole is not an array of 1 to `BATCH_ITEMS_MAX` items of
    at most `BODY_BYTES_MAX` characters.
    """
    text = _text(body)
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise Invalid(FieldError("#", f"must be an array; it is {_kind_at(text, at)}"))
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        raise Invalid(FieldError("#", f"must have 1 to {BATCH_ITEMS_MAX} items; it has 0"))
    for count in range(BATCH_ITEMS_MAX):
        value, end = _value(text, text[at : at + BODY_BYTES_MAX], 0, at, f"#/{count}")
        yield value
        at = _skip(text, end)
        if text[at : at + 1] == "]":
            _end(text, _skip(text, at + 1))
            return
        if text[at : at + 1] != ",":
            raise _not_json(text, "Expecting ',' delimiter", at)
        at = _skip(text, at + 1)
    raise Invalid(FieldError("#", f"must have 1 to {BATCH_ITEMS_MAX} items; it has more"))


def canonical(value: Any) -> str:
    """Write a value of JSON: no white space, members of maps in order of their names."""
    return msgspec.json.encode(value).decode()


def quoted(value: object) -> str:
    """Show a value of JSON within a sentence."""
    return json.dumps(value, ensure_ascii=False)


def kind(value: object) -> str:
    """Say what a value of JSON is."""
    if type(value) is float and not isfinite(value):
        return "not a finite number"
    return _KINDS.get(type(value), "an object")


_KINDS: Final = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number with a fraction or an exponent",
    str: "a string",
    list: "an array",
}


def _text(body: bytes) -> str:
    if not body:
        # Azure hands over no body at all when there is no Content-Length.
        raise Invalid(FieldError("#", "is empty; it must be JSON, sent with a Content-Length"))
    if body.startswith(BYTE_ORDER_MARK):
        raise Invalid(FieldError("#", "must not begin with a byte order mark"))
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(FieldError("#", f"is not UTF-8 at byte {error.start}")) from None


def _value(whole: str, part: str, at: int, offset: int, pointer: str = "#") -> tuple[Any, int]:
    """Read the value at `at` of `part`, which begins at `offset` of `whole`; and where it ends."""
    try:
        value, end = _DECODER.raw_decode(part, at)
    except json.JSONDecodeError as error:
        if len(part) < len(whole) - offset and len(part) == BODY_BYTES_MAX:
            raise _too_large(pointer) from None
        raise _not_json(whole, error.msg, offset + error.pos) from None
    except RecursionError:
        raise Invalid(FieldError(pointer, "is nested too deeply")) from None
    return value, offset + end


def _too_large(pointer: str) -> Invalid:
    detail = f"is not JSON within {BODY_BYTES_MAX} characters, the most that an item may have"
    return Invalid(FieldError(pointer, detail))


def _kind_at(text: str, at: int) -> str:
    """Say what the value at a place is, by its first character; refuse what is none."""
    first = text[at : at + 1]
    if first == "{":
        return "an object"
    return kind(_value(text, text[at : at + BODY_BYTES_MAX], 0, at)[0])


def _end(text: str, at: int) -> None:
    if at != len(text):
        raise _not_json(text, "Extra data", at)


def _not_json(text: str, why: str, at: int) -> Invalid:
    place = json.JSONDecodeError(why, text, at)
    detail = f"is not JSON: {why} (line {place.lineno}, column {place.colno})"
    return Invalid(FieldError("#", detail))


_SPACE: Final = re.compile(r"[ \t\n\r]*")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | RepeatedNames:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    times = Counter(name for name, _ in pairs)
    repeated = (name for name in times if times[name] > 1)
    return RepeatedNames(tuple(islice(repeated, ERRORS_MAX)))


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= DIGITS_MAX else 10**DIGITS_MAX


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
"""Lets NaN and Infinity through as floats, which no shape takes."""
