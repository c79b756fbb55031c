"""The store in one SQLite file, for `localhost` only: the same promises, on one machine.

Writes go through :class:`store.sqlite_file.SqliteFile`, whose COMMIT is the commit point; reads
see what is committed. Both run on the event loop's thread, where they take microseconds.
"""

import json
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from store.port import INBOX_ROWS_MAX, LOG_ENTRIES_MAX, Conflict, Entry, Head, Unknown, dense
from store.sqlite_calls import microseconds, moment, read, write
from store.sqlite_deadletters import SqliteDeadLetters
from store.sqlite_file import SqliteFile
from store.sqlite_format import prepare
from store.sqlite_publications import SqlitePublications
from todos import EMPTY, Todo, TodoRequest

Open = Callable[[], SqliteFile]

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class SqliteInbox:
    """The inbox: a row per request, named by the request id."""

    def __init__(self, opened: Open) -> None:
        """Keep the inbox in the file that `opened` returns."""
        self._opened = opened

    async def put(
        self, project_id: int, requests: Sequence[TodoRequest], accepted_at: datetime
    ) -> None:
        """As the port says."""
        assert len(requests) <= INBOX_ROWS_MAX
        assert all(request.project_id == project_id for request in requests)
        at = microseconds(accepted_at)
        rows = [(project_id, r.request_id, _dump(r.payload()), at) for r in requests]
        await write(
            self._opened(),
            "inbox.put",
            lambda db: db.executemany("INSERT INTO inbox VALUES (?, ?, ?, ?)", rows),
        )

    async def get(self, project_id: int, request_ids: Sequence[str]) -> dict[str, TodoRequest]:
        """As the port says."""
        sql = "SELECT payload FROM inbox WHERE project = ? AND request_id = ?"
        found: dict[str, TodoRequest] = {}
        for request_id in request_ids:
            for (payload,) in read(self._opened(), sql, project_id, request_id):
                found[request_id] = TodoRequest.of(project_id, request_id, json.loads(payload))
        return found

    async def remove(self, project_id: int, request_ids: Sequence[str]) -> None:
        """As the port says, in one transaction."""
        sql = "DELETE FROM inbox WHERE project = ? AND request_id = ?"
        rows = [(project_id, each) for each in request_ids]
        await write(self._opened(), "inbox.remove", lambda db: db.executemany(sql, rows))

    async def count(self, project_id: int, at_most: int) -> int:
        """As the port says."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE project = ? LIMIT ?)"
        [(count,)] = read(self._opened(), sql, project_id, max(at_most, 0))
        return int(count)

    async def accepted_at(self, project_id: int, request_id: str) -> datetime | None:
        """As the port says."""
        sql = "SELECT accepted_at FROM inbox WHERE project = ? AND request_id = ?"
        for (at,) in read(self._opened(), sql, project_id, request_id):
            return moment(at)
        return None

    async def waiting(
        self, accepted_before: datetime, per_project: int
    ) -> AsyncIterator[Sequence[TodoRequest]]:
        """As the port says: exactly the oldest. The projects are those of the first moment."""
        before = microseconds(accepted_before)
        projects = "SELECT DISTINCT project FROM inbox WHERE accepted_at < ?"
        sql = (
            "SELECT request_id, payload FROM inbox WHERE project = ? AND accepted_at < ?"
            " ORDER BY accepted_at, request_id LIMIT ?"
        )
        for (project_id,) in read(self._opened(), projects, before):
            rows = read(self._opened(), sql, project_id, before, per_project)
            if rows:
                yield [TodoRequest.of(project_id, id_, json.loads(text)) for id_, text in rows]


class SqliteLog:
    """The log: a head, a row per TODO, and a row per request that was answered."""

    def __init__(self, opened: Open) -> None:
        """Keep the log in the file that `opened` returns."""
        self._opened = opened

    async def head(self, project_id: int) -> Head:
        """As the port says."""
        sql = "SELECT state, version FROM head WHERE project = ?"
        for state, version in read(self._opened(), sql, project_id):
            return Head(json.loads(state), str(version))
        return Head(EMPTY, None)

    async def append(
        self, project_id: int, head: Head, state: int, entries: Sequence[Entry]
    ) -> None:
        """As the port says."""
        assert 1 <= len(entries) <= LOG_ENTRIES_MAX
        assert all(entry.todo.project_id == project_id for entry in entries)
        todos = [
            (project_id, each.todo.id, _dump(each.todo.payload()), each.request_id)
            for each in entries
        ]
        requests = [(project_id, each.request_id, each.todo.id) for each in entries]

        def work(db: sqlite3.Connection) -> None:
            _move_head(db, project_id, head.version, _dump(state))
            db.executemany("INSERT INTO todo VALUES (?, ?, ?, ?)", todos)
            db.executemany("INSERT INTO request VALUES (?, ?, ?)", requests)

        await write(self._opened(), "log.append", work)

    async def find(self, project_id: int, request_ids: Sequence[str]) -> dict[str, Todo]:
        """As the port says."""
        sql = (
            "SELECT todo.id, todo.payload FROM request JOIN todo USING (project, id)"
            " WHERE request.project = ? AND request.request_id = ?"
        )
        found: dict[str, Todo] = {}
        for request_id in request_ids:
            for id_, payload in read(self._opened(), sql, project_id, request_id):
                found[request_id] = Todo.of(project_id, id_, json.loads(payload))
        return found

    async def get(self, project_id: int, todo_id: int) -> Todo | None:
        """As the port says."""
        sql = "SELECT payload FROM todo WHERE project = ? AND id = ?"
        for (payload,) in read(self._opened(), sql, project_id, todo_id):
            return Todo.of(project_id, todo_id, json.loads(payload))
        return None

    async def read(self, project_id: int, after: int, limit: int) -> list[Todo]:
        """As the port says."""
        return [each.todo for each in await self.entries(project_id, after, limit)]

    async def entries(self, project_id: int, after: int, limit: int) -> list[Entry]:
        """As the port says; one statement sees one state of the file."""
        sql = (
            "SELECT id, payload, request_id FROM todo WHERE project = ? AND id > ?"
            " ORDER BY id LIMIT ?"
        )
        entries = [
            Entry(request_id, Todo.of(project_id, id_, json.loads(text)))
            for id_, text, request_id in read(self._opened(), sql, project_id, after, limit)
        ]
        dense([each.todo for each in entries], after)
        return entries

    async def fence(self, project_id: int, head: Head) -> None:
        """As the port says."""
        assert head.version is not None
        version, state = head.version, _dump(head.state)
        await write(
            self._opened(), "log.fence", lambda db: _move_head(db, project_id, version, state)
        )


class SqliteStore:
    """All parts in one file, which the first call opens. Belongs to one event loop."""

    def __init__(self, path: Path) -> None:
        """Keep it in `path`, a file that need not exist in a folder that must."""
        self._path = path
        self._file: SqliteFile | None = None
        self.inbox = SqliteInbox(self._opened)
        self.log = SqliteLog(self._opened)
        self.deadletters = SqliteDeadLetters(self._opened)
        self.publications = SqlitePublications(self._opened)

    async def check(self) -> Mapping[str, str]:
        """As the port says; the parts are `inbox` and `log`."""
        wrong: dict[str, str] = {}
        for part, sql in ("inbox", "SELECT 1 FROM inbox"), ("log", "SELECT 1 FROM head"):
            try:
                read(self._opened(), f"{sql} LIMIT 1")
            except Unknown as error:
                wrong[part] = str(error)
        return wrong

    async def close(self) -> None:
        """Wait for the writes under way and close the file. Later calls raise Unknown."""
        if self._file is not None:
            await self._file.close()

    def _opened(self) -> SqliteFile:
        if self._file is None:
            prepare(self._path)
            try:
                self._file = SqliteFile(self._path)
            except sqlite3.Error as error:
                raise Unknown(f"{self._path.name}: {error}") from error
        return self._file


def _move_head(db: sqlite3.Connection, project_id: int, version: str | None, state: str) -> None:
    """Write the head if it still has this version, or if there is none and should be none."""
    if version is None:
        # Starting anywhere, a head that was deleted and made anew never repeats a version.
        start = secrets.randbits(62)
        db.execute("INSERT INTO head VALUES (?, ?, ?)", (project_id, state, start))
        return
    moved = db.execute(
        "UPDATE head SET state = ?, version = version + 1 WHERE project = ? AND version = ?",
        (state, project_id, int(version)),
    )
    if moved.rowcount != 1:
        raise Conflict(f"the head of project {project_id} has moved")
