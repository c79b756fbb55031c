"""Dead letters in a SQLite file: a row each."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final

from typing_extensions import override

from store.details import bounded, decode_details, encode_details
from store.ports.deadletters import DeadLetter, DeadLetters, Name, Summary
from store.sqlite.calls import Open, microseconds, moment, read, write

PAGE_ROWS: Final = 500

SUMMARY: Final = (
    "source, partition, position, code, reason, request_id, enqueued_at, stored_at, body_bytes"
)
AT: Final = "source = ? AND partition = ? AND position = ?"

PAGE: Final = (
    f"SELECT {SUMMARY} FROM deadletter"  # noqa: S608 - constants
    " WHERE (source, partition, position) > (?, ?, ?)"
    " ORDER BY source, partition, position LIMIT ?"
)
"""In the order of the primary key, so that no page sorts what is left."""


class SqliteDeadLetters(DeadLetters):
    """Rows of the table `deadletter`."""

    def __init__(self, opened: Open) -> None:
        """Keep them in the file that `opened` returns."""
        self._opened = opened

    @override
    async def put(self, letter: DeadLetter) -> None:
        letter = bounded(letter)
        each = letter.summary
        row = (
            *(each.name.source, each.name.partition, each.name.position),
            *(each.code, each.reason, each.request_id),
            None if each.enqueued_at is None else microseconds(each.enqueued_at),
            *(microseconds(each.stored_at), each.body_bytes),
            *(encode_details(letter), letter.body),
        )
        marks = ", ".join("?" * len(row))

        def work(db: sqlite3.Connection) -> None:
            db.execute(f"INSERT OR REPLACE INTO deadletter VALUES ({marks})", row)  # noqa: S608

        await write(self._opened(), work)

    @override
    async def pages(self) -> AsyncIterator[Sequence[Summary]]:
        after = ("", "", "")
        while rows := read(self._opened(), PAGE, *after, PAGE_ROWS):
            yield [_summary(row) for row in rows]
            after = rows[-1][:3]

    @override
    async def get(self, name: Name) -> DeadLetter | None:
        sql = f"SELECT {SUMMARY}, details, body FROM deadletter WHERE {AT}"  # noqa: S608
        for row in read(self._opened(), sql, name.source, name.partition, name.position):
            return decode_details(_summary(row[:-2]), row[-2], row[-1])
        return None

    @override
    async def remove(self, name: Name, stored_at: datetime | None = None) -> None:
        where = AT
        values: list[str | int] = [name.source, name.partition, name.position]
        if stored_at is not None:
            where = f"{AT} AND stored_at = ?"
            values.append(microseconds(stored_at))

        def work(db: sqlite3.Connection) -> None:
            db.execute(f"DELETE FROM deadletter WHERE {where}", values)  # noqa: S608

        await write(self._opened(), work)


def _summary(row: Sequence[Any]) -> Summary:
    source, partition, position, code, reason, request_id, enqueued, stored, body_bytes = row
    return Summary(
        name=Name(source, partition, position),
        code=code,
        reason=reason,
        request_id=request_id,
        enqueued_at=None if enqueued is None else moment(enqueued),
        stored_at=moment(stored),
        body_bytes=body_bytes,
    )
