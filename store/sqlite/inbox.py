"""The inbox in a SQLite file: a row per request, named by key and request id."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final

from typing_extensions import override

from store.ports.inbox import Inbox, Waiting
from store.ports.records import INBOX_ROWS_MAX, Request
from store.sqlite.calls import Open, microseconds, moment, read, write

OVERDUE_ROWS_MAX: Final = 100
"""Shown of a key that is overdue: enough to judge, and the event loop does not feel it."""

KEYS_AT_ONCE: Final = 100
"""Looked at before others on the event loop get their turn."""


class SqliteInbox(Inbox):
    """Rows of the table `inbox`."""

    def __init__(self, opened: Open) -> None:
        """Keep the inbox in the file that `opened` returns."""
        self._opened = opened

    @override
    async def put(self, requests: Sequence[Request], accepted_at: datetime) -> None:
        assert 1 <= len(requests) <= INBOX_ROWS_MAX
        assert len({request.key for request in requests}) == 1
        at = microseconds(accepted_at)
        rows = [(each.key, each.id, each.payload, at) for each in requests]

        def work(db: sqlite3.Connection) -> None:
            db.executemany("INSERT INTO inbox VALUES (?, ?, ?, ?)", rows)

        await write(self._opened(), work)

    @override
    async def get(self, key: str, request_ids: Sequence[str]) -> dict[str, Request]:
        sql = "SELECT payload FROM inbox WHERE key = ? AND request_id = ?"
        return {
            request_id: Request(key, request_id, payload)
            for request_id in request_ids
            for (payload,) in read(self._opened(), sql, key, request_id)
        }

    @override
    async def waiting(self, key: str, request_id: str) -> Waiting | None:
        sql = (
            "SELECT key, request_id, payload, accepted_at FROM inbox"
            " WHERE key = ? AND request_id = ?"
        )
        for row in read(self._opened(), sql, key, request_id):
            return _waiting(row)
        return None

    @override
    async def remove(self, key: str, request_ids: Sequence[str]) -> None:
        rows = [(key, each) for each in request_ids]
        if not rows:
            return

        def work(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM inbox WHERE key = ? AND request_id = ?", rows)

        await write(self._opened(), work)

    @override
    async def discard(self, row: Waiting) -> None:
        asked = row.request
        values = (asked.key, asked.id, asked.payload, microseconds(row.accepted_at))

        def work(db: sqlite3.Connection) -> None:
            sql = (
                "DELETE FROM inbox"
                " WHERE key = ? AND request_id = ? AND payload = ? AND accepted_at = ?"
            )
            db.execute(sql, values)

        await write(self._opened(), work)

    @override
    async def page(self, key: str, limit: int) -> list[Waiting]:
        sql = (
            "SELECT key, request_id, payload, accepted_at FROM inbox WHERE key = ?"
            " ORDER BY accepted_at, request_id LIMIT ?"
        )
        return [_waiting(row) for row in read(self._opened(), sql, key, limit)]

    @override
    async def count(self, key: str, at_most: int) -> int:
        sql = "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE key = ? LIMIT ?)"
        [(count,)] = read(self._opened(), sql, key, max(at_most, 0))
        return int(count)

    @override
    async def overdue(self, accepted_before: datetime) -> AsyncIterator[Sequence[Waiting]]:
        """Go from key to key by the index: a long backlog costs no more than a short one."""
        before = microseconds(accepted_before)
        next_key = "SELECT key FROM inbox WHERE key > ? ORDER BY key LIMIT 1"
        oldest = (
            "SELECT key, request_id, payload, accepted_at FROM inbox"
            " WHERE key = ? AND accepted_at < ? ORDER BY accepted_at, request_id LIMIT ?"
        )
        looked_at, after = 0, ""
        while found := read(self._opened(), next_key, after):
            [(after,)] = found
            if rows := read(self._opened(), oldest, after, before, OVERDUE_ROWS_MAX):
                yield [_waiting(row) for row in rows]
            looked_at += 1
            if looked_at % KEYS_AT_ONCE == 0:
                await asyncio.sleep(0)


def _waiting(row: Sequence[Any]) -> Waiting:
    key, request_id, payload, accepted_at = row
    return Waiting(Request(key, request_id, payload), moment(accepted_at))
