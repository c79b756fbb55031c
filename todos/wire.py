"""Requests and TODOs as JSON: bytes of a stranger in, checked values out.

What leaves here as a `TodoRequest` keeps every promise below; nothing is checked again later.
Standard library only, no I/O, and no word about statuses: other ways in use the same rules.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final
from urllib.parse import quote

from todos.model import ID_MAX, Todo, TodoRequest

PROJECT_ID_MAX: Final = 2_147_483_647
"""Signed 32 bit, as the ids of TODOs."""

TITLE_CHARACTERS_MAX: Final = 500
"""Code points after trimming: at most 2,000 bytes of UTF-8, far below any message limit."""

REQUEST_ID_CHARACTERS_MAX: Final = 255
"""Visible ASCII, so that it fits into a header, a URL and, escaped, into a row key of 1 KiB."""

BATCH_ITEMS_MAX: Final = 1_000

ERRORS_MAX: Final = 20
"""Errors told about one request; a stranger does not make us write a longer answer."""

NAME_CHARACTERS_MAX: Final = 100
"""How much of an unknown field's name is told back."""

DIGITS_MAX: Final = 20
"""Longer integers are out of every range here; converting 5,000 digits would be work for nothing."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

PATH_CHARACTERS: Final = "!$&'()*+,;=:@~"
"""What a URI fragment may hold as it is, besides letters and digits (RFC 3986, section 3.5)."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """Where, as a JSON Pointer in a URI fragment (`#/title`, `#/3/title`), and what is wrong."""

    pointer: str
    detail: str


class Invalid(Exception):
    """The bytes are not a request and never will be. Nothing happened."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(*errors)
        self.errors: tuple[FieldError, ...] = errors[:ERRORS_MAX]

    def __str__(self) -> str:
        """All errors in one line, for logs and dead letters."""
        return "; ".join(f"{each.pointer} {each.detail}" for each in self.errors)


def parse_request(body: bytes, request_id: str) -> TodoRequest:
    """Read `{"projectId", "title"}`; `request_id` was checked. Raises Invalid, with all errors."""
    project_id, title = _fields(_json(body), _REQUEST, "#")
    return TodoRequest(project_id, request_id, title)


def parse_payload(body: bytes, project_id: int, request_id: str) -> TodoRequest:
    """Read `{"title"}` where the address names the rest, which was checked. Raises Invalid."""
    (title,) = _fields(_json(body), _PAYLOAD, "#")
    return TodoRequest(project_id, request_id, title)


def parse_batch(body: bytes) -> list[TodoRequest | Invalid]:
    """Read 1 to `BATCH_ITEMS_MAX` of `{"projectId", "title", "requestId"}`, each on its own.

    Raises Invalid when it is not an array of that length; a bad item is Invalid in its place.
    """
    items = _json(body)
    if type(items) is not list:
        raise Invalid(FieldError("#", f"must be an array; it is {_kind(items)}"))
    if not 1 <= len(items) <= BATCH_ITEMS_MAX:
        detail = f"must have 1 to {BATCH_ITEMS_MAX} items; it has {len(items)}"
        raise Invalid(FieldError("#", detail))
    return [_item(item, f"#/{place}") for place, item in enumerate(items)]


def check_request_id(value: object) -> str:
    """Return it when it is 1 to 255 visible ASCII characters. Raises ValueError, saying why."""
    if type(value) is not str:
        raise ValueError(f"must be a string; it is {_kind(value)}")
    if not 1 <= len(value) <= REQUEST_ID_CHARACTERS_MAX:
        raise ValueError(
            f"must have 1 to {REQUEST_ID_CHARACTERS_MAX} characters; it has {len(value)}"
        )
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise ValueError("must consist of visible ASCII characters (U+0021 to U+007E)")
    return value


def check_project_id(value: object) -> int:
    """Return it when it is an integer from 1 to 2147483647. Raises ValueError, saying why."""
    # Not isinstance: true and false are ints to Python.
    if type(value) is int and 1 <= value <= PROJECT_ID_MAX:
        return value
    found = "out of range" if type(value) is int else _kind(value)
    raise ValueError(f"must be an integer from 1 to {PROJECT_ID_MAX}; it is {found}")


def check_title(value: object) -> str:
    """Return it without white space at both ends. Raises ValueError, saying why.

    Refused are: nothing left, more than 500 code points left, control characters (Unicode Cc)
    left, and half a surrogate pair, which no UTF-8 can hold. Line separators (U+2028) and all
    else that Unicode has are fine; nothing is normalised.
    """
    if type(value) is not str:
        raise ValueError(f"must be a string; it is {_kind(value)}")
    title = value.strip()
    if not 1 <= len(title) <= TITLE_CHARACTERS_MAX:
        raise ValueError(
            f"must have 1 to {TITLE_CHARACTERS_MAX} characters after trimming; it has {len(title)}"
        )
    if not title.isprintable():  # nearly always it is, and then it has nothing of the following
        _check_characters(title)
    return title


def todo_json(todo: Todo) -> dict[str, Any]:
    """Put the TODO into JSON, as everybody gets to see it."""
    return {"projectId": todo.project_id, "id": todo.id, **todo.payload()}


def parse_integer(text: str, least: int, most: int = ID_MAX) -> int:
    """Read an integer of an address: digits only, no sign, no leading zero, within bounds.

    Raises ValueError, saying why.
    """
    if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and str(int(text)) == text:
        value = int(text)
        if least <= value <= most:
            return value
    raise ValueError(f"must be an integer from {least} to {most}")


def _check_characters(title: str) -> None:
    for character in title:
        if character < " " or "\x7f" <= character <= "\x9f":
            raise ValueError(f"must not hold the control character U+{ord(character):04X}")
        if "\ud800" <= character <= "\udfff":
            raise ValueError(f"must not hold half a surrogate pair, U+{ord(character):04X}")


Check = Callable[[object], Any]
_PAYLOAD: Final[Mapping[str, Check]] = {"title": check_title}
_REQUEST: Final[Mapping[str, Check]] = {"projectId": check_project_id, **_PAYLOAD}
_ITEM: Final[Mapping[str, Check]] = {**_REQUEST, "requestId": check_request_id}


def _item(item: object, at: str) -> TodoRequest | Invalid:
    try:
        project_id, title, request_id = _fields(item, _ITEM, at)
    except Invalid as invalid:
        return invalid
    return TodoRequest(project_id, request_id, title)


def _fields(value: object, checks: Mapping[str, Check], at: str) -> list[Any]:
    """Check an object that has to have exactly these fields; return the values in their order."""
    if type(value) is _RepeatedNames:
        raise Invalid(
            *(FieldError(_pointer(at, each), "must not be there twice") for each in value.names)
        )
    if type(value) is not dict:
        raise Invalid(FieldError(at, f"must be an object; it is {_kind(value)}"))
    values: list[Any] = []
    errors: list[FieldError] = []
    for name, check in checks.items():
        if name not in value:
            errors.append(FieldError(f"{at}/{name}", "is missing"))
            continue
        try:
            values.append(check(value[name]))
        except ValueError as error:
            errors.append(FieldError(f"{at}/{name}", str(error)))
    if errors or len(value) != len(checks):
        unknown = [each for each in value if each not in checks]
        errors += [FieldError(_pointer(at, each), "is not a known field") for each in unknown]
        raise Invalid(*errors)
    return values


def _pointer(at: str, name: str) -> str:
    token = name[:NAME_CHARACTERS_MAX].replace("~", "~0").replace("/", "~1")
    return f"{at}/{quote(token, safe=PATH_CHARACTERS, errors='replace')}"


@dataclass(frozen=True, slots=True)
class _RepeatedNames:
    """Stands for an object that is refused wherever it is."""

    names: tuple[str, ...]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _RepeatedNames:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    times = Counter(name for name, _ in pairs)
    return _RepeatedNames(tuple(name for name in times if times[name] > 1))


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= DIGITS_MAX else 10**DIGITS_MAX


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
"""Lets NaN and Infinity through as floats: no field here takes a float."""


def _json(body: bytes) -> Any:
    if not body:
        # Azure hands over no body at all when there is no Content-Length.
        raise Invalid(FieldError("#", "is empty; it must be JSON, sent with a Content-Length"))
    if body.startswith(BYTE_ORDER_MARK):
        raise Invalid(FieldError("#", "must not begin with a byte order mark"))
    try:
        return _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        raise Invalid(FieldError("#", f"is not UTF-8 at byte {error.start}")) from None
    except json.JSONDecodeError as error:
        detail = f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise Invalid(FieldError("#", detail)) from None
    except RecursionError:
        raise Invalid(FieldError("#", "is nested too deeply")) from None


def _kind(value: object) -> str:
    if type(value) is float and not isfinite(value):
        return "not a finite number"
    return _KINDS.get(type(value), "an object")


_KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number with a fraction or an exponent",
    str: "a string",
    list: "an array",
}
