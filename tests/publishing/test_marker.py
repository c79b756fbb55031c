"""Whoever crashes, and in whatever order: what is not published has a marker.

The real emitter, follower and backlog run over a real store, stopped before each call that
matters and let go in all orders. What holds after every step holds after a crash at that moment.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from activities.arrivals import Arrivals
from activities.emit import Emitter
from publishing.backlog import Backlog
from publishing.follower import Follower
from publishing.publisher import Publisher
from store.app_port import AppStore
from store.port import Entry, Head
from store.publications_port import Cursor, Marker
from tests.publishing.memory_producer import MemoryProducer
from tests.publishing.schedules import Actor, Drawn, Exhaustive, Gate
from tests.store.examples import NOON
from tests.triggers.memory_hub import MemoryHub
from todos import TodoRequest, last_id


async def _mark_nothing(*_: object) -> None:
    """An append tells nobody."""


class GatedLog:
    """The log, one step at a time."""

    def __init__(self, store: AppStore, gate: Gate) -> None:
        self._log, self._gate = store.log, gate
        self.before_head: Callable[..., Awaitable[None]] = _mark_nothing
        self.find, self.get, self.read = store.log.find, store.log.get, store.log.read

    async def head(self, project_id: int) -> Head:
        await self.before_head(project_id, NOON)
        return await self._gate.step(lambda: self._log.head(project_id))

    async def append(self, p: int, head: Head, state: int, entries: Sequence[Entry]) -> None:
        await self._gate.step(lambda: self._log.append(p, head, state, entries))

    async def entries(self, project_id: int, after: int, limit: int) -> list[Entry]:
        return await self._gate.step(lambda: self._log.entries(project_id, after, limit))

    async def fence(self, project_id: int, head: Head) -> None:
        await self._gate.step(lambda: self._log.fence(project_id, head))


class GatedPublications:
    """Markers and cursors, one step at a time."""

    def __init__(self, store: AppStore, gate: Gate, project_id: int) -> None:
        self._inner, self._gate, self._project = store.publications, gate, project_id

    async def mark(self, project_id: int, at: Any) -> None:
        await self._gate.step(lambda: self._inner.mark(project_id, at))

    async def marked(self) -> Any:
        yield await self._gate.step(self._markers)

    async def _markers(self) -> list[Marker]:
        found = [each async for page in self._inner.marked() for each in page]
        return [each for each in found if each.project_id == self._project]

    async def unmark(self, marker: Marker) -> None:
        await self._gate.step(lambda: self._inner.unmark(marker))

    async def cursor(self, project_id: int) -> Cursor:
        return await self._gate.step(lambda: self._inner.cursor(project_id))

    async def move(self, project_id: int, cursor: Cursor, last: int) -> None:
        await self._gate.step(lambda: self._inner.move(project_id, cursor, last))


class GatedStore:
    """What the emitter sees of the store."""

    def __init__(self, store: AppStore, log: GatedLog) -> None:
        self.inbox, self.log = store.inbox, log
        self.check, self.close = store.check, store.close


class World:
    """One project, seen by processes that share nothing but the store."""

    marks_before_reading = False

    def __init__(self, store: AppStore, project_id: int) -> None:
        self.project_id = project_id
        self.producer = MemoryProducer()
        self.gate = Gate()
        self._store = store
        self._log = GatedLog(store, self.gate)
        self._publications = GatedPublications(store, self.gate, project_id)

    def emitting(self, title: str) -> Actor:
        """A process whose entity has a request that is not in the log."""

        class Unhurried(Follower):
            def appended(self, project_id: int) -> None:
                """The backlog has to do without it."""

        async def run() -> object:
            follower = Unhurried(self._publisher(), self._publications, lambda: NOON)
            todos = GatedLog(self._store, self.gate)
            if self.marks_before_reading:
                todos.before_head = self._publications.mark
            emitter = Emitter(GatedStore(self._store, todos), Arrivals(), follower)
            hub = MemoryHub(emitter)
            request = TodoRequest(self.project_id, title, title)
            await hub.create(self.project_id, [request])
            return await emitter.emit({self.project_id: [title]}, hub)

        return run

    def publishing(self) -> Actor:
        """A process whose timer has come."""

        async def run() -> object:
            backlog = Backlog(
                self._log, self._publications, self._publisher(), lambda: NOON, Random(1)
            )
            return await backlog.publish(unmark_after=timedelta(0))

        return run

    def _publisher(self) -> Publisher:
        return Publisher(self._log, self._publications, self.producer)

    async def is_safe(self) -> bool:
        last = last_id((await self._store.log.head(self.project_id)).state)
        cursor = (await self._store.publications.cursor(self.project_id)).last
        return cursor == last or await self.is_marked()

    async def is_marked(self) -> bool:
        pages = [page async for page in self._store.publications.marked()]
        return any(each.project_id == self.project_id for page in pages for each in page)


Actors = Callable[[World], list[Actor]]

ONE_AND_ONE: Actors = lambda world: [world.emitting("a"), world.publishing()]  # noqa: E731
TWO_AND_TWO: Actors = lambda world: [  # noqa: E731
    world.emitting("a"),
    world.publishing(),
    world.emitting("b"),
    world.publishing(),
]


async def explore(
    store: AppStore, choices: Exhaustive | Drawn, actors: Actors, *, begun: bool
) -> tuple[int, int]:
    """Run all of them; return in how many something was unsafe, and in how many all was clean."""
    unsafe = clean = 0
    more = True
    while more:
        world = World(store, choices.runs + 1)
        if begun:  # a TODO before, published, and the marker still there
            await World(store, world.project_id).emitting("0")()
            await store.publications.move(world.project_id, Cursor(0, None), 1)
        safe = [await world.is_safe() async for _ in world.gate.play(actors(world), choices)]
        unsafe += not all(safe)
        # What is left over is for the next timer, which finds everybody gone.
        await world.publishing()()
        clean += not await world.is_marked()
        last = last_id((await store.log.head(world.project_id)).state)
        first = 2 if begun else 1
        if all(safe):
            assert world.producer.consumed(world.project_id) == list(range(first, last + 1))
        more = choices.next_run()
    return unsafe, clean


@pytest.mark.parametrize("begun", [True, False])
async def test_in_every_order_of_an_append_and_a_round_of_publishing(
    store: AppStore, *, begun: bool
) -> None:
    choices = Exhaustive()
    unsafe, clean = await explore(store, choices, ONE_AND_ONE, begun=begun)
    assert choices.runs > (25 if begun else 5)
    assert (unsafe, clean) == (0, choices.runs)


@pytest.mark.parametrize("seed", range(4))
async def test_in_many_orders_of_two_appends_and_two_rounds(store: AppStore, seed: int) -> None:
    choices = Drawn(seed, runs=60)
    assert await explore(store, choices, TWO_AND_TWO, begun=seed % 2 == 0) == (0, 60)


async def _no_fence(*_: object) -> None:
    """A marker is taken away although an append may be under way."""


async def _unmark_anything(self: GatedPublications, _: Marker) -> None:
    """A marker is taken away whoever set it."""

    async def call() -> None:
        for each in await self._markers():
            await self._inner.unmark(each)

    await self._gate.step(call)


@pytest.mark.parametrize(
    ("where", "broken"),
    [
        (f"{__name__}.GatedLog.fence", _no_fence),
        (f"{__name__}.GatedPublications.unmark", _unmark_anything),
        (f"{__name__}.GatedPublications.mark", _mark_nothing),
    ],
)
async def test_what_is_left_out_is_missed(
    store: AppStore, where: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = where.rpartition(".")[2]
    target = GatedLog if "GatedLog" in where else GatedPublications
    monkeypatch.setattr(target, name, broken)
    unsafe, _ = await explore(store, Exhaustive(), ONE_AND_ONE, begun=True)
    assert unsafe > 0


async def test_a_marker_set_before_the_head_is_read_is_missed(
    store: AppStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "marks_before_reading", True)
    monkeypatch.setattr(Follower, "expect", _mark_nothing)
    unsafe, _ = await explore(store, Exhaustive(), ONE_AND_ONE, begun=True)
    assert unsafe > 0
