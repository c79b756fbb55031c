"""The store on Azure Table Storage: two tables, a partition per project in each.

What has to be true together is in one partition, so one entity group transaction writes it: the
head, guarded by its ETag, and the rows of TODOs and requests, which are only ever inserted. That
transaction is the commit point. `store.rows` has the layout, `store.table_client` the calls.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from operator import itemgetter
from typing import Final

from azure.data.tables import TableEntity

from store import rows
from store.connection import Account
from store.port import INBOX_ROWS_MAX, LOG_ENTRIES_MAX, Entry, Head, Unknown, dense
from store.table_client import (
    PAGE_ROWS_MAX,
    SINGLES_AT_ONCE_MAX,
    Table,
    insert,
    replace,
    translated,
)
from store.table_deadletters import TableDeadLetters
from store.table_publications import TablePublications
from todos import EMPTY, Todo, TodoRequest

CHECK_SECONDS_MAX: Final = 2.0
"""For both tables, side by side. Who asks for the health of the app does not wait longer."""

log = logging.getLogger(__name__)


class TableInbox:
    """The inbox: a row per request, named by the request id."""

    def __init__(self, table: Table) -> None:
        """Keep the inbox in `table`."""
        self._table = table

    async def put(
        self, project_id: int, requests: Sequence[TodoRequest], accepted_at: datetime
    ) -> None:
        """As the port says, in one transaction."""
        assert len(requests) <= INBOX_ROWS_MAX
        assert all(request.project_id == project_id for request in requests)
        if requests:
            await self._table.transact([insert(rows.inbox_row(r, accepted_at)) for r in requests])

    async def get(self, project_id: int, request_ids: Sequence[str]) -> dict[str, TodoRequest]:
        """As the port says, in a call per row, side by side."""
        found = await _find(self._table, project_id, request_ids, rows.request_key)
        with translated("inbox row"):
            return {request_id: rows.request_of(row) for request_id, row in found}

    async def remove(self, project_id: int, request_ids: Sequence[str]) -> None:
        """As the port says, in a transaction per 100 rows."""
        partition = rows.partition_of(project_id)
        keys = [rows.request_key(each) for each in dict.fromkeys(request_ids)]
        for first in range(0, len(keys), INBOX_ROWS_MAX):
            await self._table.delete_all(partition, keys[first : first + INBOX_ROWS_MAX])

    async def count(self, project_id: int, at_most: int) -> int:
        """As the port says, in a call per 1,000 rows, of which only the keys travel."""
        count = 0
        if at_most > 0:
            where = {"project": rows.partition_of(project_id)}
            pages = self._table.pages("PartitionKey eq @project", where, ("RowKey",), at_most)
            async for page in pages:
                count += len(page)
                if count >= at_most:
                    break
        return min(count, at_most)

    async def accepted_at(self, project_id: int, request_id: str) -> datetime | None:
        """As the port says."""
        key = rows.request_key(request_id)
        row = await self._table.get(rows.partition_of(project_id), key)
        with translated("inbox row"):
            return None if row is None else rows.accepted_at_of(row)

    async def waiting(
        self, accepted_before: datetime, per_project: int
    ) -> AsyncIterator[Sequence[TodoRequest]]:
        """As the port says, out of the first 1,000 rows of a project (or `per_project`) by key.

        The service knows no other order. A project with more rows than that is left behind by
        asking for the partitions after it, so the length of its backlog costs nothing.
        """
        enough = max(per_project, PAGE_ROWS_MAX)
        after: str | None = ""
        while after is not None:
            older = self._older(accepted_before, after, enough)
            after = None
            async with aclosing(older) as groups:
                async for group in groups:
                    if oldest := _oldest(group, per_project):
                        yield oldest
                    if len(group) == enough:
                        after = group[0]["PartitionKey"]
                        break

    async def _older(
        self, accepted_before: datetime, after: str, enough: int
    ) -> AsyncGenerator[list[TableEntity], None]:
        """Go through the rows behind a partition, up to `enough` of one partition at a time."""
        where = "acceptedAt lt @before and PartitionKey gt @after"
        values = {"before": accepted_before, "after": after}
        group: list[TableEntity] = []
        async for page in self._table.pages(where, values):
            for row in page:
                if group and row["PartitionKey"] != group[0]["PartitionKey"]:
                    yield group
                    group = []
                group.append(row)
                if len(group) == enough:
                    yield group
                    group = []
        if group:
            yield group


class TableLog:
    """The log: a head, a row per TODO, and a row per request that was answered."""

    def __init__(self, table: Table) -> None:
        """Keep the log in `table`."""
        self._table = table

    async def head(self, project_id: int) -> Head:
        """As the port says; the version is the ETag."""
        row = await self._table.get(rows.partition_of(project_id), rows.HEAD_KEY)
        if row is None:
            return Head(EMPTY, None)
        with translated("head"):
            return Head(rows.state_of(row), row.metadata["etag"])

    async def append(
        self, project_id: int, head: Head, state: int, entries: Sequence[Entry]
    ) -> None:
        """As the port says, in one entity group transaction: the commit point of a TODO."""
        assert 1 <= len(entries) <= LOG_ENTRIES_MAX
        assert all(entry.todo.project_id == project_id for entry in entries)
        row = rows.head_row(project_id, state)
        await self._table.transact(
            [
                insert(row) if head.version is None else replace(row, head.version),
                *(insert(rows.todo_row(entry)) for entry in entries),
                *(insert(rows.logged_row(entry)) for entry in entries),
            ]
        )

    async def find(self, project_id: int, request_ids: Sequence[str]) -> dict[str, Todo]:
        """As the port says, in a call per request id, side by side."""
        found = await _find(self._table, project_id, request_ids, rows.logged_key)
        with translated("request row"):
            return {request_id: rows.answer_of(row) for request_id, row in found}

    async def get(self, project_id: int, todo_id: int) -> Todo | None:
        """As the port says."""
        row = await self._table.get(rows.partition_of(project_id), rows.todo_key(todo_id))
        with translated("TODO row"):
            return None if row is None else rows.todo_of(row)

    async def read(self, project_id: int, after: int, limit: int) -> list[Todo]:
        """As the port says, in a call per 1,000 TODOs."""
        return [each.todo for each in await self.entries(project_id, after, limit)]

    async def entries(self, project_id: int, after: int, limit: int) -> list[Entry]:
        """As the port says, in a call per 1,000 TODOs.

        No hole, although later pages are read later: transactions append whole runs of ids and
        no row is ever deleted, so what an earlier page was followed by is still there.
        """
        where = "PartitionKey eq @project and RowKey ge @first and RowKey le @last"
        values = {
            "project": rows.partition_of(project_id),
            "first": rows.todo_key(after + 1),
            "last": rows.todo_key(after + limit),
        }
        entries: list[Entry] = []
        async for page in self._table.pages(where, values, page_rows=limit):
            with translated("TODO row"):
                entries += [rows.entry_of(row) for row in page]
        dense([each.todo for each in entries], after)
        return entries

    async def fence(self, project_id: int, head: Head) -> None:
        """As the port says: the same row again has another ETag."""
        assert head.version is not None
        await self._table.transact([replace(rows.head_row(project_id, head.state), head.version)])


class TableStore:
    """All parts in one account. Belongs to the event loop of its first call."""

    def __init__(
        self,
        account: Account,
        inbox: str = "inbox",
        todos: str = "todos",
        deadletters: str = "deadletters",
        publishing: str = "publishing",
    ) -> None:
        """All but `account` are names of tables; those missing are created on use."""
        self._account = account
        singles = asyncio.Semaphore(SINGLES_AT_ONCE_MAX)
        self._tables = [Table(account.service, name, singles) for name in (inbox, todos)]
        self.inbox = TableInbox(self._tables[0])
        self.log = TableLog(self._tables[1])
        self.deadletters = TableDeadLetters(Table(account.service, deadletters, singles))
        self.publications = TablePublications(Table(account.service, publishing, singles))

    async def check(self) -> Mapping[str, str]:
        """As the port says, within 2 seconds; the parts are `inbox` and `log`."""
        answers = await asyncio.gather(*(each.check(CHECK_SECONDS_MAX) for each in self._tables))
        return {part: wrong for part, wrong in zip(("inbox", "log"), answers, strict=True) if wrong}

    async def close(self) -> None:
        """Close all connections. Later calls raise Unknown."""
        await self._account.close()


async def _find(
    table: Table, project_id: int, request_ids: Sequence[str], key_of: Callable[[str], str]
) -> list[tuple[str, TableEntity]]:
    """Return the rows that are there, each with the request id it was found by."""
    ids = list(dict.fromkeys(request_ids))
    found = await table.get_all(rows.partition_of(project_id), [key_of(each) for each in ids])
    pairs = [(id_, row) for id_, row in zip(ids, found, strict=True) if row is not None]
    with translated("row key"):
        for request_id, row in pairs:
            rows.check_owner(row, request_id)
    return pairs


def _oldest(group: list[TableEntity], at_most: int) -> list[TodoRequest]:
    """Return the oldest rows that can be read: one that cannot holds up no other."""
    requests: list[TodoRequest] = []
    unreadable: list[Unknown] = []
    for row in sorted(group, key=itemgetter("acceptedAt")):
        try:
            with translated("inbox row"):
                requests.append(rows.request_of(row))
        except Unknown as error:
            unreadable.append(error)
        if len(requests) == at_most:
            break
    if unreadable:
        project, count = group[0]["PartitionKey"], len(unreadable)
        log.error(
            "inbox_rows_unreadable project=%s count=%s", project, count, exc_info=unreadable[0]
        )
    return requests
