"""Reads a store file for commands, through a connection that cannot write.

A page is a statement, and sees one state of the file; the next page may see a later one. No
transaction is held over pages: it would keep the app from shortening its write-ahead log. What a
killed app has left in that log is seen. SQLite itself makes the files `-wal` and `-shm` beside the
store when they are missing; they hold nothing. Columns are strict, so no value has a wrong type.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from typing_extensions import override

from store.ports.inbox import Waiting
from store.ports.records import Answered, Entry, Head, Request, Unknown
from store.sqlite.calls import moment
from store.sqlite.file import BUSY_TIMEOUT_SECONDS
from store.sqlite.log import ENTRY, entry_of
from store.sqlite.schema import check
from tools.stored.port import Damaged, Reader

PAGE_ROWS: Final = 1_000

T = TypeVar("T")


class SqliteReader(Reader):
    """Reads one file."""

    def __init__(self, path: Path, plural: str) -> None:
        """Read `path`. Raises Unknown when it is not there, or not the store of this domain."""
        self._path = path
        try:
            check(path, plural)
            uri = f"{path.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(
                uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None
            )
        except OSError as error:
            raise Unknown(f"{path}: {error.strerror or error}") from error
        except sqlite3.Error as error:
            raise Unknown(f"{path}: {error}") from error

    @property
    @override
    def name(self) -> str:
        return str(self._path.absolute())

    @override
    async def keys(self, after: str = "") -> AsyncIterator[str]:
        tables = "inbox", "head", "entry", "request", "cursor"
        next_of = " UNION ALL ".join(
            f"SELECT * FROM (SELECT key FROM {each} WHERE key > :after ORDER BY key LIMIT 1)"  # noqa: S608
            for each in tables
        )
        while True:
            [(found,)] = self._read(f"SELECT min(key) FROM ({next_of})", {"after": after})  # noqa: S608
            if found is None:
                return
            after = found
            yield after

    @override
    async def head(self, key: str) -> Head | Damaged | None:
        sql = "SELECT place, state, version FROM head WHERE key = ?"
        for place, state, version in self._read(sql, (key,)):
            return Head(place, state, str(version))
        return None

    @override
    async def cursor(self, key: str) -> int | Damaged | None:
        for (place,) in self._read("SELECT place FROM cursor WHERE key = ?", (key,)):
            return int(place)
        return None

    @override
    async def is_marked(self, key: str) -> bool:
        return bool(self._read("SELECT 1 FROM marker WHERE key = ?", (key,)))

    @override
    async def answered(self, key: str) -> AsyncIterator[Sequence[Answered | Damaged]]:
        sql = (
            "SELECT request_id, place, entry.request_id, version, output, refused, payload"
            " FROM (SELECT * FROM request WHERE key = ? AND request_id > ?"
            " ORDER BY request_id LIMIT ?) AS one LEFT JOIN entry USING (key, place)"
            " ORDER BY one.request_id"
        )
        sql = sql.replace("SELECT request_id,", "SELECT one.request_id,", 1)
        async for page in self._pages(sql, key, "", lambda row: row[0]):
            yield [_answered(row) for row in page]

    @override
    async def entries(self, key: str) -> AsyncIterator[Sequence[Entry | Damaged]]:
        sql = f"SELECT {ENTRY} FROM entry WHERE key = ? AND place > ? ORDER BY place LIMIT ?"  # noqa: S608
        async for page in self._pages(sql, key, -1, lambda row: row[0]):
            yield [entry_of(row) for row in page]

    @override
    async def inbox(self, key: str) -> AsyncIterator[Sequence[Waiting | Damaged]]:
        sql = (
            "SELECT request_id, payload, accepted_at FROM inbox WHERE key = ? AND request_id > ?"
            " ORDER BY request_id LIMIT ?"
        )
        async for page in self._pages(sql, key, "", lambda row: row[0]):
            yield [Waiting(Request(key, id_, text), moment(at)) for id_, text, at in page]

    @override
    async def close(self) -> None:
        self._db.close()

    async def _pages(
        self, sql: str, key: str, after: T, last: Callable[[Any], T]
    ) -> AsyncIterator[list[Any]]:
        while rows := self._read(sql, (key, after, PAGE_ROWS)):
            yield rows
            if len(rows) < PAGE_ROWS:
                return
            after = last(rows[-1])
            await asyncio.sleep(0)  # so that Ctrl-C is heard

    def _read(self, sql: str, values: Any) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise Unknown(f"{self._path}: {error}") from error


def _answered(row: Sequence[Any]) -> Answered | Damaged:
    request_id, place, owner, version, output, refused, payload = row
    if owner is None:
        what = f"is for place {place}, which has no entry"
        return Damaged(f"request {request_id!r}", what)
    if owner != request_id:
        what = f"is for place {place}, which answers {owner!r}"
        return Damaged(f"request {request_id!r}", what)
    return Answered(Entry(place, request_id, version, output, bool(refused)), payload)
