"""Markers and cursors of publishing in the store file, for `localhost` only."""

import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

from store.port import Conflict
from store.publications_port import Cursor, Marker
from store.sqlite_calls import microseconds, moment, read, write
from store.sqlite_file import SqliteFile

CURSOR: Final = """CREATE TABLE published (project INTEGER PRIMARY KEY, last INTEGER NOT NULL)"""

MARKER: Final = """CREATE TABLE marker (
        project INTEGER PRIMARY KEY, set_at INTEGER NOT NULL, version INTEGER NOT NULL)"""
"""`set_at` is in microseconds since 1970, UTC."""

PAGE_ROWS: Final = 1_000


class SqlitePublications:
    """As `store.publications_port.Publications` says."""

    def __init__(self, opened: Callable[[], SqliteFile]) -> None:
        """Keep them in the file that `opened` returns."""
        self._opened = opened

    async def mark(self, project_id: int, at: datetime) -> None:
        """As the port says."""
        row = (project_id, microseconds(at), secrets.randbits(62))

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO marker VALUES (?, ?, ?)", row)

        await write(self._opened(), "publications.mark", work)

    async def marked(self) -> AsyncIterator[Sequence[Marker]]:
        """As the port says."""
        sql = (
            "SELECT project, set_at, version FROM marker WHERE project > ? ORDER BY project LIMIT ?"
        )
        after = 0
        while rows := read(self._opened(), sql, after, PAGE_ROWS):
            yield [Marker(project, moment(at), str(version)) for project, at, version in rows]
            after = rows[-1][0]

    async def unmark(self, marker: Marker) -> None:
        """As the port says."""

        def work(db: sqlite3.Connection) -> None:
            at = (marker.project_id, int(marker.version))
            gone = db.execute("DELETE FROM marker WHERE project = ? AND version = ?", at)
            if gone.rowcount != 1:
                raise Conflict(f"the marker of project {marker.project_id} was set again")

        await write(self._opened(), "publications.unmark", work)

    async def cursor(self, project_id: int) -> Cursor:
        """As the port says; what it says is its version."""
        for (last,) in read(
            self._opened(), "SELECT last FROM published WHERE project = ?", project_id
        ):
            return Cursor(last, str(last))
        return Cursor(0, None)

    async def move(self, project_id: int, cursor: Cursor, last: int) -> None:
        """As the port says."""

        def work(db: sqlite3.Connection) -> None:
            if cursor.version is None:
                db.execute("INSERT INTO published VALUES (?, ?)", (project_id, last))
                return
            moved = db.execute(
                "UPDATE published SET last = ? WHERE project = ? AND last = ?",
                (last, project_id, int(cursor.version)),
            )
            if moved.rowcount != 1:
                raise Conflict(f"the cursor of project {project_id} has moved")

        await write(self._opened(), "publications.move", work)
