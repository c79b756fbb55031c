"""The inbox on Azure Table Storage: a row per request, a partition per key."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from operator import itemgetter
from typing import Final

from typing_extensions import override

from store.ports.inbox import Inbox, Waiting
from store.ports.records import INBOX_ROWS_MAX, Request, Unreadable
from store.tables import rows
from store.tables.answers import ETAG
from store.tables.client import PAGE_ROWS_MAX, Clash, Table
from store.tables.requests import Row, delete, insert

NO_PAYLOAD: Final = ""
"""Of a row that cannot be read: no request has it."""


class TableInbox(Inbox):
    """Rows of one table."""

    def __init__(self, table: Table) -> None:
        """Keep the inbox in `table`."""
        self._table = table

    @override
    async def put(self, requests: Sequence[Request], accepted_at: datetime) -> None:
        """Insert them in one transaction."""
        assert 1 <= len(requests) <= INBOX_ROWS_MAX
        assert len({request.key for request in requests}) == 1
        await self._table.transact([insert(rows.inbox_row(r, accepted_at)) for r in requests])

    @override
    async def get(self, key: str, request_ids: Sequence[str]) -> dict[str, Request]:
        """Read them in a call per row, side by side."""
        keys = [rows.request_key(each) for each in dict.fromkeys(request_ids)]
        found = await self._table.get_all(rows.partition_of(key), keys)
        read = [rows.waiting_of(row).request for row in found if row is not None]
        return {request.id: request for request in read}

    @override
    async def waiting(self, key: str, request_id: str) -> Waiting | None:
        row = await self._table.get(rows.partition_of(key), rows.request_key(request_id))
        return None if row is None else rows.waiting_of(row)

    @override
    async def remove(self, key: str, request_ids: Sequence[str]) -> None:
        """Delete them in a transaction per 100 rows."""
        keys = [rows.request_key(each) for each in dict.fromkeys(request_ids)]
        await self._table.delete_all(rows.partition_of(key), keys)

    @override
    async def discard(self, row: Waiting) -> None:
        """Read it once more, and delete the version that was read now."""
        partition = rows.partition_of(row.request.key)
        row_key = rows.request_key(row.request.id)
        there = await self._table.get(partition, row_key)
        if there is None or rows.waiting_of(there) != row:
            return
        with suppress(Clash):  # it is gone, or is another one by now
            await self._table.transact([delete(partition, row_key, there[ETAG])])

    @override
    async def page(self, key: str, limit: int) -> list[Waiting]:
        """Read them in one call, but for pages that the service leaves short."""
        found: list[Waiting] = []
        async for page in self._rows_of(key, limit):
            found += [rows.waiting_of(row) for row in page]
            if len(found) >= limit:
                break
        return found[:limit]

    @override
    async def count(self, key: str, at_most: int) -> int:
        """Count them in a call per 1,000 rows, of which only the keys travel."""
        count = 0
        if at_most > 0:
            async for page in self._rows_of(key, at_most, ("RowKey",)):
                count += len(page)
                if count >= at_most:
                    break
        return min(count, at_most)

    @override
    async def overdue(self, accepted_before: datetime) -> AsyncIterator[Sequence[Waiting]]:
        """Show what is among the first 1,000 overdue rows of a key, by RowKey, the oldest first.

        The service knows no other order. A key with more rows than that is left behind by asking
        for the partitions after it, so the length of its backlog costs nothing.
        """
        after: str | None = ""
        while after is not None:
            older = self._older(accepted_before, after)
            after = None
            async with aclosing(older) as groups:
                async for group in groups:
                    yield _oldest(group, accepted_before)
                    if len(group) == PAGE_ROWS_MAX:
                        after = group[0]["PartitionKey"]
                        break

    async def _older(
        self, accepted_before: datetime, after: str
    ) -> AsyncGenerator[list[Row], None]:
        """Go through the rows behind a partition, up to 1,000 of one partition at a time."""
        where = "acceptedAt lt @before and PartitionKey gt @after"
        values = {"before": accepted_before, "after": after}
        group: list[Row] = []
        async for page in self._table.pages(where, values):
            for row in page:
                if group and row["PartitionKey"] != group[0]["PartitionKey"]:
                    yield group
                    group = []
                group.append(row)
                if len(group) == PAGE_ROWS_MAX:
                    yield group
                    group = []
        if group:
            yield group

    def _rows_of(
        self, key: str, at_most: int, select: Sequence[str] = ()
    ) -> AsyncIterator[Sequence[Row]]:
        partition = rows.partition_of(key)
        where = {"key": partition}
        return self._table.pages("PartitionKey eq @key", where, select, at_most, partition)


def _oldest(group: list[Row], accepted_before: datetime) -> Sequence[Waiting]:
    """Return the rows that can be read; when there is none, one that names the key."""
    found: list[Waiting] = []
    for row in sorted(group, key=itemgetter("acceptedAt")):
        try:
            found.append(rows.waiting_of(row))
        except Unreadable:
            continue  # reported by the reader of the rows of the key
    unreadable = Request(rows.key_of(group[0]), str(group[0].get("requestId", "")), NO_PAYLOAD)
    return found or [Waiting(unreadable, accepted_before)]
