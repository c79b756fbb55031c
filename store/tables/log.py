"""The log on Azure Table Storage: a partition per key.

What has to be true together is in one partition, so one entity group transaction writes it: the
head, guarded by its ETag, and the rows of entries and requests, which are only ever inserted. That
transaction is the commit point.
"""

from collections.abc import Sequence

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
    Unknown,
    dense,
    new_mark,
)
from store.tables import rows
from store.tables.answers import Answer
from store.tables.client import ALREADY_EXISTS, PAGE_ROWS_MAX, Clash, Table
from store.tables.requests import Operation, condition, insert, replace

SOME = "PartitionKey eq @key and RowKey ge @first and RowKey le @last"


class TableLog(Log):
    """Rows of one table."""

    def __init__(self, table: Table) -> None:
        """Keep the log in `table`."""
        self._table = table

    @override
    async def head(self, key: str) -> Head:
        row = await self._table.get(rows.partition_of(key), rows.HEAD_KEY)
        return NO_HEAD if row is None else rows.head_of(row)

    @override
    async def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        """Write it in one entity group transaction, whose answer has the head's new ETag."""
        assert 1 <= len(answered) <= LOG_ENTRIES_MAX
        assert after.place == head.place + len(answered)
        first = rows.head_row(key, after)
        mark = new_mark()
        operations = [
            insert(first) if head.version is None else replace(first, head.version),
            *(insert(rows.answered_row(key, each)) for each in answered),
            *(insert(rows.entry_row(key, each.entry, mark)) for each in answered),
        ]
        try:
            answers = await self._table.transact(operations)
        except Clash as clash:
            raise _conflict(clash, operations) from clash
        return _moved(after, answers[0])

    @override
    async def tail(self, key: str, after: int) -> Tail:
        """Read one page of one query: the key of the head sorts behind those of the entries."""
        partition = rows.partition_of(key)
        values = {"key": partition, "first": rows.entry_key(after + 1), "last": rows.HEAD_KEY}
        options = {"$filter": condition(SOME, values), "$top": str(PAGE_ROWS_MAX)}
        page = await self._table.page(options, partition)
        entries = [rows.entry_of(row) for row in page.rows if row["RowKey"] != rows.HEAD_KEY]
        dense(entries, after)
        ends = [rows.head_of(row) for row in page.rows if row["RowKey"] == rows.HEAD_KEY]
        if ends:
            return Tail(entries, ends[0])
        return Tail(entries, None if page.following or entries else NO_HEAD)

    @override
    async def find(self, key: str, request_ids: Sequence[str]) -> dict[str, Answered]:
        """Read them in a call per request id, side by side."""
        keys = [rows.logged_key(each) for each in dict.fromkeys(request_ids)]
        found = await self._table.get_all(rows.partition_of(key), keys)
        read = [rows.answered_of(row) for row in found if row is not None]
        return {each.entry.request_id: each for each in read}

    @override
    async def get(self, key: str, place: int) -> Entry | None:
        row = await self._table.get(rows.partition_of(key), rows.entry_key(place))
        return None if row is None else rows.entry_of(row)

    @override
    async def read(self, key: str, after: int, limit: int) -> list[Entry]:
        """Read them in a call per page.

        No hole, although later pages are read later: transactions append whole runs of places and
        no row is ever deleted, so what an earlier page was followed by is still there.
        """
        partition = rows.partition_of(key)
        first, last = rows.entry_key(after + 1), rows.entry_key(after + limit)
        values = {"key": partition, "first": first, "last": last}
        entries: list[Entry] = []
        async for page in self._table.pages(SOME, values, (), limit, partition):
            entries += [rows.entry_of(row) for row in page]
        dense(entries, after)
        return entries

    @override
    async def fence(self, key: str, head: Head) -> Head:
        """Write the same row again: it has another ETag."""
        assert head.version is not None
        [answer] = await self._table.transact([replace(rows.head_row(key, head), head.version)])
        return _moved(head, answer)


def _moved(head: Head, answer: Answer) -> Head:
    if answer.etag is None:
        raise Unknown("the head was written, and the answer does not say its ETag")
    return Head(head.place, head.state, answer.etag)


def _conflict(clash: Clash, operations: Sequence[Operation]) -> Conflict:
    """Say whether it was the head or another row, and whose."""
    there = operations[clash.index if clash.index < len(operations) else 0]
    if clash.code != ALREADY_EXISTS or there.row_key == rows.HEAD_KEY:
        return Conflict(str(clash))
    is_request = there.row_key.startswith(rows.REQUEST_PREFIX)
    return RowConflict(str(clash), there.row["requestId"] if is_request else None)
