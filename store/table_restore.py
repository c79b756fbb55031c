"""Writes restored logs into tables."""

import asyncio
from collections.abc import Sequence

from store import rows
from store.connection import Account
from store.port import LOG_ENTRIES_MAX, Entry
from store.table_client import SINGLES_AT_ONCE_MAX, Table, insert


class TableRestore:
    """As `store.restore_port.LogWriter` says."""

    def __init__(self, account: Account, todos: str) -> None:
        """Write into the table `todos`, which is created when it is missing."""
        self._account = account
        self._table = Table(account.service, todos, asyncio.Semaphore(SINGLES_AT_ONCE_MAX))

    async def insert(self, project_id: int, entries: Sequence[Entry]) -> None:
        """As the port says."""
        assert 1 <= len(entries) <= LOG_ENTRIES_MAX
        assert all(entry.todo.project_id == project_id for entry in entries)
        todos = [insert(rows.todo_row(entry)) for entry in entries]
        await self._table.transact([*todos, *(insert(rows.logged_row(e)) for e in entries)])

    async def finish(self, project_id: int, state: int) -> None:
        """As the port says."""
        await self._table.transact([insert(rows.head_row(project_id, state))])

    async def close(self) -> None:
        """As the port says."""
        await self._account.close()
