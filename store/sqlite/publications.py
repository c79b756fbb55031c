"""Markers and cursors of publishing in a SQLite file."""

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from typing_extensions import override

from store.ports.publications import Cursor, Marker, Publications
from store.ports.records import Conflict
from store.sqlite.calls import Open, microseconds, moment, read, write

PAGE_ROWS: Final = 1_000


class SqlitePublications(Publications):
    """Rows of the tables `marker` and `cursor`."""

    def __init__(self, opened: Open) -> None:
        """Keep them in the file that `opened` returns."""
        self._opened = opened

    @override
    async def mark(self, key: str, at: datetime) -> None:
        row = (key, microseconds(at), secrets.randbits(62))

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO marker VALUES (?, ?, ?)", row)

        await write(self._opened(), work)

    @override
    async def marked(self) -> AsyncIterator[Sequence[Marker]]:
        sql = "SELECT key, set_at, version FROM marker WHERE key > ? ORDER BY key LIMIT ?"
        after = ""
        while rows := read(self._opened(), sql, after, PAGE_ROWS):
            yield [Marker(key, moment(at), str(version)) for key, at, version in rows]
            after = rows[-1][0]
            await asyncio.sleep(0)  # so that others on the event loop have their turn

    @override
    async def unmark(self, marker: Marker) -> None:
        def work(db: sqlite3.Connection) -> None:
            at = (marker.key, int(marker.version))
            gone = db.execute("DELETE FROM marker WHERE key = ? AND version = ?", at)
            if gone.rowcount != 1:
                raise Conflict(f"the marker of key {marker.key} was set again, or is gone")

        await write(self._opened(), work)

    @override
    async def cursor(self, key: str) -> Cursor:
        sql = "SELECT place, version, trail FROM cursor WHERE key = ?"
        for place, version, trail in read(self._opened(), sql, key):
            return Cursor(place, str(version), trail)
        return Cursor(0, None)

    @override
    async def move(self, key: str, cursor: Cursor, place: int, trail: str) -> Cursor:
        # Not counted from the place: a cursor that moves back must not repeat a version.
        version = secrets.randbits(62)

        def work(db: sqlite3.Connection) -> None:
            if cursor.version is None:
                db.execute("INSERT INTO cursor VALUES (?, ?, ?, ?)", (key, place, version, trail))
                return
            sql = (
                "UPDATE cursor SET place = ?, version = ?, trail = ? WHERE key = ? AND version = ?"
            )
            values = (place, version, trail, key, int(cursor.version))
            if db.execute(sql, values).rowcount != 1:
                raise Conflict(f"the cursor of key {key} has moved")

        await write(self._opened(), work)
        return Cursor(place, str(version), trail)
