"""Answers of Table Storage: rows, ETags, and why it refused. Pure."""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from store.tables.requests import Row

ETAG: Final = "odata.etag"
"""The column of a row that was read which guards its next change."""

TYPE: Final = "@odata.type"

ACCEPTED: Final = 202

_DECODED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "Edm.DateTime": datetime.fromisoformat,
    "Edm.Binary": base64.b64decode,
    "Edm.Int64": int,
}

_PART = re.compile(
    rb"HTTP/1\.1 (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n(.*?)(?=\r\n--|\Z)", re.DOTALL
)

_ETAG_HEADER = re.compile(rb"^ETag: *(\S.*?)\r?$", re.MULTILINE | re.IGNORECASE)

_XML_CODE = re.compile(rb"<(?:m:)?code[^>]*>(\w+)<", re.IGNORECASE)

_INDEX = re.compile(r"(\d+):")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, or the part of one that belongs to an operation of a transaction."""

    status: int
    etag: str | None
    body: bytes
    code: str = ""
    """Of the error, as the header names it."""

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP


class Refused(Exception):
    """The service did not do as it was asked."""

    def __init__(self, status: int, code: str, index: int = 0) -> None:
        """`code` is the service's own; `index` the operation of the transaction at fault."""
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.index = index


def parts_of(answer: Answer, count: int) -> Sequence[Answer]:
    """Return the answers to the operations of a transaction. Raises Refused and ValueError.

    ValueError when they are not `count` or cannot be taken apart: what was done is unknown.
    """
    if answer.status != ACCEPTED:
        raise refusal(answer)
    parts = [_part(found) for found in _PART.finditer(answer.body)]
    for each in parts:
        if not each.ok:
            raise refusal(each)
    if len(parts) != count:
        raise ValueError(f"{len(parts)} answers to {count} operations")
    return parts


def refusal(answer: Answer) -> Refused:
    """Return why the answer is none that was hoped for."""
    code, message = _error(answer.body)
    index = _INDEX.match(message)
    return Refused(answer.status, code or answer.code or "None", int(index[1]) if index else 0)


def row_of(body: bytes) -> Row:
    """Return the one row of an answer. Raises TypeError or ValueError when it is none."""
    return _decoded(_loaded(body))


def rows_of(body: bytes) -> list[Row]:
    """Return the rows of a page. Raises TypeError or ValueError when it is none."""
    rows = _loaded(body).get("value")
    if not isinstance(rows, list):
        raise TypeError("a page without rows")
    return [_decoded(row) for row in rows]


def _part(found: re.Match[bytes]) -> Answer:
    etag = _ETAG_HEADER.search(found[2])
    return Answer(int(found[1]), etag[1].decode() if etag else None, found[3])


def _loaded(body: bytes) -> dict[str, Any]:
    content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError("an answer that is not an object")
    return content


def _decoded(content: Mapping[str, Any]) -> Row:
    """Take the columns out of JSON; one that cannot be read stays as it is."""
    row = {name: value for name, value in content.items() if not name.endswith(TYPE)}
    for name, kind in content.items():
        if name.endswith(TYPE) and kind in _DECODED:
            column = name.removesuffix(TYPE)
            with suppress(ValueError, LookupError, TypeError):
                row[column] = _DECODED[kind](content[column])
    return row


def _error(body: bytes) -> tuple[str, str]:
    """Return the code and the message of an error; both may be empty."""
    try:
        error = _loaded(body)["odata.error"]
        return str(error["code"]), str(error["message"]["value"])
    except (ValueError, LookupError, TypeError):
        found = _XML_CODE.search(body)
        return (found[1].decode() if found else ""), ""
