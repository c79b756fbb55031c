"""Places that are shared: connections, calls at once, activities at once. First come, first served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

STORE_CALLS_AT_ONCE: Final = 1_000
"""Connections of one process to the storage account: file handles and outgoing ports are finite."""

STORE_CALLS_OF_KEY_AT_ONCE: Final = 16
"""Of these, for one key: the rest of them waits within the store."""

HUB_CALLS_AT_ONCE: Final = 30
"""The session that the SDK's durable client keeps for a process allows so many."""

ACTIVITIES_AT_ONCE: Final = 20
ENTITIES_AT_ONCE: Final = 16
"""Of one host: host.json."""


class Places:
    """So many at once, and of one key so many."""

    def __init__(self, at_once: int, of_key: int) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._of_key = of_key
        self._keys: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def one(self, key: str) -> AsyncIterator[None]:
        """Hold a place of the key and a shared one; those of one key wait behind each other."""
        own = self._keys.setdefault(key, asyncio.Semaphore(self._of_key))
        async with own, self._all:
            yield
