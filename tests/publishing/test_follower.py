"""Publishing right after an append is in nobody's way, whatever the hub does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from activities.arrivals import Arrivals
from activities.emit import Emitter
from publishing.follower import PAUSE_SECONDS, PROJECTS_WAITING_MAX, RUNS_AT_ONCE_MAX, Follower
from publishing.publisher import Publisher
from store.port import Unknown
from store.sqlite import SqliteStore
from tests.publishing.memory_producer import MemoryProducer, Way
from tests.store.examples import NOON, append, some_requests
from tests.triggers.memory_hub import MemoryHub
from todos import TodoRequest


@dataclass
class Clock:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class App:
    """An emitter that is followed, and the hub that it is published to."""

    store: SqliteStore
    producer: MemoryProducer
    follower: Follower
    hub: MemoryHub
    clock: Clock

    async def create(self, project_id: int, *titles: str) -> None:
        requests = [TodoRequest(project_id, each, each) for each in titles]
        await self.hub.create(project_id, requests)
        await self.hub.start({project_id: list(titles)})
        await self.hub.idle()

    async def last(self, project_id: int) -> int:
        return (await self.store.log.head(project_id)).state


@pytest.fixture
async def app(store: SqliteStore) -> AsyncIterator[App]:
    producer, clock = MemoryProducer(), Clock()
    publisher = Publisher(store.log, store.publications, producer)
    follower = Follower(publisher, store.publications, lambda: NOON, clock)
    yield App(store, producer, follower, MemoryHub(Emitter(store, Arrivals(), follower)), clock)
    for task in follower._tasks:
        task.cancel()
    for run in list(publisher._runs._lanes.values()):
        assert run.run is not None
        run.run.cancel()
    await asyncio.gather(*follower._tasks, return_exceptions=True)


async def test_what_was_appended_is_published_at_once(app: App) -> None:
    await app.create(7, "a", "b")
    await app.create(8, "c")
    await app.follower.idle()
    assert (app.producer.ids(7), app.producer.ids(8)) == ([1, 2], [1])


async def test_the_marker_is_there_before_the_entries(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    for name, part, call in (
        ("head", app.store.log, app.store.log.head),
        ("mark", app.store.publications, app.store.publications.mark),
        ("append", app.store.log, app.store.log.append),
    ):

        async def noted(*values: object, name: str = name, call: object = call) -> object:
            order.append(name)
            assert callable(call)
            return await call(*values)

        monkeypatch.setattr(part, name, noted)
    await app.create(7, "a")
    assert order[:3] == ["head", "mark", "append"]


async def test_nothing_is_appended_that_could_not_be_marked(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(*_: object) -> None:
        raise Unknown("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(app.store.publications, "mark", lose)
        await app.create(7, "a")
    assert await app.last(7) == 0
    await app.create(7, "a")
    assert await app.last(7) == 1


@pytest.mark.parametrize("way", [Way.BEFORE, Way.PARTLY, Way.AFTER, Way.HANGING])
async def test_an_append_does_not_feel_what_the_hub_does(app: App, way: Way) -> None:
    app.producer.way = way
    async with asyncio.timeout(10):  # a hanging send would take for ever
        for n in range(20):
            await app.create(7, f"TODO {n}")
            await app.create(8, f"TODO {n}")
    assert (await app.last(7), await app.last(8)) == (20, 20)
    markers = [each.project_id async for page in app.store.publications.marked() for each in page]
    assert markers == [7, 8]


async def test_a_hub_that_fails_is_left_alone_for_a_while(app: App) -> None:
    app.producer.way = Way.BEFORE
    await app.create(7, "a")
    await app.follower.idle()
    tried = app.producer.sends
    await app.create(7, "b")
    await app.create(8, "c")
    await app.follower.idle()
    assert app.producer.sends == tried == 1
    app.producer.way = Way.WELL
    app.clock.seconds += PAUSE_SECONDS + 0.1
    await app.create(7, "d")
    await app.follower.idle()
    assert app.producer.ids(7) == [1, 2, 3]


async def test_a_hub_that_hangs_does_not_fill_the_memory(app: App) -> None:
    await append(app.store.log, 1, some_requests(1, range(1)))
    app.producer.way = Way.HANGING
    app.follower.appended(1)
    async with asyncio.timeout(10):
        await app.producer.hanging.wait()
    for _ in range(3):
        for project_id in range(1, PROJECTS_WAITING_MAX + 500):
            app.follower.appended(project_id)
    assert len(app.follower._tasks) <= PROJECTS_WAITING_MAX + RUNS_AT_ONCE_MAX


async def test_an_append_during_a_run_is_published_by_the_next(app: App) -> None:
    for n in range(50):
        await app.create(7, f"TODO {n}")  # the runs go on meanwhile
    await app.follower.idle()
    assert app.producer.ids(7) == list(range(1, 51))
