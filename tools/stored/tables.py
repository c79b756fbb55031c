"""Reads the tables for commands. It asks for rows only, and creates no table that is missing.

Cost, in calls to the service: three per key to find it and four for what it has one of; one per
1,000 rows, of which an entry has two.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

from typing_extensions import override

from store.ports.inbox import Waiting
from store.ports.records import Answered, Entry, Head, Missing, Unreadable
from store.tables import rows
from store.tables.client import Places, Table
from store.tables.connection import Account
from store.tables.requests import Row
from tools.stored.port import Damaged, Reader

OURS: Final = "~"
"""Begins partitions of hashed keys, and of rows that belong to no key."""

HASH_CHARACTERS: Final = 65

T = TypeVar("T")


class TableReader(Reader):
    """Reads the tables of one domain."""

    def __init__(self, account: Account, plural: str) -> None:
        """Read tables that begin with `plural`. That of publications need not be there."""
        self._account = account
        self._plural = plural
        places = Places()
        self._log = Table(account, plural, places, create=False)
        self._inbox = Table(account, f"{plural}inbox", places, create=False)
        self._publications = Table(account, f"{plural}publications", places, create=False)

    @property
    @override
    def name(self) -> str:
        return f"{self._account.url} {self._plural}"

    @override
    async def keys(self, after: str = "") -> AsyncIterator[str]:
        """Go from partition to partition: the service cannot list them.

        The inbox before the log: what has left the inbox by then is in the log.
        """
        at = rows.partition_of(after) if after else ""
        while True:
            found = [
                await _next(self._inbox, at),
                *await asyncio.gather(_next(self._log, at), self._next_published(at)),
            ]
            there = [row for row in found if row is not None]
            if not there:
                return
            first = min(there, key=lambda row: str(row["PartitionKey"]))
            at = str(first["PartitionKey"])
            if not at.startswith(OURS) or len(at) == HASH_CHARACTERS:
                yield rows.key_of(first)

    @override
    async def head(self, key: str) -> Head | Damaged | None:
        row = await self._log.get(rows.partition_of(key), rows.HEAD_KEY)
        return None if row is None else _or_damaged(row, rows.head_of)

    @override
    async def cursor(self, key: str) -> int | Damaged | None:
        try:
            row = await self._publications.get(rows.partition_of(key), rows.CURSOR_KEY)
        except Missing:
            return None
        return None if row is None else _or_damaged(row, _place)

    @override
    async def is_marked(self, key: str) -> bool:
        try:
            partition, row_key = rows.marker_partition(key), rows.partition_of(key)
            return await self._publications.get(partition, row_key) is not None
        except Missing:
            return False

    @override
    async def answered(self, key: str) -> AsyncIterator[Sequence[Answered | Damaged]]:
        """Read what is before the entries, and whatever should not be there at all."""
        for where in "RowKey lt @entries", "RowKey ge @behind":
            async for page in self._range(self._log, key, where):
                yield [_or_damaged(row, _request) for row in page]

    @override
    async def entries(self, key: str) -> AsyncIterator[Sequence[Entry | Damaged]]:
        async for page in self._range(self._log, key, "RowKey ge @entries and RowKey lt @behind"):
            ours = [row for row in page if row["RowKey"] != rows.HEAD_KEY]
            yield [_or_damaged(row, _entry) for row in ours]

    @override
    async def inbox(self, key: str) -> AsyncIterator[Sequence[Waiting | Damaged]]:
        async for page in self._range(self._inbox, key, "RowKey ge @all"):
            yield [_or_damaged(row, rows.waiting_of) for row in page]

    @override
    async def close(self) -> None:
        await self._account.close()

    def _range(self, table: Table, key: str, where: str) -> AsyncIterator[Sequence[Row]]:
        partition = rows.partition_of(key)
        values = {"key": partition, "all": "", "entries": "t", "behind": "u"}
        return table.pages(f"PartitionKey eq @key and {where}", values, partition=partition)

    async def _next_published(self, after: str) -> Row | None:
        try:
            return await _next(self._publications, after)
        except Missing:
            return None


async def _next(table: Table, after: str) -> Row | None:
    """Return a row of the first partition behind `after`."""
    columns = ("PartitionKey", "RowKey", "key")
    pages = table.pages("PartitionKey gt @after", {"after": after}, columns, page_rows=1)
    async for page in pages:
        for row in page:  # a page may be empty and have a next one
            return row
    return None


def _place(row: Row) -> int:
    with rows.readable(row):
        return rows.whole(row, "place")


def _request(row: Row) -> Answered:
    if not row["RowKey"].startswith(rows.REQUEST_PREFIX):
        raise Unreadable("is neither the head nor the row of an entry or a request")
    return rows.answered_of(row)


def _entry(row: Row) -> Entry:
    entry = rows.entry_of(row)
    if row["RowKey"] != rows.entry_key(entry.place):
        raise Unreadable(f"belongs under {rows.entry_key(entry.place)}")
    return entry


def _or_damaged(row: Row, read: Callable[[Row], T]) -> T | Damaged:
    try:
        return read(row)
    except Unreadable as error:
        return Damaged(str(row["RowKey"]), str(error))
