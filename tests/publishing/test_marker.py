"""Whoever crashes, and in whatever order: what is not published has a marker.

Real appends and rounds of publishing run over a real store, stopped before each call that matters
and let go in all orders. What holds after every step holds after a crash at that moment.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from typing_extensions import override

from publishing.catch_up import CatchUpPublisher
from publishing.marking_log import MarkingLog
from publishing.publisher import Publisher
from store.ports.publications import Cursor, Marker
from store.ports.records import Answered, Conflict, Entry, Head
from store.sqlite.store import SqliteStore
from tests.domain_under_test import nth_key
from tests.publishing.memory_producer import MemoryProducer
from tests.publishing.parts import NOON, TELL, append, parts
from tests.publishing.schedules import Actor, Drawn, Exhaustive, Gate


class GatedLog:
    """The log, one step at a time."""

    def __init__(self, store: SqliteStore, gate: Gate) -> None:
        self._log, self._gate = store.log, gate
        self.find, self.get, self.tail = store.log.find, store.log.get, store.log.tail

    async def head(self, key: str) -> Head:
        return await self._gate.step(lambda: self._log.head(key))

    async def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        return await self._gate.step(lambda: self._log.append(key, head, after, answered))

    async def read(self, key: str, after: int, limit: int) -> list[Entry]:
        return await self._gate.step(lambda: self._log.read(key, after, limit))

    async def fence(self, key: str, head: Head) -> Head:
        return await self._gate.step(lambda: self._log.fence(key, head))


class GatedPublications:
    """Markers and cursors, one step at a time."""

    def __init__(self, store: SqliteStore, gate: Gate, key: str) -> None:
        self._inner, self._gate, self._key = store.publications, gate, key

    async def mark(self, key: str, at: datetime) -> None:
        await self._gate.step(lambda: self._inner.mark(key, at))

    async def marked(self) -> Any:
        yield await self._gate.step(self._markers)

    async def _markers(self) -> list[Marker]:
        found = [each async for page in self._inner.marked() for each in page]
        return [each for each in found if each.key == self._key]

    async def unmark(self, marker: Marker) -> None:
        await self._gate.step(lambda: self._inner.unmark(marker))

    async def cursor(self, key: str) -> Cursor:
        return await self._gate.step(lambda: self._inner.cursor(key))

    async def move(self, key: str, cursor: Cursor, place: int, trail: str) -> Cursor:
        return await self._gate.step(lambda: self._inner.move(key, cursor, place, trail))


class EarlyMarks(MarkingLog):
    """A mistake: the marker is set before the head is read, and not again."""

    @override
    async def head(self, key: str) -> Head:
        await self._publications.mark(key, NOON)
        return await super().head(key)

    @override
    async def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        return await self._log.append(key, head, after, answered)


class World:
    """One key, seen by processes that share nothing but the store."""

    marking: type[MarkingLog] = MarkingLog

    def __init__(self, store: SqliteStore, key: str) -> None:
        self.key = key
        self.producer = MemoryProducer()
        self.gate = Gate()
        self.store = store
        self._log: Any = GatedLog(store, self.gate)
        self._publications: Any = GatedPublications(store, self.gate, self.key)

    def appending(self, request_id: str) -> Actor:
        """A process that appends, and starts over when the head has moved."""

        async def run() -> object:
            log = self.marking(self._log, self._publications, lambda: NOON, lambda _: None)
            for _ in range(10):
                try:
                    return await append(log, self.key, [request_id])
                except Conflict:
                    continue
            raise AssertionError("ten conflicts")

        return run

    def publishing(self) -> Actor:
        """A process whose timer has come."""

        async def run() -> object:
            catch_up = CatchUpPublisher(
                self._log,
                self._publications,
                Publisher(parts(self._log, self._publications, self.producer)),
                TELL,
                lambda: NOON,
                Random(1),
                lambda *_: None,
            )
            return await catch_up.publish(unmark_after=timedelta(0))

        return run

    async def is_safe(self) -> bool:
        last = (await self.store.log.head(self.key)).place
        cursor = (await self.store.publications.cursor(self.key)).place
        return cursor == last or await self.is_marked()

    async def is_marked(self) -> bool:
        pages = [page async for page in self.store.publications.marked()]
        return any(each.key == self.key for page in pages for each in page)


Actors = Callable[[World], list[Actor]]

ONE_AND_ONE: Actors = lambda world: [world.appending("a"), world.publishing()]  # noqa: E731
TWO_AND_TWO: Actors = lambda world: [  # noqa: E731
    world.appending("a"),
    world.publishing(),
    world.appending("b"),
    world.publishing(),
]


async def explore(
    store: SqliteStore, choices: Exhaustive | Drawn, actors: Actors, *, begun: bool
) -> tuple[int, int]:
    """Run all of them; return in how many something was unsafe, and in how many all was clean."""
    unsafe = clean = 0
    more = True
    while more:
        world = World(store, nth_key(choices.runs + 1))
        if begun:  # an entry before, published, and the marker still there
            await World(store, world.key).appending("0")()
            await Publisher(parts(store.log, store.publications, MemoryProducer())).publish(
                world.key
            )
        safe = [await world.is_safe() async for _ in world.gate.play(actors(world), choices)]
        unsafe += not all(safe)
        # What is left over is for the next timer, which finds everybody gone.
        await world.publishing()()
        clean += not await world.is_marked()
        last = (await store.log.head(world.key)).place
        first = 2 if begun else 1
        if all(safe):
            assert world.producer.consumed(world.key) == list(range(first, last + 1))
        more = choices.next_run()
    return unsafe, clean


@pytest.mark.parametrize("begun", [True, False])
async def test_every_order_of_an_append_and_a_round_is_safe(
    store: SqliteStore, *, begun: bool
) -> None:
    choices = Exhaustive()
    unsafe, clean = await explore(store, choices, ONE_AND_ONE, begun=begun)
    assert choices.runs > (25 if begun else 5)
    assert (unsafe, clean) == (0, choices.runs)


@pytest.mark.parametrize("seed", range(4))
async def test_many_orders_of_two_appends_and_two_rounds_are_safe(
    store: SqliteStore, seed: int
) -> None:
    choices = Drawn(seed, runs=60)
    assert await explore(store, choices, TWO_AND_TWO, begun=seed % 2 == 0) == (0, 60)


async def _nothing(_: object, __: str, head: Any = None) -> Any:
    """No marker is set; a fence leaves the head as it is."""
    return head


async def _unmark_anything(self: GatedPublications, _: Marker) -> None:
    """A marker is taken away whoever set it."""

    async def call() -> None:
        for each in await self._markers():
            await self._inner.unmark(each)

    await self._gate.step(call)


@pytest.mark.parametrize(
    ("target", "name", "broken"),
    [
        (GatedLog, "fence", _nothing),
        (GatedPublications, "unmark", _unmark_anything),
        (GatedPublications, "mark", _nothing),
    ],
)
async def test_step_that_is_left_out_is_missed(
    store: SqliteStore, target: type, name: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, name, broken)
    unsafe, _ = await explore(store, Exhaustive(), ONE_AND_ONE, begun=True)
    assert unsafe > 0


async def test_marker_set_before_the_head_is_read_is_missed(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "marking", EarlyMarks)
    unsafe, _ = await explore(store, Exhaustive(), ONE_AND_ONE, begun=True)
    assert unsafe > 0
