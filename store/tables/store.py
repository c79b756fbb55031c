"""The store of one domain on Azure Table Storage: four tables of one account."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from typing_extensions import override

from store.ports.records import StoreError, Unknown
from store.ports.store import Store
from store.tables import rows
from store.tables.client import Places, Table, in_words
from store.tables.connection import Account
from store.tables.deadletters import TableDeadLetters
from store.tables.inbox import TableInbox
from store.tables.log import TableLog
from store.tables.publications import TablePublications
from store.tables.requests import upsert

CHECK_SECONDS_MAX: Final = 2.0
"""Of a check of the health, which somebody waits for; inbox and log side by side."""


class TableStore(Store):
    """All parts in one account. Belongs to the event loop of its first call."""

    def __init__(self, account: Account, plural: str, *, create: bool = True) -> None:
        """Keep the domain `plural` in tables with this name and names that begin with it.

        Those missing are made on use; without `create` they are Unknown to every call.
        """
        self._account = account
        places = Places()
        self.tables = {
            part: Table(account, f"{plural}{suffix}", places, create=create)
            for part, suffix in (
                ("inbox", "inbox"),
                ("log", ""),
                ("deadletters", "deadletters"),
                ("publications", "publications"),
            )
        }
        self._inbox = TableInbox(self.tables["inbox"])
        self._log = TableLog(self.tables["log"])
        self._deadletters = TableDeadLetters(self.tables["deadletters"])
        self._publications = TablePublications(self.tables["publications"])

    @property
    @override
    def inbox(self) -> TableInbox:
        return self._inbox

    @property
    @override
    def log(self) -> TableLog:
        return self._log

    @property
    @override
    def deadletters(self) -> TableDeadLetters:
        return self._deadletters

    @property
    @override
    def publications(self) -> TablePublications:
        return self._publications

    @override
    async def check(self) -> Mapping[str, str]:
        """Try what nothing is accepted and nothing becomes true without.

        The publications too: an append whose marker cannot be set is not made, and sweeps are noted
        there.
        """
        parts = ("inbox", "log", "publications")
        wrong = await asyncio.gather(*(_wrong(self.tables[part]) for part in parts))
        return {part: what for part, what in zip(parts, wrong, strict=True) if what}

    @override
    async def note_sweep(self, at: datetime) -> None:
        keys = {"PartitionKey": rows.SWEEP_PARTITION, "RowKey": rows.SWEEP_KEY}
        await self.tables["publications"].transact([upsert({**keys, "sweptAt": at})])

    @override
    async def last_sweep(self) -> datetime | None:
        row = await self.tables["publications"].get(rows.SWEEP_PARTITION, rows.SWEEP_KEY)
        at = None if row is None else row.get("sweptAt")
        return at if isinstance(at, datetime) else None

    @override
    async def close(self) -> None:
        """Close all connections. Later calls raise Unknown."""
        await self._account.close()


async def _wrong(table: Table) -> str:
    """Return what is wrong with a table; nothing when it takes a row and gives it back."""
    partition, row_key = rows.HEALTH_PARTITION, secrets.token_hex(1)
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            await table.transact([upsert({"PartitionKey": partition, "RowKey": row_key})])
            found = await table.get(partition, row_key)
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS_MAX:g} s"
    except Unknown as error:
        return in_words(error)
    except StoreError as error:
        return type(error).__name__
    return "" if found else "what was written is not there"
