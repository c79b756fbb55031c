"""Dead letters in the store file, for `localhost` only: a row each."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from store.deadletters_port import DeadLetter, Key, Summary
from store.letter_details import decode_details, encode_details
from store.sqlite_calls import microseconds, moment, read, write
from store.sqlite_file import SqliteFile

DEADLETTER: Final = """CREATE TABLE deadletter (
        hub TEXT, partition TEXT, sequence INTEGER NOT NULL, position TEXT, code TEXT NOT NULL,
        reason TEXT NOT NULL, request_id TEXT, enqueued_at INTEGER, stored_at INTEGER NOT NULL,
        body_bytes INTEGER NOT NULL, details BLOB NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (hub, partition, position))"""
"""`sequence` is there to sort by, -1 without one; times are in microseconds since 1970, UTC."""

PAGE_ROWS: Final = 500

SUMMARY: Final = (
    "hub, partition, position, code, reason, request_id, enqueued_at, stored_at, body_bytes"
)
AT: Final = "hub = ? AND partition = ? AND position = ?"


class SqliteDeadLetters:
    """As `store.deadletters_port.DeadLetters` says."""

    def __init__(self, opened: Callable[[], SqliteFile]) -> None:
        """Keep them in the file that `opened` returns."""
        self._opened = opened

    async def put(self, letter: DeadLetter) -> None:
        """As the port says."""
        each = letter.summary
        sequence = each.key.sequence_number
        row = (
            *(each.key.hub, each.key.partition, -1 if sequence is None else sequence),
            *(each.key.position, each.code, each.reason, each.request_id),
            None if each.enqueued_at is None else microseconds(each.enqueued_at),
            *(microseconds(each.stored_at), each.body_bytes),
            *(encode_details(letter.message_id, letter.properties), letter.body),
        )
        marks = ", ".join("?" * len(row))

        def work(db: sqlite3.Connection) -> None:
            db.execute(f"INSERT OR REPLACE INTO deadletter VALUES ({marks})", row)  # noqa: S608

        await write(self._opened(), "deadletters.put", work)

    async def pages(self) -> AsyncIterator[Sequence[Summary]]:
        """As the port says."""
        sql = (
            f"SELECT sequence, {SUMMARY} FROM deadletter"  # noqa: S608 - constants
            " WHERE (hub, partition, sequence, position) > (?, ?, ?, ?)"
            " ORDER BY hub, partition, sequence, position LIMIT ?"
        )
        after: tuple[Any, ...] = ("", "", -2, "")
        while rows := read(self._opened(), sql, *after, PAGE_ROWS):
            yield [_summary(row[1:]) for row in rows]
            sequence, hub, partition, position = rows[-1][:4]
            after = (hub, partition, sequence, position)

    async def get(self, key: Key) -> DeadLetter | None:
        """As the port says."""
        sql = f"SELECT {SUMMARY}, details, body FROM deadletter WHERE {AT}"  # noqa: S608
        for row in read(self._opened(), sql, key.hub, key.partition, key.position):
            message_id, properties = decode_details(row[-2])
            return DeadLetter(_summary(row[:-2]), message_id, properties, row[-1])
        return None

    async def remove(self, key: Key) -> None:
        """As the port says."""
        sql = f"DELETE FROM deadletter WHERE {AT}"  # noqa: S608
        values = (key.hub, key.partition, key.position)
        await write(self._opened(), "deadletters.remove", lambda db: db.execute(sql, values))


def _summary(row: Sequence[Any]) -> Summary:
    hub, partition, position, code, reason, request_id, enqueued_at, stored_at, body_bytes = row
    return Summary(
        key=Key(hub, partition, position),
        code=code,
        reason=reason,
        request_id=request_id,
        enqueued_at=None if enqueued_at is None else moment(enqueued_at),
        stored_at=moment(stored_at),
        body_bytes=body_bytes,
    )
