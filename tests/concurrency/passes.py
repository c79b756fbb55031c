"""Counts passes of the event loop: who holds it has many steps in one of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def counted() -> AsyncIterator[Callable[[], int]]:
    """Yield what tells the number of the pass that runs."""
    number = 0

    async def count() -> None:
        nonlocal number
        while True:
            number += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    try:
        yield lambda: number
    finally:
        counting.cancel()
