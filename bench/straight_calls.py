"""The calls to the tables that batches over new keys cause, made past the app: a control.

    python -m bench.straight_calls CONNECTION PLURAL

As many at once as an app makes: rows of new keys are put and looked for, and their entries appended.
What a lone key loses beside this process it loses to tables that serve all keys in one thread, as
an emulator does. Runs until it is killed.
"""

import asyncio
import sys
from datetime import UTC, datetime
from itertools import count
from typing import Final

from activities.drain import DRAINS_MAX
from intake.accept import KEYS_AT_ONCE_MAX
from store.open import open_store
from store.ports.records import Answered, Entry, Head, Request
from store.ports.store import Store

FIRST_KEY: Final = 20_000_000
"""Keys below are those of the clients."""

ROW: Final = '{"title":"a title"}'


async def _accept(store: Store, numbers: "count[int]", accepted: "asyncio.Queue[Request]") -> None:
    while True:
        request = Request(str(next(numbers)), "same", ROW)
        await store.inbox.put([request], datetime.now(UTC))
        await store.log.find(request.key, [request.id])
        await accepted.put(request)


async def _drain(store: Store, accepted: "asyncio.Queue[Request]") -> None:
    removal: asyncio.Future[None] | None = None
    while True:
        request = await accepted.get()
        head = await store.log.head(request.key)
        answered = Answered(Entry(1, request.id, 1, ROW, refused=False), request.payload)
        await store.log.append(request.key, head, Head(1, "1", None), [answered])
        if removal is not None:
            await removal
        removal = asyncio.ensure_future(store.inbox.remove(request.key, [request.id]))


async def _run(connection: str, plural: str) -> None:
    store = open_store("tables", plural, {"EO_TABLES": connection})
    numbers, accepted = count(FIRST_KEY), asyncio.Queue[Request](DRAINS_MAX)
    await asyncio.gather(
        *(_accept(store, numbers, accepted) for _ in range(KEYS_AT_ONCE_MAX)),
        *(_drain(store, accepted) for _ in range(DRAINS_MAX)),
    )


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
