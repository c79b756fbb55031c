"""Rows of Table Storage: what the keys are, which columns hold what. Pure, no SDK.

    table         PartitionKey  RowKey                      columns
    log           key           `t` + place, 10 digits      requestId, output, refused, version,
                                                            mark
    log           key           `thead`, behind all those   place, state, v
    log           key           `r` + key of the request id requestId, place, payload, output,
                                                            refused, version
    inbox         key           key of the request id       requestId, payload, acceptedAt
    publications  key           `cursor`                    place, trail
    publications  `~m` + digit  partition of the key        setAt
    publications  `~sweep`      `last`                      sweptAt

`payload`, `output` and `state` are JSON texts; the service adds a `Timestamp`: when a row was
written last. A key of harmless characters is its own partition;
any other one is hashed, and its rows have it in a column `key`.

Rows are for ever. A format that changes what a column means, or does without one, gets the next
number, and its rows a column `v` that says so; without one it is 1. A row of a format that is not
known is never guessed at: reading it fails (`docs/decisions/0017`).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

from store.ports.inbox import Waiting
from store.ports.records import ERASED, Answered, Entry, Head, Request, Unreadable
from store.tables.answers import ETAG
from store.tables.requests import Row

FORMAT: Final = 1

HEAD_KEY: Final = "thead"

ENTRY_PREFIX: Final = "t"

REQUEST_PREFIX: Final = "r"

CURSOR_KEY: Final = "cursor"

HEALTH_PARTITION: Final = "~health"
"""Of the rows that the check of the health writes; neither a key nor a hash of one."""

SWEEP_PARTITION: Final = "~sweep"
SWEEP_KEY: Final = "last"
"""The row that says when the last sweep ended."""

MARKER_PARTITIONS: Final = 16
"""Few enough to be listed in one query, and enough for the appends of a busy app, which write one
marker each: a partition takes about 2,000 writes a second."""

PARTITION_CHARACTERS_MAX: Final = 64
REQUEST_CHARACTERS_MAX: Final = 100
"""Keys and request ids up to these lengths can be their own PartitionKey and RowKey. Azure takes
512 UTF-16 units, but a point read has both in one segment of its URL, and 260 characters is where
HTTP.sys stops by default and where emulators were seen to stop (azure-sdk-for-net issue 17653)."""

_PARTITION = re.compile(rf"[0-9A-Za-z._-]{{1,{PARTITION_CHARACTERS_MAX}}}")
_REQUEST = re.compile(rf"[0-9A-Za-z._-]{{1,{REQUEST_CHARACTERS_MAX}}}")


def partition_of(key: str) -> str:
    """Return the partition of a key, the same in all tables; no other key has it."""
    return key if _PARTITION.fullmatch(key) else f"~{_hash(key)}"


def request_key(request_id: str) -> str:
    """Return a key that only this request id has, of characters that no URL has to escape.

    Ids of harmless characters (a UUID, say) stay readable, behind a dot. Any other, and any
    longer one, becomes `_` and its SHA-256 in hexadecimal. Two ids that share a hash would take
    the work of 2^128 attempts to find; `answered_of` and `request_of` notice even then.
    """
    return f".{request_id}" if _REQUEST.fullmatch(request_id) else f"_{_hash(request_id)}"


def entry_key(place: int) -> str:
    """Return the key of the row of an entry; keys sort as places do, and before `HEAD_KEY`."""
    return f"{ENTRY_PREFIX}{place:010d}"


def logged_key(request_id: str) -> str:
    """Return the key of a request row in the log."""
    return REQUEST_PREFIX + request_key(request_id)


def marker_partition(key: str) -> str:
    """Return one of the partitions of markers, the same for the same key always."""
    return f"~m{int(_hash(key), 16) % MARKER_PARTITIONS:x}"


def row(key: str, row_key: str, columns: Mapping[str, Any]) -> Row:
    """Return a row in the partition of a key; columns that are None are left out."""
    partition = partition_of(key)
    own = {} if partition == key else {"key": key}
    there = {name: value for name, value in columns.items() if value is not None}
    return {"PartitionKey": partition, "RowKey": row_key, **own, **there}


def head_row(key: str, head: Head) -> Row:
    """Return the row that says where the log of a key ends."""
    return row(key, HEAD_KEY, {"place": head.place, "state": head.state, "v": FORMAT})


def entry_row(key: str, entry: Entry, mark: str | None = None) -> Row:
    """Return the row that is the entry."""
    return row(key, entry_key(entry.place), {**_made(entry), "mark": mark})


def answered_row(key: str, answered: Answered) -> Row:
    """Return the row that says which entry answers a request."""
    columns = {"place": answered.entry.place, "payload": answered.payload, **_made(answered.entry)}
    return row(key, logged_key(answered.entry.request_id), columns)


def inbox_row(request: Request, accepted_at: datetime) -> Row:
    """Return the row of an accepted request."""
    columns = {"requestId": request.id, "payload": request.payload, "acceptedAt": accepted_at}
    return row(request.key, request_key(request.id), columns)


def key_of(row: Mapping[str, Any]) -> str:
    """Return the key whose row it is."""
    return str(row.get("key", row["PartitionKey"]))


def head_of(row: Mapping[str, Any]) -> Head:
    """Take the head out of its row. Raises Unreadable."""
    with readable(row):
        state = None if row.get("state") is None else text(row, "state")
        return Head(whole(row, "place"), state, str(row[ETAG]))


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Take the entry out of its row. Raises Unreadable."""
    with readable(row):
        return _entry(row, int(row["RowKey"].removeprefix(ENTRY_PREFIX)))


def answered_of(row: Mapping[str, Any]) -> Answered:
    """Take what answers a request out of its row. Raises Unreadable."""
    with readable(row):
        answered = Answered(_entry(row, whole(row, "place")), text(row, "payload"))
        _check_owner(row, logged_key(answered.entry.request_id))
        return answered


def waiting_of(row: Mapping[str, Any]) -> Waiting:
    """Take the request out of an inbox row. Raises Unreadable."""
    with readable(row):
        request = Request(key_of(row), text(row, "requestId"), text(row, "payload"))
        _check_owner(row, request_key(request.id))
        return Waiting(request, accepted_at_of(row))


def accepted_at_of(row: Mapping[str, Any]) -> datetime:
    """Take out of an inbox row when it was put. Raises TypeError when it does not say."""
    at = row.get("acceptedAt")
    if not isinstance(at, datetime):
        raise TypeError("acceptedAt is not a time")
    return at


@contextmanager
def readable(row: Mapping[str, Any]) -> Iterator[None]:
    """Raise Unreadable when a newer release wrote the row, or it is damaged."""
    where = f"row {row.get('PartitionKey')}/{row.get('RowKey')}"
    version = row.get("v", FORMAT)
    if type(version) is not int or version != FORMAT:
        raise Unreadable(f"{where} has format {version!r}; this release knows {FORMAT} only")
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise Unreadable(f"{where} is damaged: {type(error).__name__}: {error}") from error


def whole(row: Mapping[str, Any], column: str) -> int:
    """Return an integer that is one, so no boolean. Raises KeyError and TypeError."""
    value = row[column]
    if type(value) is not int:
        raise TypeError(f"{column} is not an integer")
    return value


def text(row: Mapping[str, Any], column: str) -> str:
    """Return text that is text. Raises KeyError and TypeError."""
    value = row[column]
    if not isinstance(value, str):
        raise TypeError(f"{column} is not text")
    return value


def _made(entry: Entry) -> Row:
    return {
        "requestId": entry.request_id,
        "output": entry.output,
        "refused": entry.refused,
        "version": entry.version,
    }


def _entry(row: Mapping[str, Any], place: int) -> Entry:
    refused = row["refused"]
    if not isinstance(refused, bool):
        raise TypeError("refused is not a boolean")
    output, version = text(row, "output"), whole(row, "version")
    mark = text(row, "mark") if "mark" in row else ""
    logged_at = _written_at(row) if mark and output != ERASED else None
    return Entry(place, text(row, "requestId"), version, output, refused, mark, logged_at)


def _written_at(row: Mapping[str, Any]) -> datetime | None:
    """When the service wrote the row last, which does not say its type; None if it says nothing."""
    at = row.get("Timestamp")
    if isinstance(at, str):
        with suppress(ValueError):
            return datetime.fromisoformat(at)
    return at if isinstance(at, datetime) else None


def _check_owner(row: Mapping[str, Any], row_key: str) -> None:
    """A row whose content belongs under another key is not an answer to a look for it."""
    if row["RowKey"] != row_key:
        raise ValueError(f"request id {row['requestId']!r} belongs under {row_key}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
