"""Writes restored logs into a SQLite file."""

import json
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from store.port import LOG_ENTRIES_MAX, Entry
from store.sqlite_calls import write
from store.sqlite_file import SqliteFile
from store.sqlite_format import prepare

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class SqliteRestore:
    """As `store.restore_port.LogWriter` says."""

    def __init__(self, path: Path) -> None:
        """Write into `path`, which is made when it is missing. Raises Unknown when it cannot be."""
        prepare(path)
        self._file = SqliteFile(path)

    async def insert(self, project_id: int, entries: Sequence[Entry]) -> None:
        """As the port says."""
        assert 1 <= len(entries) <= LOG_ENTRIES_MAX
        assert all(entry.todo.project_id == project_id for entry in entries)
        todos = [
            (project_id, each.todo.id, _dump(each.todo.payload()), each.request_id)
            for each in entries
        ]
        requests = [(project_id, each.request_id, each.todo.id) for each in entries]

        def work(db: sqlite3.Connection) -> None:
            db.executemany("INSERT INTO todo VALUES (?, ?, ?, ?)", todos)
            db.executemany("INSERT INTO request VALUES (?, ?, ?)", requests)

        await write(self._file, "restore.insert", work)

    async def finish(self, project_id: int, state: int) -> None:
        """As the port says."""
        row = (project_id, _dump(state), secrets.randbits(62))

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO head VALUES (?, ?, ?)", row)

        await write(self._file, "restore.finish", work)

    async def close(self) -> None:
        """As the port says."""
        await self._file.close()
