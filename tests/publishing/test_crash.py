"""A crash on either side of every effect of an append and of publishing it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from publishing.catch_up import CatchUpPublisher
from publishing.live import LivePublisher
from publishing.marking_log import MarkingLog
from publishing.publisher import Publisher
from store.sqlite.store import SqliteStore
from tests.domain_under_test import DOMAIN, KEY
from tests.publishing.memory_producer import MemoryProducer
from tests.publishing.parts import LATER, NOON, TELL, append, begin, marked, parts

T = TypeVar("T")

LOG_CALLS = frozenset({"append", "fence", "read"})
PUBLICATION_CALLS = frozenset({"mark", "unmark", "move", "cursor"})
EFFECTS = ("append", "mark", "send", "move", "fence", "unmark")


class Fuse:
    """Burns down with every call, on both sides of it; in the end the process is gone."""

    def __init__(self, length: int) -> None:
        self.burnt = asyncio.Event()
        self.where = ""
        self._left = length

    async def _burn(self, where: str) -> None:
        self._left -= 1
        if self._left == 0:
            self.where = where
            self.burnt.set()
        if self.burnt.is_set():
            await asyncio.Event().wait()  # nothing of it runs on

    def around(self, name: str, call: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        async def burning(*values: Any) -> T:
            await self._burn(f"before {name}")
            result = await call(*values)
            await self._burn(f"after {name}")
            return result

        return burning


class Fused:
    """A part of the app, some of whose calls burn the fuse."""

    def __init__(self, inner: object, fuse: Fuse, names: frozenset[str]) -> None:
        self._inner, self._fuse, self._names = inner, fuse, names

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)
        return self._fuse.around(name, call) if name in self._names else call


async def process(
    store: SqliteStore, producer: MemoryProducer, fuse: Fuse, request_id: str | None
) -> None:
    """Append, publish, take the marker away: every effect there is."""
    log: Any = Fused(store.log, fuse, LOG_CALLS)
    publications: Any = Fused(store.publications, fuse, PUBLICATION_CALLS)
    sending: Any = Fused(producer, fuse, frozenset({"send"}))
    publisher = Publisher(parts(log, publications, sending))
    if request_id is not None:
        live = LivePublisher(publisher, TELL)
        marking = MarkingLog(log, publications, lambda: NOON, live.appended)
        await append(marking, KEY, [request_id])
        await live.idle()
    catch_up = CatchUpPublisher(
        log, publications, publisher, TELL, lambda: LATER, Random(1), lambda *_: None
    )
    await catch_up.publish()


async def killed(fuse: Fuse, going: Coroutine[Any, Any, None]) -> bool:
    """Run a process until it ends or the fuse has burnt down, and then nothing of it is left."""
    before = asyncio.all_tasks()
    process_task = asyncio.create_task(going)
    fuse_task = asyncio.create_task(fuse.burnt.wait())
    await asyncio.wait((process_task, fuse_task), return_when=asyncio.FIRST_COMPLETED)
    is_killed = not process_task.done()
    if not is_killed:
        await process_task
    left = asyncio.all_tasks() - before
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return is_killed


async def test_crash_beside_any_effect_leaves_nothing_unpublished(tmp_path: Path) -> None:
    seen: set[str] = set()
    for length in count(1):
        assert length < 100
        store = SqliteStore(tmp_path / f"{length}.db", DOMAIN.plural)
        producer, fuse = MemoryProducer(), Fuse(length)
        await begin(store, KEY, 3)
        if not await killed(fuse, process(store, producer, fuse, "new")):
            await store.close()
            break
        seen.add(fuse.where)
        # Another process: what is in no log is appended; the timer publishes.
        is_logged = bool(await store.log.find(KEY, ["new"]))
        await process(store, producer, Fuse(0), None if is_logged else "new")
        assert producer.consumed(KEY) == [1, 2, 3, 4], fuse.where
        assert await marked(store) == [], fuse.where
        by_place = {each.properties["sequence"]: each for each in producer.events[KEY]}
        assert all(by_place[e.properties["sequence"]] == e for e in producer.events[KEY])
        await store.close()
    assert seen >= {f"{side} {each}" for side in ("before", "after") for each in EFFECTS}
