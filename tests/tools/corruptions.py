"""Ways to break a store behind its back, and the rows that an audit has to name for each.

The project holds TODOs 1 to 5 of the requests `request-1` to `request-5`, published up to 5.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from azure.data.tables import TableServiceClient, UpdateMode

from store import rows
from store.port import Entry
from todos import Todo

PROJECT: Final = 7


@dataclass(frozen=True)
class Corruption:
    """Statements (or operations), and the keys of the rows that are at fault."""

    how: Sequence[Any]
    found: frozenset[str]
    project: str = str(PROJECT)


def _sql(*statements: str, found: Sequence[str], project: str = str(PROJECT)) -> Corruption:
    return Corruption(statements, frozenset(found), project)


SQLITE: Final[Mapping[str, Corruption]] = {
    "hole": _sql(
        "DELETE FROM todo WHERE project = 7 AND id = 3",
        "DELETE FROM request WHERE project = 7 AND id = 3",
        found=["todo 4"],
    ),
    "first one gone": _sql(
        "DELETE FROM todo WHERE project = 7 AND id < 3",
        "DELETE FROM request WHERE project = 7 AND id < 3",
        found=["todo 3"],
    ),
    "id 0": _sql(
        """INSERT INTO todo VALUES (7, 0, '{"title": "0"}', 'zero')""",
        "INSERT INTO request VALUES (7, 'zero', 0)",
        found=["todo 0", "request 'zero'"],
    ),
    "id that is no number": _sql(
        "UPDATE todo SET id = 'three' WHERE project = 7 AND id = 3",
        found=["todo 'three'", "todo 4", "request 'request-3'"],
    ),
    "content that cannot be read": _sql(
        "UPDATE todo SET payload = 'milk' WHERE project = 7 AND id = 3",
        found=["todo 3", "todo 4", "request 'request-3'"],
    ),
    "TODO row without request row": _sql(
        "DELETE FROM request WHERE project = 7 AND id = 2", found=["todo 2"]
    ),
    "request row without TODO row": _sql(
        "INSERT INTO request VALUES (7, 'late', 2147483000)", found=["request 'late'"]
    ),
    "request row of a TODO row that is gone": _sql(
        "DELETE FROM todo WHERE project = 7 AND id = 2", found=["todo 3", "request 'request-2'"]
    ),
    "request row for another TODO": _sql(
        "UPDATE request SET id = 4 WHERE project = 7 AND request_id = 'request-2'",
        found=["todo 2", "request 'request-2'"],
    ),
    "two request rows for one TODO": _sql(
        "INSERT INTO request VALUES (7, 'again', 2)", found=["request 'again'"]
    ),
    "one request with two TODOs": _sql(
        "UPDATE todo SET request_id = 'request-2' WHERE project = 7 AND id = 4",
        found=["todo 4", "request 'request-4'"],
    ),
    "two request rows exchanged": _sql(
        "UPDATE request SET id = 5 - id WHERE project = 7 AND id IN (2, 3)",
        found=["todo 2", "todo 3", "request 'request-2'", "request 'request-3'"],
    ),
    "head too low": _sql(
        "UPDATE head SET state = '3' WHERE project = 7",
        found=["todo 5", "request 'request-5'", "cursor"],
    ),
    "head too high": _sql("UPDATE head SET state = '6' WHERE project = 7", found=["head"]),
    "no head": _sql(
        "DELETE FROM head WHERE project = 7", found=["todo 5", "request 'request-5'", "cursor"]
    ),
    "head that cannot be read": _sql(
        "UPDATE head SET state = 'five' WHERE project = 7", found=["head"]
    ),
    "head that is no id": _sql("UPDATE head SET state = '-1' WHERE project = 7", found=["head"]),
    "head that cannot be read, and a hole": _sql(
        "UPDATE head SET state = '5.0' WHERE project = 7",
        "DELETE FROM todo WHERE project = 7 AND id = 3",
        found=["head", "todo 4", "request 'request-3'"],
    ),
    "cursor ahead": _sql("UPDATE published SET last = 6 WHERE project = 7", found=["cursor"]),
    "cursor that cannot be read": _sql(
        "UPDATE published SET last = 'all' WHERE project = 7", found=["cursor"]
    ),
    "inbox row that cannot be read": _sql(
        "INSERT INTO inbox VALUES (7, 'x', '{}', 0)", found=["inbox 'x'"]
    ),
    "project that is none": _sql(
        """INSERT INTO todo VALUES (0, 1, '{"title": "0"}', 'x')""", found=["all"], project="0"
    ),
}


def _todo(todo_id: int, request_id: str, title: str = "Buy milk") -> Entry:
    return Entry(request_id, Todo(PROJECT, todo_id, title))


def _put(row: Mapping[str, Any], table: str = "todos") -> tuple[str, str, dict[str, Any]]:
    return ("put", table, dict(row))


def _delete(key: str) -> tuple[str, str, dict[str, Any]]:
    return ("delete", "todos", {"PartitionKey": str(PROJECT), "RowKey": key})


def _head(state: object) -> tuple[str, str, dict[str, Any]]:
    return _put({**rows.head_row(PROJECT, 0), "state": json.dumps(state)})


def _cursor(last: object) -> tuple[str, str, dict[str, Any]]:
    return _put({"PartitionKey": str(PROJECT), "RowKey": "cursor", "last": last}, "publishing")


def _rows(
    *operations: tuple[str, str, dict[str, Any]],
    found: Sequence[str],
    project: str = str(PROJECT),
) -> Corruption:
    return Corruption(operations, frozenset(found), project)


_LOGGED: Final = _todo(2, "request-2", "TODO of 2")

TABLES: Final[Mapping[str, Corruption]] = {
    "hole": _rows(_delete("t0000000003"), _delete("r.request-3"), found=["t0000000004"]),
    "id 0": _rows(
        _put(rows.todo_row(_todo(0, "zero"))),
        _put(rows.logged_row(_todo(0, "zero"))),
        found=["t0000000000", "r.zero"],
    ),
    "doubled id with other padding": _rows(
        _put({**rows.todo_row(_todo(3, "request-3", "TODO of 3")), "RowKey": "t3"}), found=["t3"]
    ),
    "changed title": _rows(
        _put(rows.todo_row(_todo(2, "request-2", "other"))), found=["t0000000002"]
    ),
    "title that is no text": _rows(
        _put({**rows.todo_row(_LOGGED), "title": 42}),
        found=["t0000000002", "t0000000003", "r.request-2"],
    ),
    "TODO row without request row": _rows(_delete("r.request-2"), found=["t0000000002"]),
    "request row without TODO row": _rows(
        _put(rows.logged_row(_todo(9, "late"))), found=["r.late"]
    ),
    "request row of a TODO row that is gone": _rows(
        _delete("t0000000005"), found=["head", "r.request-5"]
    ),
    "request row for another TODO": _rows(
        _put({**rows.logged_row(_LOGGED), "id": 4}), found=["t0000000002", "r.request-2"]
    ),
    "request row with an id that is no number": _rows(
        _put({**rows.logged_row(_LOGGED), "id": "2"}), found=["t0000000002", "r.request-2"]
    ),
    "request row under the key of another": _rows(
        _put({**rows.logged_row(_LOGGED), "RowKey": "r.someone"}), found=["r.someone"]
    ),
    "two request rows for one TODO": _rows(
        _put(rows.logged_row(_todo(2, "again", "TODO of 2"))), found=["r.again"]
    ),
    "one request with two TODOs": _rows(
        _put(rows.todo_row(_todo(4, "request-2", "TODO of 4"))),
        found=["t0000000004", "r.request-4"],
    ),
    "head too low": _rows(_head(3), found=["t0000000005", "r.request-5", "cursor"]),
    "head too high": _rows(_head(6), found=["head"]),
    "no head": _rows(_delete("head"), found=["t0000000005", "r.request-5", "cursor"]),
    "head that cannot be read": _rows(_head("five"), found=["head"]),
    "head that is no id": _rows(_head(2**31), found=["head"]),
    "cursor ahead": _rows(_cursor(6), found=["cursor"]),
    "cursor that cannot be read": _rows(_cursor("all"), found=["cursor"]),
    "foreign row": _rows(
        _put({"PartitionKey": str(PROJECT), "RowKey": "note", "text": "hello"}), found=["note"]
    ),
    "inbox row under the key of another": _rows(
        _put(
            {"PartitionKey": str(PROJECT), "RowKey": ".a", "requestId": "b", "title": "x"}, "inbox"
        ),
        found=[".a"],
    ),
    "project with other padding": _rows(
        _put({**rows.head_row(PROJECT, 0), "PartitionKey": "007"}), found=["all"], project="007"
    ),
    "cursor of a project without a log": _rows(
        _put({"PartitionKey": "9", "RowKey": "cursor", "last": 1}, "publishing"),
        found=["cursor"],
        project="9",
    ),
}


def corrupt_file(path: Path, corruption: Corruption) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in corruption.how:
            assert db.execute(statement).rowcount > 0, statement


def corrupt_tables(account: str, corruption: Corruption) -> None:
    with TableServiceClient.from_connection_string(account) as service:
        for operation, name, row in corruption.how:
            table = service.get_table_client(name)
            if operation == "put":
                table.upsert_entity(row, UpdateMode.REPLACE)
            else:
                table.get_entity(row["PartitionKey"], row["RowKey"])
                table.delete_entity(row)
