"""Writes restored logs and blanks into a store file."""

import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from store.ports.records import ERASED, LOG_ENTRIES_MAX, Answered, Head, Unknown
from store.sqlite.calls import write
from store.sqlite.file import SqliteFile
from store.sqlite.log import insert_entries
from store.sqlite.schema import check, prepare
from tools.stored.port import Writer


class SqliteWriter(Writer):
    """Writes one file."""

    def __init__(self, path: Path, plural: str, *, create: bool) -> None:
        """Write into `path`, which is made if `create`. Raises Unknown when it cannot be opened."""
        try:
            (prepare if create else check)(path, plural)
            self._file = SqliteFile(path)
        except OSError as error:
            raise Unknown(f"{path}: {error.strerror or error}") from error
        except sqlite3.Error as error:
            raise Unknown(f"{path}: {error}") from error

    @override
    async def insert(self, key: str, answered: Sequence[Answered]) -> None:
        assert 1 <= len(answered) <= LOG_ENTRIES_MAX
        await write(self._file, lambda db: insert_entries(db, key, answered))

    @override
    async def finish(self, key: str, head: Head) -> None:
        row = (key, head.place, head.state, secrets.randbits(62))

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO head VALUES (?, ?, ?, ?)", row)

        await write(self._file, work)

    @override
    async def blank(self, key: str, request_id: str, place: int) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE entry SET payload = ?, output = ? WHERE key = ? AND place = ?"
                " AND request_id = ?",
                (ERASED, ERASED, key, place, request_id),
            )

        # So that what was there is in no free page either; closing empties the write-ahead log.
        self._file.writer.execute("PRAGMA secure_delete = ON")
        await write(self._file, work)

    @override
    async def close(self) -> None:
        await self._file.close()
