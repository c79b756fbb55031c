"""One table: every call with a limit on its time, every failure as Conflict or Unknown.

A write is sent once, whatever comes back. Sent again by the SDK it could meet its own rows, and
Conflict would no longer mean that nothing was written; the callers of the port look before they
repeat anything, and know better whether they still want to.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from aiohttp import ClientError
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest

from store.ports.records import Conflict, Missing, Unknown
from store.tables import requests
from store.tables.answers import Answer, Refused, parts_of, refusal, row_of, rows_of
from store.tables.connection import Account
from store.tables.requests import Operation, Row

CALL_SECONDS_MAX: Final = 15.0
"""Of one call with its retries and its wait for a place: one lost answer and another try."""

CALLS_PER_KEY_MAX: Final = 8
"""Under way for one partition, in all tables together: one whose calls hang takes no more of the
connections, and one that is asked for 1,000 rows has them within a second."""

OPERATIONS_MAX: Final = 100
"""Of one transaction."""

PAGE_ROWS_MAX: Final = 1_000
"""Rows in one answer of the service, at most; it may send fewer and say that there are more."""

ALREADY_EXISTS: Final = "EntityAlreadyExists"

NOT_THERE: Final = frozenset({"ResourceNotFound", "EntityNotFound"})

NOTHING_WRITTEN: Final = NOT_THERE | {
    ALREADY_EXISTS,
    "UpdateConditionNotSatisfied",
    "ConditionNotMet",
}
"""Answers to a write that was understood and does not fit the rows that are there."""

DONE: Final = frozenset({201, 204})
"""Answers to one write that was done; a proxy that wants a password answers 200."""

NO_TABLE: Final = "TableNotFound"

CONTINUATION: Final = {
    "NextPartitionKey": "x-ms-continuation-NextPartitionKey",
    "NextRowKey": "x-ms-continuation-NextRowKey",
}
"""Where a page goes on: options of the next query, by the headers that they come in."""

UNCLEAR: Final = (
    *(AzureError, ClientError, OSError),
    *(ValueError, LookupError, TypeError, zlib.error),
)
"""No connection, no answer in time (TimeoutError is an OSError), or a malformed one."""

T = TypeVar("T")


class Clash(Conflict):
    """Nothing was written: the operation at `index` does not fit what is there."""

    def __init__(self, text: str, code: str, index: int) -> None:
        """`code` is the service's own."""
        super().__init__(text)
        self.code = code
        self.index = index


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the options that ask for those behind them; None at the end."""

    rows: Sequence[Row]
    following: Mapping[str, str] | None


class Places:
    """Bounds how many calls of one partition are under way; partitions do not know each other."""

    def __init__(self) -> None:
        """Begin with all places free."""
        self._of: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, partition: str) -> asyncio.Semaphore:
        """Return the places of a partition, to be kept for as long as one is used."""
        return self._of.setdefault(partition, asyncio.Semaphore(CALLS_PER_KEY_MAX))


class Table:
    """A table, made by the first call that finds it missing unless `create` is off."""

    def __init__(
        self, account: Account, name: str, places: Places | None = None, *, create: bool = True
    ) -> None:
        """Share `places` with the other tables of a store."""
        self.name = name
        self._account = account
        self._places = places or Places()
        self._create_missing = create

    async def transact(self, operations: Sequence[Operation]) -> Sequence[Answer]:
        """Do all of 1 to 100 operations on different rows of one partition, or none.

        Raises Clash when one of them does not fit what is there.
        """
        assert 1 <= len(operations) <= OPERATIONS_MAX
        if len(operations) == 1:
            request = requests.single(self._account.url, self.name, operations[0])
        else:
            request = requests.transaction(self._account.url, self.name, operations)

        async def attempt() -> Sequence[Answer]:
            answer, _ = await self._send(request, retry=False)
            if len(operations) > 1:
                return parts_of(answer, len(operations))
            if answer.status not in DONE:
                raise refusal(answer)
            return [answer]

        try:
            return await self._call(operations[0].row["PartitionKey"], attempt)
        except Refused as error:
            if error.code in NOTHING_WRITTEN:
                raise Clash(f"{self.name}: {error.code}", error.code, error.index) from error
            raise Unknown(f"{self.name}: {error}") from error

    async def get(self, partition: str, row_key: str) -> Row | None:
        """Read one row; None when it is not there."""
        request = requests.point(self._account.url, self.name, partition, row_key)

        async def attempt() -> Row | None:
            answer, _ = await self._send(request, retry=True)
            if answer.ok:
                row = row_of(answer.body)
                if row.get("RowKey") != row_key:
                    raise ValueError("another row than was asked for")
                return row
            refused = refusal(answer)
            if refused.code in NOT_THERE:
                return None
            raise refused

        return await self._read(partition, attempt)

    async def get_all(self, partition: str, keys: Sequence[str]) -> list[Row | None]:
        """Read rows side by side, in the order of their keys.

        One filter with many keys would be one call, and a scan of the whole partition.
        """
        return await together([self.get(partition, key) for key in keys])

    async def delete_all(self, partition: str, keys: Sequence[str]) -> None:
        """Delete rows, up to 100 in a transaction; one that is not there is as good as deleted."""
        chunks = [keys[at : at + OPERATIONS_MAX] for at in range(0, len(keys), OPERATIONS_MAX)]
        await together([self._delete_chunk(partition, chunk) for chunk in chunks])

    async def page(self, options: Mapping[str, str], partition: str = "") -> Page:
        """Read one page of a query, of one partition or of several."""
        request = requests.query(self._account.url, self.name, options)

        async def attempt() -> Page:
            answer, headers = await self._send(request, retry=True)
            if not answer.ok:
                raise refusal(answer)
            goes_on = {o: headers[h] for o, h in CONTINUATION.items() if headers.get(h)}
            return Page(rows_of(answer.body), {**options, **goes_on} if goes_on else None)

        return await self._read(partition, attempt)

    async def pages(
        self,
        where: str,
        values: Mapping[str, Any],
        select: Sequence[str] = (),
        page_rows: int = PAGE_ROWS_MAX,
        partition: str = "",
    ) -> AsyncIterator[Sequence[Row]]:
        """Go through the rows that fit, by partition and then by row key, page by page."""
        options: Mapping[str, str] | None = {
            "$filter": requests.condition(where, values),
            "$top": str(min(page_rows, PAGE_ROWS_MAX)),
            **({"$select": ",".join(select)} if select else {}),
        }
        while options is not None:
            page = await self.page(options, partition)
            yield page.rows
            options = page.following

    async def _delete_chunk(self, partition: str, keys: Sequence[str]) -> None:
        try:
            await self.transact([requests.delete(partition, key) for key in keys])
        except Clash:  # one is gone already, and so all the others are still there
            if len(keys) > 1:
                await together([self._delete(partition, key) for key in keys])

    async def _delete(self, partition: str, row_key: str) -> None:
        with suppress(Clash):
            await self.transact([requests.delete(partition, row_key)])

    async def _read(self, partition: str, attempt: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._call(partition, attempt)
        except Refused as error:
            raise Unknown(f"{self.name}: {error}") from error

    async def _call(self, partition: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make an attempt, and one more when the table had to be made. Raises Refused, Unknown."""
        places = self._places.of(partition)
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX), places:
                try:
                    return await attempt()
                except Refused as error:
                    if error.code != NO_TABLE:
                        raise
                    if not self._create_missing:
                        raise Missing(f"{self.name}: {error}") from error
                # The service did nothing, so repeating is safe, even for a write.
                await self._create()
                return await attempt()
        except UNCLEAR as error:
            raise Unknown(f"{self.name}: {_reason(error)}") from error

    async def _create(self) -> None:
        answer, _ = await self._send(requests.creation(self._account.url, self.name), retry=True)
        if not answer.ok and (refused := refusal(answer)).code != "TableAlreadyExists":
            raise refused

    async def _send(self, request: HttpRequest, *, retry: bool) -> tuple[Answer, Mapping[str, str]]:
        response = await self._account.send(request, retry=retry)
        headers = response.headers
        code = headers.get("x-ms-error-code", "")
        return Answer(response.status_code, headers.get("ETag"), response.content, code), headers


async def together(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Wait for all calls; the first failure ends the others and is the caller's."""
    if len(calls) == 1:
        return [await calls[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in calls]
    except ExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__
    return [task.result() for task in tasks]


def in_words(error: Unknown) -> str:
    """Say why a call failed without the address of the account, which is nobody's business."""
    cause = error.__cause__
    if isinstance(cause, Refused):
        return str(cause)
    if isinstance(cause, TimeoutError):
        return _reason(cause)
    return "no connection" if isinstance(cause, AzureError | OSError) else "no sensible answer"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CALL_SECONDS_MAX:g} s"
    return f"{type(error).__name__}: {error}".splitlines()[0]
