"""Rows of Table Storage: what the keys are, which columns hold what. Pure, no SDK.

    table   PartitionKey  RowKey                       columns
    todos   project id    `head`                       state (JSON)
    todos   project id    `t` + id, 10 digits          the payload of the TODO, requestId
    todos   project id    `r` + key of the request id  the payload of the TODO, requestId, id
    inbox   project id    key of the request id        the payload of the request, requestId,
                                                       acceptedAt

A payload has a column, of type string, for each of its keys; so a payload must keep clear of
the names in `OWN_COLUMNS`.

Rows are for ever, so readers take every format there ever was. A format that changes what a
column means, or does without one, gets the next number, and its rows a column `v` that says so.
Those of format 1 have none: it would cost bytes in each, and says nothing yet. A row of a format
that is not known is never guessed at: whoever reads it fails (`docs/decisions/0017`).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from store.port import Entry
from todos import Todo, TodoRequest

FORMATS_KNOWN: Final = (None, 1)
"""What `v` may say, when it is there at all."""

HEAD_KEY: Final = "head"

TODO_PREFIX: Final = "t"

REQUEST_PREFIX: Final = "r"

KEPT_CHARACTERS_MAX: Final = 200
"""Request ids up to this length can be their own key. Azure takes keys of 512 UTF-16 units, but a
point read has both keys in one segment of its URL, and 260 characters is where HTTP.sys stops by
default and where emulators were seen to stop (azure-sdk-for-net issue 17653)."""

OWN_COLUMNS: Final = frozenset(
    {"PartitionKey", "RowKey", "Timestamp", "requestId", "id", "acceptedAt", "state", "v"}
)

Row = dict[str, Any]

_KEPT = re.compile(rf"[0-9A-Za-z._-]{{1,{KEPT_CHARACTERS_MAX}}}")


def partition_of(project_id: int) -> str:
    """Return the partition of a project, the same in both tables."""
    return str(project_id)


def request_key(request_id: str) -> str:
    """Return a key that only this request id has, at most 201 characters, letters to Azure.

    Ids of harmless characters (a UUID, say) stay readable, behind a dot. Any other, and any
    longer one, becomes `_` and its SHA-256 in hexadecimal: a key has 512 units, half of them
    taken by the escapes that `/`, `%` or an emoji would need, and Azure, its emulators and the
    SDKs do not agree on what to do with such characters in a URL. Two ids that share a hash
    would take the work of 2^128 attempts to find; `check_owner` notices even then.
    """
    if _KEPT.fullmatch(request_id):
        return f".{request_id}"
    return f"_{hashlib.sha256(request_id.encode()).hexdigest()}"


def todo_key(todo_id: int) -> str:
    """Return the key of a TODO row; keys sort as ids do."""
    return f"{TODO_PREFIX}{todo_id:010d}"


def logged_key(request_id: str) -> str:
    """Return the key of a request row in the log."""
    return REQUEST_PREFIX + request_key(request_id)


def head_row(project_id: int, state: int) -> Row:
    """Return the row that says where the log of a project ends."""
    return _row(project_id, HEAD_KEY) | {"state": json.dumps(state)}


def todo_row(entry: Entry) -> Row:
    """Return the row that is the TODO."""
    todo = entry.todo
    columns = {**_checked(todo.payload()), "requestId": entry.request_id}
    return _row(todo.project_id, todo_key(todo.id)) | columns


def logged_row(entry: Entry) -> Row:
    """Return the row that says which TODO answers a request."""
    todo = entry.todo
    columns = {**_checked(todo.payload()), "requestId": entry.request_id, "id": todo.id}
    return _row(todo.project_id, logged_key(entry.request_id)) | columns


def inbox_row(request: TodoRequest, accepted_at: datetime) -> Row:
    """Return the row of an accepted request."""
    columns = {
        **_checked(request.payload()),
        "requestId": request.request_id,
        "acceptedAt": accepted_at,
    }
    return _row(request.project_id, request_key(request.request_id)) | columns


def check_format(row: Mapping[str, Any]) -> None:
    """Raise ValueError when a newer release wrote the row, and this one cannot know what it says."""
    version = row.get("v")
    if version not in FORMATS_KNOWN or version is True:
        raise ValueError(f"row {row['RowKey']} has format {version!r}; this release knows 1 only")


def state_of(row: Mapping[str, Any]) -> int:
    """Take the state out of a head row. Raises KeyError or ValueError when it is none."""
    check_format(row)
    state: int = json.loads(row["state"])
    return state


def todo_of(row: Mapping[str, Any]) -> Todo:
    """Take the TODO out of its row. Raises KeyError or ValueError when it is none."""
    check_format(row)
    return Todo.of(_project_of(row), int(row["RowKey"][len(TODO_PREFIX) :]), _payload_of(row))


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Take the TODO and its request out of a TODO row. Raises as `todo_of` does."""
    return Entry(row["requestId"], todo_of(row))


def answer_of(row: Mapping[str, Any]) -> Todo:
    """Take the TODO out of a request row. Raises KeyError or ValueError when it is none."""
    check_format(row)
    return Todo.of(_project_of(row), int(row["id"]), _payload_of(row))


def request_of(row: Mapping[str, Any]) -> TodoRequest:
    """Take the request out of an inbox row. Raises KeyError or ValueError when it is none."""
    check_format(row)
    return TodoRequest.of(_project_of(row), row["requestId"], _payload_of(row))


def accepted_at_of(row: Mapping[str, Any]) -> datetime:
    """Take out of an inbox row when it was put. Raises KeyError when it does not say."""
    at: datetime = row["acceptedAt"]
    return at


def check_owner(row: Mapping[str, Any], request_id: str) -> None:
    """Raise ValueError when the row is that of another request id with the same key."""
    if row["requestId"] != request_id:
        raise ValueError(f"row {row['RowKey']} belongs to request id {row['requestId']!r}")


def _row(project_id: int, row_key: str) -> Row:
    return {"PartitionKey": partition_of(project_id), "RowKey": row_key}


def _project_of(row: Mapping[str, Any]) -> int:
    return int(row["PartitionKey"])


def _payload_of(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name not in OWN_COLUMNS}


def _checked(payload: Mapping[str, str]) -> Mapping[str, str]:
    assert OWN_COLUMNS.isdisjoint(payload), f"column taken: {OWN_COLUMNS.intersection(payload)}"
    return payload
