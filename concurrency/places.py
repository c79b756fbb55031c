"""A bound on how much goes on at once, that one who hangs cannot use up.

A place is held for a limited time. Work that takes longer goes on without one: it has its own
deadline, and the next in line starts. So a crowd of hanging keys slows down those behind it by a
known amount (`seconds` per `count` keys) and never stops them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """`count` places, first come first served, each held for at most `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        """Belongs to the event loop of its first use."""
        self._free = asyncio.Semaphore(count)
        self._seconds = seconds

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a place; give it back at the end, or after `seconds`."""
        await self._free.acquire()
        held = True

        def give_back() -> None:
            nonlocal held
            if held:
                held = False
                self._free.release()

        timer = asyncio.get_running_loop().call_later(self._seconds, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()
