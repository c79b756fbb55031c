"""One table: every call with a limit on its time, every failure as Conflict or Unknown.

A transaction is sent once, whatever comes back. Sent again by the SDK it could meet its own rows,
and Conflict would no longer mean that nothing was written; the callers of the port look before
they repeat anything, and know better whether they still want to.
"""

import asyncio
import zlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any, Final, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.data.tables import TableEntity, TableErrorCode, TransactionOperation, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from store.port import Conflict, Unknown
from store.rows import Row

CALL_SECONDS_MAX: Final = 15.0
"""Of one call with its retries and its wait for a connection: one lost answer and another try."""

SINGLES_AT_ONCE_MAX: Final = 32
"""Of all calls for sets of single rows: a third of aiohttp's pool of 100 connections, so that a
large set does not keep others from their transactions."""

PAGE_ROWS_MAX: Final = 1_000
"""Rows in one answer of the service, at most; it may send fewer and say that there are more."""

NOTHING_WRITTEN: Final = frozenset(
    {
        TableErrorCode.ENTITY_ALREADY_EXISTS.value,
        TableErrorCode.UPDATE_CONDITION_NOT_SATISFIED.value,
        TableErrorCode.CONDITION_NOT_MET.value,
        TableErrorCode.RESOURCE_NOT_FOUND.value,
        TableErrorCode.ENTITY_NOT_FOUND.value,
    }
)
"""Answers to a transaction that was understood and does not fit the rows that are there."""

UNCLEAR: Final = (
    *(AzureError, OSError, HTTPException),
    *(ValueError, LookupError, TypeError, AttributeError, zlib.error),
)
"""Everything else: no connection, no answer in time (TimeoutError is an OSError); an answer that
the SDK cannot take apart, of which it lets many kinds of exception escape; a row that is none of
ours."""

T = TypeVar("T")
Operation = tuple[TransactionOperation, Row, dict[str, Any]]


def insert(row: Row) -> Operation:
    """Put a row where there is none."""
    return TransactionOperation.CREATE, row, {"response_preference": "return-no-content"}


def replace(row: Row, version: str) -> Operation:
    """Put a row in the place of the one that has this ETag."""
    condition = {"etag": version, "match_condition": MatchConditions.IfNotModified}
    return TransactionOperation.UPDATE, row, {"mode": UpdateMode.REPLACE, **condition}


def delete(partition: str, row_key: str) -> Operation:
    """Take away a row, which must be there, whatever it holds."""
    return TransactionOperation.DELETE, {"PartitionKey": partition, "RowKey": row_key}, {}


class Table:
    """A table, created by the first call that finds it missing."""

    def __init__(self, service: TableServiceClient, name: str, singles: asyncio.Semaphore) -> None:
        """`singles` bounds how many calls for sets of single rows are under way."""
        self._name = name
        self._client: TableClient = service.get_table_client(name)
        self._singles = singles

    async def transact(self, operations: Sequence[Operation]) -> None:
        """Do all of 1 to 100 operations on different rows of one partition, or none.

        Raises Conflict when one of them does not fit what is there.
        """
        with translated(self._name):
            try:
                answers = await self._call(
                    lambda: self._client.submit_transaction(operations, retry_total=0)
                )
            except HttpResponseError as error:
                if _code(error) in NOTHING_WRITTEN:
                    raise Conflict(f"{self._name}: {_code(error)}") from error
                raise
            # To the SDK, an answer without parts is the success of no operation at all.
            if len(answers) != len(operations):
                raise ValueError(f"{len(answers)} answers to {len(operations)} operations")

    async def get(self, partition: str, row_key: str) -> TableEntity | None:
        """Read one row; None when it is not there."""
        with translated(self._name):
            try:
                return await self._call(lambda: self._client.get_entity(partition, row_key))
            except ResourceNotFoundError:
                return None

    async def get_all(self, partition: str, keys: Sequence[str]) -> list[TableEntity | None]:
        """Read rows side by side, in the order of their keys.

        One filter with many keys would be one call, and a scan of the whole partition.
        """
        return await self._together(self.get, partition, keys)

    async def delete_all(self, partition: str, keys: Sequence[str]) -> None:
        """Delete up to 100 rows; one that is not there is as good as deleted."""
        try:
            await self.transact([delete(partition, key) for key in keys])
        except Conflict:  # one is gone already, and so all the others are still there
            if len(keys) > 1:
                await self._together(self._delete, partition, keys)

    def pages(
        self,
        where: str,
        values: Mapping[str, Any],
        select: Sequence[str] = (),
        page_rows: int = PAGE_ROWS_MAX,
    ) -> AsyncIterator[list[TableEntity]]:
        """Go through the rows that fit, by partition and then by row key, page by page."""
        found = self._client.query_entities(
            where,
            parameters=dict(values),
            select=list(select) or None,
            results_per_page=min(page_rows, PAGE_ROWS_MAX),
        ).by_page()
        return _Pages(lambda: self._next_page(found))

    async def check(self, seconds: float) -> str:
        """Return what is wrong with the table; nothing when it answers within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.get("0", "none")
        except (Unknown, TimeoutError) as error:
            return str(error) or f"no answer within {seconds:g} s"
        return ""

    async def _next_page(
        self, found: AsyncIterator[AsyncIterator[TableEntity]]
    ) -> list[TableEntity] | None:
        with translated(self._name):
            page = await self._call(lambda: anext(found, None))
            return None if page is None else [row async for row in page]

    async def _delete(self, partition: str, row_key: str) -> None:
        # A transaction of one: the SDK's own delete takes every 404, of whomever, for success.
        with suppress(Conflict):
            await self.transact([delete(partition, row_key)])

    async def _together(
        self, call: Callable[[str, str], Awaitable[T]], partition: str, keys: Sequence[str]
    ) -> list[T]:
        """Make the call for every key; the first failure ends the others and is the caller's."""
        if len(keys) == 1:
            return [await call(partition, keys[0])]

        async def one(key: str) -> T:
            async with self._singles:
                return await call(partition, key)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(key)) for key in keys]
        except ExceptionGroup as failures:
            first = failures.exceptions[0]
            raise first from first.__cause__
        return [task.result() for task in tasks]

    async def _call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        async with asyncio.timeout(CALL_SECONDS_MAX):
            try:
                return await attempt()
            except HttpResponseError as error:
                if _code(error) != TableErrorCode.TABLE_NOT_FOUND.value:
                    raise
            # The service did nothing, so repeating is safe, even for a transaction.
            await self._create()
            return await attempt()

    async def _create(self) -> None:
        try:
            await self._client.create_table()
        except ResourceExistsError:
            return  # another call or another process was faster


class _Pages:
    """An iterator rather than a generator: whoever stops half-way leaves nothing to close."""

    def __init__(self, fetch: Callable[[], Awaitable[list[TableEntity] | None]]) -> None:
        self._fetch = fetch

    def __aiter__(self) -> "_Pages":
        return self

    async def __anext__(self) -> list[TableEntity]:
        page = await self._fetch()
        if page is None:
            raise StopAsyncIteration
        return page


@contextmanager
def translated(table: str) -> Iterator[None]:
    """Turn what is UNCLEAR into Unknown, with a reason that fits on one line."""
    try:
        yield
    except UNCLEAR as error:
        raise Unknown(f"{table}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, HttpResponseError):
        return f"{error.status_code} {_code(error)}"
    if isinstance(error, TimeoutError):
        return f"no answer within {CALL_SECONDS_MAX:g} s"
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", None)
    return code.value if isinstance(code, TableErrorCode) else str(code)
