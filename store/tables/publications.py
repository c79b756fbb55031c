"""Markers and cursors of publishing on Azure Table Storage, in one table."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from typing_extensions import override

from store.ports.publications import Cursor, Marker, Publications
from store.ports.records import Unknown
from store.tables import rows
from store.tables.answers import ETAG
from store.tables.client import Table
from store.tables.requests import Row, delete, insert, replace, upsert


class TablePublications(Publications):
    """Rows of one table: markers in partitions of their own, cursors in those of their keys."""

    def __init__(self, table: Table) -> None:
        """Keep them in `table`."""
        self._table = table

    @override
    async def mark(self, key: str, at: datetime) -> None:
        """Write it: every write makes a new ETag."""
        row = {**_marker_keys(key), "key": key, "setAt": at}
        await self._table.transact([upsert(row)])

    @override
    async def marked(self) -> AsyncIterator[Sequence[Marker]]:
        bounds = {"first": "~m", "end": "~n"}
        where = "PartitionKey ge @first and PartitionKey lt @end"
        async for page in self._table.pages(where, bounds):
            yield [_marker(row) for row in page]

    @override
    async def unmark(self, marker: Marker) -> None:
        keys = _marker_keys(marker.key)
        operation = delete(keys["PartitionKey"], keys["RowKey"], marker.version)
        await self._table.transact([operation])

    @override
    async def cursor(self, key: str) -> Cursor:
        row = await self._table.get(rows.partition_of(key), rows.CURSOR_KEY)
        if row is None:
            return Cursor(0, None)
        with rows.readable(row):
            return Cursor(rows.whole(row, "place"), str(row[ETAG]), rows.text(row, "trail"))

    @override
    async def move(self, key: str, cursor: Cursor, place: int, trail: str) -> Cursor:
        row = rows.row(key, rows.CURSOR_KEY, {"place": place, "trail": trail})
        version = cursor.version
        operation = insert(row) if version is None else replace(row, version)
        [answer] = await self._table.transact([operation])
        if answer.etag is None:
            raise Unknown("the cursor was moved, and the answer does not say its ETag")
        return Cursor(place, answer.etag, trail)


def _marker(row: Row) -> Marker:
    with rows.readable(row):
        at = row["setAt"]
        if not isinstance(at, datetime):
            raise TypeError("setAt is not a time")
        return Marker(rows.text(row, "key"), at, str(row[ETAG]))


def _marker_keys(key: str) -> dict[str, str]:
    return {"PartitionKey": rows.marker_partition(key), "RowKey": rows.partition_of(key)}
