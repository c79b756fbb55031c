"""Reads a store file for an audit, through a connection that cannot write.

A page is a statement, and sees one state of the file; the next page may see a later one. No
transaction is held over pages: it would keep the app from shortening its write-ahead log. What a
killed app has left in that log is seen. SQLite itself makes the files `-wal` and `-shm` beside the
store when they are missing; they hold nothing.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from store.audit_port import Damaged, InboxRow, Kind, LogRow
from store.exact import text, whole
from store.port import Unknown
from store.sqlite_file import BUSY_TIMEOUT_SECONDS
from store.sqlite_format import FORMAT, FormatError

PAGE_ROWS: Final = 1_000

_REQUESTS: Final = (
    "SELECT request.request_id, request.id, todo.payload"
    " FROM request LEFT JOIN todo USING (project, id) WHERE request.project = ?"
)
_TODOS: Final = "SELECT id, request_id, payload FROM todo WHERE project = ?"

T = TypeVar("T")


class SqliteAudit:
    """As `store.audit_port.AuditReader` says. The key of a row names its table too."""

    def __init__(self, path: Path) -> None:
        """Read `path`. Raises Unknown when it is not there, or not a store of this version."""
        self._path = path
        self.name = str(path.absolute())
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro",
                uri=True,
                timeout=BUSY_TIMEOUT_SECONDS,
                isolation_level=None,
            )
        except sqlite3.Error as error:
            raise Unknown(f"{path}: {error}") from error
        try:
            self._format = self._check_format()
        except Unknown:
            self._db.close()
            raise

    async def partitions(self, after: str = "") -> AsyncIterator[str]:
        """As the port says, in the order of their numbers; those of the first moment."""
        tables = ["head", "todo", "request", "inbox", *self._published()]
        sql = " UNION ".join(f"SELECT project FROM {each}" for each in tables)  # noqa: S608
        for (project,) in self._read(f"{sql} ORDER BY project"):
            if after and isinstance(project, int) and project <= int(after):
                continue
            yield str(project)

    async def head(self, project_id: int) -> int | Damaged | None:
        """As the port says."""
        for (state,) in self._read("SELECT state FROM head WHERE project = ?", project_id):
            return _or_damaged("head", partial(_state, state))
        return None

    async def cursor(self, project_id: int) -> int | Damaged | None:
        """As the port says."""
        for table in self._published():
            sql = f"SELECT last FROM {table} WHERE project = ?"  # noqa: S608
            for (last,) in self._read(sql, project_id):
                return _or_damaged("cursor", partial(whole, last))
        return None

    async def log(self, project_id: int) -> AsyncIterator[Sequence[LogRow | Damaged]]:
        """As the port says."""
        for sql, order, row_of in (
            (_REQUESTS, "request.request_id", _request_row),
            (_TODOS, "id", _todo_row),
        ):
            async for page in self._pages(sql, order, project_id):
                yield [row_of(row) for row in page]

    async def answers(self, project_id: int, request_ids: Sequence[str]) -> dict[str, LogRow]:
        """As the port says."""
        sql = f"{_REQUESTS} AND request.request_id = ?"
        found = (row for each in request_ids for row in self._read(sql, project_id, each))
        rows = [_request_row(row) for row in found]
        return {each.request_id: each for each in rows if isinstance(each, LogRow)}

    async def todos(self, project_id: int, ids: Sequence[int]) -> dict[int, LogRow]:
        """As the port says."""
        found = (
            row for each in ids for row in self._read(f"{_TODOS} AND id = ?", project_id, each)
        )
        rows = [_todo_row(row) for row in found]
        return {each.id: each for each in rows if isinstance(each, LogRow)}

    async def inbox(self, project_id: int) -> AsyncIterator[Sequence[InboxRow | Damaged]]:
        """As the port says."""
        sql = "SELECT request_id, payload FROM inbox WHERE project = ?"
        async for page in self._pages(sql, "request_id", project_id):
            yield [_inbox_row(row) for row in page]

    async def close(self) -> None:
        """As the port says."""
        self._db.close()

    def _check_format(self) -> int:
        [(version,)] = self._read("PRAGMA user_version")
        if not 1 <= version <= FORMAT:
            raise FormatError(f"{self._path} has format {version}, not one of 1 to {FORMAT}")
        return int(version)

    def _published(self) -> list[str]:
        return ["published"] if self._format > 1 else []  # came with format 2

    async def _pages(
        self, sql: str, order: str, project_id: int
    ) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        """Go through the rows of a query in the order of a column, which is the first it gives."""
        rows = self._read(f"{sql} ORDER BY {order} LIMIT {PAGE_ROWS}", project_id)
        while rows:
            yield rows
            if len(rows) < PAGE_ROWS:
                return
            sql_on = f"{sql} AND {order} > ? ORDER BY {order} LIMIT {PAGE_ROWS}"
            rows = self._read(sql_on, project_id, rows[-1][0])

    def _read(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise Unknown(f"{self._path}: {error}") from error


def _request_row(row: tuple[Any, ...]) -> LogRow | Damaged:
    request_id, id_, payload = row
    key = f"request {request_id!r}"
    # A payload that is damaged is told where it is stored, in the TODO row.
    return _or_damaged(
        key,
        lambda: LogRow(
            *(Kind.REQUEST, key, whole(id_), text(request_id)),
            content=None if payload is None else str(payload),
        ),
    )


def _todo_row(row: tuple[Any, ...]) -> LogRow | Damaged:
    id_, request_id, payload = row
    key = f"todo {id_!r}"
    return _or_damaged(
        key,
        lambda: LogRow(Kind.TODO, key, whole(id_), text(request_id), _checked(payload)),
    )


def _inbox_row(row: tuple[Any, ...]) -> InboxRow | Damaged:
    request_id, payload = row
    key = f"inbox {request_id!r}"
    return _or_damaged(key, lambda: InboxRow(key, text(request_id), _checked(payload)))


def _or_damaged(key: str, read: Callable[[], T]) -> T | Damaged:
    try:
        return read()
    except (TypeError, ValueError) as error:
        return Damaged(key, f"cannot be read: {error}")


def _state(text: Any) -> int:
    return whole(json.loads(text))


def _checked(payload: Any) -> str:
    """Return the payload if it is one: a JSON object of texts."""
    content = json.loads(text(payload))
    if not isinstance(content, dict) or not content:
        raise TypeError(f"{payload!r} is not a payload")
    for each in content.values():
        text(each)
    return str(payload)
