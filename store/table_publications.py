"""Markers and cursors of publishing on Azure Table Storage, in one table.

    PartitionKey          RowKey      columns
    `m` + last hex digit  project id  setAt        a marker
    project id            `cursor`    last         a cursor

Markers are in 16 partitions of their own: few enough to be listed in one query, and enough for
the appends of a busy app, which write one of them each.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from azure.core import MatchConditions
from azure.data.tables import TableEntity, TransactionOperation, UpdateMode

from store.publications_port import Cursor, Marker
from store.rows import check_format, partition_of
from store.table_client import Operation, Table, insert, replace, translated

MARKER_PARTITIONS: Final = 16
"""A partition takes about 2,000 writes a second."""

CURSOR_KEY: Final = "cursor"


class TablePublications:
    """As `store.publications_port.Publications` says."""

    def __init__(self, table: Table) -> None:
        """Keep them in `table`."""
        self._table = table

    async def mark(self, project_id: int, at: datetime) -> None:
        """As the port says: every write makes a new ETag."""
        row = {**_marker_keys(project_id), "setAt": at}
        await self._table.transact(
            [(TransactionOperation.UPSERT, row, {"mode": UpdateMode.REPLACE})]
        )

    async def marked(self) -> AsyncIterator[Sequence[Marker]]:
        """As the port says."""
        bounds = {"first": "m", "end": "n"}
        async for page in self._table.pages(
            "PartitionKey ge @first and PartitionKey lt @end", bounds
        ):
            with translated("marker"):
                yield [_marker(row) for row in page]

    async def unmark(self, marker: Marker) -> None:
        """As the port says, guarded by the ETag."""
        await self._table.transact([_delete_if(marker)])

    async def cursor(self, project_id: int) -> Cursor:
        """As the port says; the version is the ETag."""
        row = await self._table.get(partition_of(project_id), CURSOR_KEY)
        if row is None:
            return Cursor(0, None)
        with translated("cursor"):
            check_format(row)
            return Cursor(int(row["last"]), row.metadata["etag"])

    async def move(self, project_id: int, cursor: Cursor, last: int) -> None:
        """As the port says."""
        row = {"PartitionKey": partition_of(project_id), "RowKey": CURSOR_KEY, "last": last}
        operation = insert(row) if cursor.version is None else replace(row, cursor.version)
        await self._table.transact([operation])


def _marker(row: TableEntity) -> Marker:
    check_format(row)
    version = row.metadata["etag"]
    if version is None:
        raise ValueError("a marker without an ETag")
    return Marker(int(row["RowKey"]), row["setAt"], version)


def _marker_keys(project_id: int) -> dict[str, str]:
    partition = f"m{project_id % MARKER_PARTITIONS:x}"
    return {"PartitionKey": partition, "RowKey": str(project_id)}


def _delete_if(marker: Marker) -> Operation:
    guard = {"etag": marker.version, "match_condition": MatchConditions.IfNotModified}
    return TransactionOperation.DELETE, _marker_keys(marker.project_id), guard
