"""Writes restored logs and blanks into tables."""

from collections.abc import Sequence

from typing_extensions import override

from store.ports.records import ERASED, LOG_ENTRIES_MAX, Answered, Head
from store.tables import rows
from store.tables.answers import ETAG
from store.tables.client import Table
from store.tables.connection import Account
from store.tables.requests import Operation, Row, insert, replace
from tools.stored.port import Writer


class TableWriter(Writer):
    """Writes the log of one domain."""

    def __init__(self, account: Account, plural: str, *, create: bool) -> None:
        """Write into the table `plural`, which is made if `create`."""
        self._account = account
        self._log = Table(account, plural, create=create)

    @override
    async def insert(self, key: str, answered: Sequence[Answered]) -> None:
        assert 1 <= len(answered) <= LOG_ENTRIES_MAX
        entries = [insert(rows.entry_row(key, each.entry)) for each in answered]
        requests = [insert(rows.answered_row(key, each)) for each in answered]
        await self._log.transact([*entries, *requests])

    @override
    async def finish(self, key: str, head: Head) -> None:
        await self._log.transact([insert(rows.head_row(key, head))])

    @override
    async def blank(self, key: str, request_id: str, place: int) -> None:
        partition = rows.partition_of(key)
        names = [rows.logged_key(request_id), rows.entry_key(place)]
        found = [await self._log.get(partition, each) for each in names]
        await self._log.transact([_blanked(row) for row in found if row is not None])

    @override
    async def close(self) -> None:
        await self._account.close()


def _blanked(row: Row) -> Operation:
    own = {name: value for name, value in row.items() if not name.startswith("odata.")}
    own.pop("Timestamp", None)
    blank = {name: ERASED for name in ("payload", "output") if name in own}
    return replace(own | blank, str(row[ETAG]))
