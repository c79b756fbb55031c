"""Reads the tables for an audit. It asks for rows only, and creates no table that is missing.

Cost, in calls to the service: three per project to find it and four for what it has one of; one
per 1,000 rows, of which a TODO has two; one per inbox row. Point reads of rows of the log come on
top in a project only where those do not agree (see `tools.auditing`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, Never, TypeVar

from azure.data.tables import TableEntity

from store import rows
from store.audit_port import Damaged, InboxRow, Kind, LogRow
from store.connection import Account
from store.exact import text, whole
from store.port import Unknown
from store.table_client import PAGE_ROWS_MAX, SINGLES_AT_ONCE_MAX, Table
from store.table_publications import CURSOR_KEY

PAGE_ROWS: Final = PAGE_ROWS_MAX

AFTER_DIGITS: Final = ":"
"""Follows `9`: partitions of markers, which begin with a letter, are behind it."""

T = TypeVar("T")


class MissingTable(Unknown):
    """There is no such table: another account, another name, or an app that was never used."""


class _Existing(Table):
    """A table that is there already."""

    async def _create(self) -> Never:
        raise MissingTable(f"there is no table {self._name}")


class TableAudit:
    """As `store.audit_port.AuditReader` says."""

    def __init__(self, account: Account, inbox: str, todos: str, publishing: str) -> None:
        """All but `account` are names of tables. `publishing` need not be there."""
        self._account = account
        address = account.service.url.partition("?")[0]  # behind it may be a signature
        self.name = f"{address} {todos} {inbox}"
        singles = asyncio.Semaphore(SINGLES_AT_ONCE_MAX)
        self._inbox = _Existing(account.service, inbox, singles)
        self._todos = _Existing(account.service, todos, singles)
        self._publishing = _Existing(account.service, publishing, singles)

    async def partitions(self, after: str = "") -> AsyncIterator[str]:
        """As the port says, going from partition to partition: the service cannot list them.

        The inbox before the log: what has left the inbox by then is in the log.
        """
        while True:
            found = [
                await _next_partition(self._inbox, after),
                *await asyncio.gather(
                    _next_partition(self._todos, after), self._next_published(after)
                ),
            ]
            there = [each for each in found if each is not None]
            if not there:
                return
            after = min(there)
            yield after

    async def head(self, project_id: int) -> int | Damaged | None:
        """As the port says."""
        row = await self._todos.get(rows.partition_of(project_id), rows.HEAD_KEY)
        return None if row is None else _or_damaged(row, lambda at: whole(rows.state_of(at)))

    async def cursor(self, project_id: int) -> int | Damaged | None:
        """As the port says."""
        try:
            row = await self._publishing.get(rows.partition_of(project_id), CURSOR_KEY)
        except MissingTable:
            return None
        return None if row is None else _or_damaged(row, lambda at: whole(at["last"]))

    async def log(self, project_id: int) -> AsyncIterator[Sequence[LogRow | Damaged]]:
        """As the port says: one scan of the partition, which has request rows before TODO rows."""
        async for page in _partition(self._todos, project_id):
            yield [_log_row(row) for row in page if row["RowKey"] != rows.HEAD_KEY]

    async def answers(self, project_id: int, request_ids: Sequence[str]) -> dict[str, LogRow]:
        """As the port says, in a call per row."""
        keys = [rows.logged_key(each) for each in request_ids]
        return {each.request_id: each for each in await self._points(project_id, keys)}

    async def todos(self, project_id: int, ids: Sequence[int]) -> dict[int, LogRow]:
        """As the port says, in a call per row."""
        keys = [rows.todo_key(each) for each in ids]
        return {each.id: each for each in await self._points(project_id, keys)}

    async def inbox(self, project_id: int) -> AsyncIterator[Sequence[InboxRow | Damaged]]:
        """As the port says."""
        async for page in _partition(self._inbox, project_id):
            yield [_or_damaged(row, _inbox_row) for row in page]

    async def close(self) -> None:
        """As the port says."""
        await self._account.close()

    async def _points(self, project_id: int, keys: Sequence[str]) -> list[LogRow]:
        found = await self._todos.get_all(rows.partition_of(project_id), list(dict.fromkeys(keys)))
        read = [_log_row(row) for row in found if row is not None]
        return [each for each in read if isinstance(each, LogRow)]

    async def _next_published(self, after: str) -> str | None:
        try:
            return await _next_partition(self._publishing, after, AFTER_DIGITS)
        except MissingTable:
            return None


async def _next_partition(table: Table, after: str, before: str = "") -> str | None:
    where, bounds = "PartitionKey gt @after", {"after": after}
    if before:
        where, bounds = f"{where} and PartitionKey lt @before", {**bounds, "before": before}
    async for page in table.pages(where, bounds, ("PartitionKey",), page_rows=1):
        for row in page:  # a page may be empty and have a next one
            return str(row["PartitionKey"])
    return None


def _partition(table: Table, project_id: int) -> AsyncIterator[list[TableEntity]]:
    where = {"project": rows.partition_of(project_id)}
    return table.pages("PartitionKey eq @project", where, page_rows=PAGE_ROWS)


def _log_row(row: Mapping[str, Any]) -> LogRow | Damaged:
    key = row["RowKey"]
    if key.startswith(rows.REQUEST_PREFIX):
        return _or_damaged(row, _request_row)
    if key.startswith(rows.TODO_PREFIX):
        return _or_damaged(row, _todo_row)
    return Damaged(key, "is neither the head nor a TODO row nor a request row")


def _request_row(row: Mapping[str, Any]) -> LogRow:
    request_id = text(row["requestId"])
    _check_key(row, rows.logged_key(request_id))
    return LogRow(Kind.REQUEST, row["RowKey"], whole(row["id"]), request_id, _content(row))


def _todo_row(row: Mapping[str, Any]) -> LogRow:
    todo_id = rows.todo_of(row).id
    _check_key(row, rows.todo_key(todo_id))
    return LogRow(Kind.TODO, row["RowKey"], todo_id, text(row["requestId"]), _content(row))


def _inbox_row(row: Mapping[str, Any]) -> InboxRow:
    request_id = text(row["requestId"])
    _check_key(row, rows.request_key(request_id))
    return InboxRow(row["RowKey"], request_id, _content(row))


def _or_damaged(row: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> T | Damaged:
    try:
        rows.check_format(row)
        return read(row)
    except (LookupError, TypeError, ValueError) as error:
        return Damaged(row["RowKey"], f"cannot be read: {type(error).__name__}: {error}")


def _check_key(row: Mapping[str, Any], key: str) -> None:
    """A row under another key is not found by whoever looks for it."""
    if row["RowKey"] != key:
        raise ValueError(f"its content belongs under {key}")


def _content(row: Mapping[str, Any]) -> str:
    payload = {name: text(value) for name, value in row.items() if name not in rows.OWN_COLUMNS}
    return json.dumps(payload, sort_keys=True, ensure_ascii=False)
