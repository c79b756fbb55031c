"""Places that are shared: connections, calls at once, activities at once. First come, first served."""

import asyncio
from typing import Final

from store.ports.records import Unknown

STORE_CALLS_AT_ONCE: Final = 4_000
"""Connections of one process to the storage account (`store.tables.connection`)."""

STORE_CALLS_OF_KEY_AT_ONCE: Final = 8
"""Of these, for one key (`store.tables.client`): the rest of them waits within the store."""

STORE_CALL_SECONDS_MAX: Final = 15.0
"""Of a call, also for its place (`store.tables.client`)."""

HUB_CALLS_AT_ONCE: Final = 30
"""The session that the SDK's durable client keeps for a process allows so many."""

ACTIVITIES_AT_ONCE: Final = 20
ENTITIES_AT_ONCE: Final = 16
"""Of one host: host.json."""


class StorePlaces:
    """The connections of one process."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(STORE_CALLS_AT_ONCE)
        self._of_key: dict[str, asyncio.Semaphore] = {}

    async def take(self, key: str) -> asyncio.Semaphore:
        """Wait for a place of the key and a shared one; return the former. Raises Unknown."""
        own = self._of_key.setdefault(key, asyncio.Semaphore(STORE_CALLS_OF_KEY_AT_ONCE))
        if not (own.locked() or self._all.locked()):
            await own.acquire()
            await self._all.acquire()
            return own
        try:
            async with asyncio.timeout(STORE_CALL_SECONDS_MAX):
                await own.acquire()
                try:
                    await self._all.acquire()
                except asyncio.CancelledError:
                    own.release()
                    raise
        except TimeoutError:
            raise Unknown(f"no place for a call of {key}") from None
        return own

    def give_back(self, own: asyncio.Semaphore) -> None:
        """Let the next call have them."""
        own.release()
        self._all.release()
