"""The log in a SQLite file: a head, a row per entry with its payload, and one per request."""

import secrets
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from typing_extensions import override

from store.ports.log import Log, Tail
from store.ports.records import (
    LOG_ENTRIES_MAX,
    NO_HEAD,
    Answered,
    Conflict,
    Entry,
    Head,
    RowConflict,
    dense,
    new_mark,
)
from store.sqlite.calls import Open, microseconds, moment, one_moment, read, write

TAIL_ENTRIES_MAX: Final = 1_000

ENTRY: Final = "place, request_id, version, output, refused, mark, logged_at"


class SqliteLog(Log):
    """Rows of the tables `head`, `entry` and `request`; the COMMIT is the commit point."""

    def __init__(self, opened: Open) -> None:
        """Keep the log in the file that `opened` returns."""
        self._opened = opened

    @override
    async def head(self, key: str) -> Head:
        return self._head(key)

    def _head(self, key: str) -> Head:
        sql = "SELECT place, state, version FROM head WHERE key = ?"
        for place, state, version in read(self._opened(), sql, key):
            return Head(place, state, str(version))
        return NO_HEAD

    @override
    async def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        assert 1 <= len(answered) <= LOG_ENTRIES_MAX
        assert after.place == head.place + len(answered)

        def work(db: sqlite3.Connection) -> Head:
            version = _move_head(db, key, head.version, after)
            insert_entries(db, key, answered, microseconds(datetime.now(UTC)))
            return Head(after.place, after.state, version)

        return await write(self._opened(), work)

    @override
    async def tail(self, key: str, after: int) -> Tail:
        with one_moment(self._opened()):
            entries = self._entries(key, after, TAIL_ENTRIES_MAX)
            head = self._head(key)
        return Tail(entries, head if head.place <= after + len(entries) else None)

    @override
    async def find(self, key: str, request_ids: Sequence[str]) -> dict[str, Answered]:
        sql = (
            "SELECT place, entry.request_id, version, output, refused, mark, NULL, payload"
            " FROM request JOIN entry USING (key, place)"
            " WHERE request.key = ? AND request.request_id = ?"
        )
        return {
            request_id: Answered(entry_of(row[:-1]), row[-1])
            for request_id in request_ids
            for row in read(self._opened(), sql, key, request_id)
        }

    @override
    async def get(self, key: str, place: int) -> Entry | None:
        sql = f"SELECT {ENTRY} FROM entry WHERE key = ? AND place = ?"  # noqa: S608 - a constant
        for row in read(self._opened(), sql, key, place):
            return entry_of(row)
        return None

    @override
    async def read(self, key: str, after: int, limit: int) -> list[Entry]:
        return self._entries(key, after, limit)

    @override
    async def fence(self, key: str, head: Head) -> Head:
        version = head.version
        assert version is not None

        def work(db: sqlite3.Connection) -> Head:
            return Head(head.place, head.state, _move_head(db, key, version, head))

        return await write(self._opened(), work)

    def _entries(self, key: str, after: int, limit: int) -> list[Entry]:
        """One statement sees one state of the file."""
        sql = (
            f"SELECT {ENTRY} FROM entry WHERE key = ? AND place > ?"  # noqa: S608 - a constant
            " ORDER BY place LIMIT ?"
        )
        entries = [entry_of(row) for row in read(self._opened(), sql, key, after, limit)]
        dense(entries, after)
        return entries


def entry_of(row: Sequence[Any]) -> Entry:
    """Take an entry out of the columns `ENTRY`."""
    place, request_id, version, output, refused, mark, at = row
    logged_at = None if at is None else moment(at)
    return Entry(place, request_id, version, output, bool(refused), mark, logged_at)


def insert_entries(
    db: sqlite3.Connection, key: str, answered: Sequence[Answered], logged_at: int | None = None
) -> None:
    """Insert the rows; `logged_at` in microseconds. Raises RowConflict when one is there."""
    mark = new_mark()
    for each in answered:
        entry = each.entry
        try:
            db.execute("INSERT INTO request VALUES (?, ?, ?)", (key, entry.request_id, entry.place))
            db.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(key, entry.place, entry.request_id, each.payload),
                    *(entry.output, int(entry.refused), entry.version, mark, logged_at),
                ),
            )
        except sqlite3.IntegrityError as error:
            raise RowConflict(f"key {key}: {error}", _owner(db, key, entry)) from error


def _owner(db: sqlite3.Connection, key: str, entry: Entry) -> str | None:
    """Return the request id if it is the row of the request that was in the way."""
    sql = "SELECT 1 FROM request WHERE key = ? AND request_id = ? AND place <> ?"
    there = db.execute(sql, (key, entry.request_id, entry.place)).fetchone()
    return entry.request_id if there else None


def _move_head(db: sqlite3.Connection, key: str, version: str | None, after: Head) -> str:
    """Write the head if it still has this version, or if there is none and should be none."""
    try:
        if version is None:
            # Starting anywhere, a head that was deleted and made anew never repeats a version.
            start = secrets.randbits(62)
            row = (key, after.place, after.state, start)
            db.execute("INSERT INTO head VALUES (?, ?, ?, ?)", row)
            return str(start)
    except sqlite3.IntegrityError as error:
        raise Conflict(f"key {key} has a head") from error
    moved = db.execute(
        "UPDATE head SET place = ?, state = ?, version = version + 1"
        " WHERE key = ? AND version = ? RETURNING version",
        (after.place, after.state, key, int(version)),
    ).fetchall()
    if not moved:
        raise Conflict(f"the head of key {key} has moved")
    return str(moved[0][0])
