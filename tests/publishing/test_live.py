"""Publishing right after an append is off the request path, whatever the hub does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from publishing.live import KEYS_WAITING_MAX, PAUSE_SECONDS, RUNS_AT_ONCE_MAX, LivePublisher
from publishing.marking_log import MarkingLog
from publishing.publisher import Publisher
from store.ports.records import Unknown
from store.sqlite.store import SqliteStore
from tests.domain_under_test import KEY, OTHER_KEY
from tests.publishing.memory_producer import MemoryProducer, Way
from tests.publishing.parts import TELL, append, marked, parts


@dataclass
class Clock:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class App:
    """A log whose appends are published."""

    store: SqliteStore
    producer: MemoryProducer
    live: LivePublisher
    log: MarkingLog
    clock: Clock

    async def append(self, key: str, *ids: str) -> None:
        await append(self.log, key, list(ids))

    async def place(self, key: str) -> int:
        return (await self.store.log.head(key)).place


@pytest.fixture(name="app")
async def _app(store: SqliteStore) -> AsyncIterator[App]:
    producer, clock = MemoryProducer(), Clock()
    publisher = Publisher(parts(store.log, store.publications, producer))
    live = LivePublisher(publisher, TELL, clock)
    log = MarkingLog(store.log, store.publications, lambda: datetime.now(UTC), live.appended)
    yield App(store, producer, live, log, clock)
    tasks = [*live._tasks, *publisher._runs._runs]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_was_appended_is_published_at_once(app: App) -> None:
    await app.append(KEY, "a", "b")
    await app.append(OTHER_KEY, "c")
    await app.live.idle()
    assert (app.producer.places(KEY), app.producer.places(OTHER_KEY)) == ([1, 2], [1])


async def test_nothing_is_appended_that_could_not_be_marked(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(*_: object) -> None:
        raise Unknown("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(app.store.publications, "mark", lose)
        with pytest.raises(Unknown):
            await app.append(KEY, "a")
    assert await app.place(KEY) == 0


@pytest.mark.parametrize("way", [Way.BEFORE, Way.PARTLY, Way.AFTER, Way.HANGING])
async def test_append_does_not_feel_what_the_hub_does(app: App, way: Way) -> None:
    app.producer.way = way
    async with asyncio.timeout(20):  # a hanging send would take for ever
        for n in range(20):
            await app.append(KEY, f"a{n}")
            await app.append(OTHER_KEY, f"a{n}")
    assert (await app.place(KEY), await app.place(OTHER_KEY)) == (20, 20)
    assert await marked(app.store) == [KEY, OTHER_KEY]


async def test_hub_that_fails_is_left_alone_for_a_while(app: App) -> None:
    app.producer.way = Way.BEFORE
    await app.append(KEY, "a")
    await app.live.idle()
    tried = app.producer.sends
    await app.append(KEY, "b")
    await app.append(OTHER_KEY, "c")
    await app.live.idle()
    assert app.producer.sends == tried == 1
    app.producer.way = Way.WELL
    app.clock.seconds += PAUSE_SECONDS + 0.1
    await app.append(KEY, "d")
    await app.live.idle()
    assert app.producer.places(KEY) == [1, 2, 3]


async def test_key_whose_store_fails_pauses_alone(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = app.store.publications.cursor

    async def broken(key: str) -> object:
        if key == OTHER_KEY:
            raise Unknown("no answer")
        return await cursor(key)

    monkeypatch.setattr(app.store.publications, "cursor", broken)
    for n in range(10):
        await app.append(OTHER_KEY, f"x{n}")
        await app.append(KEY, f"a{n}")
        await app.live.idle()
        assert app.producer.places(KEY) == list(range(1, n + 2))
    assert app.producer.places(OTHER_KEY) == []


async def test_hub_that_hangs_does_not_fill_the_memory(app: App) -> None:
    await append(app.store.log, KEY, ["a"])
    app.producer.way = Way.HANGING
    app.live.appended(KEY)
    async with asyncio.timeout(10):
        await app.producer.hanging.wait()
    for _ in range(3):
        for key in range(1, KEYS_WAITING_MAX + 500):
            app.live.appended(str(key))
    assert len(app.live._tasks) <= KEYS_WAITING_MAX + RUNS_AT_ONCE_MAX


async def test_append_during_a_run_is_published_by_the_next(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appended after the run has read the log, before it ends."""
    move = app.store.publications.move
    done = False

    async def appending(*args: object) -> object:
        nonlocal done
        if not done:
            done = True
            await app.append(KEY, "late")
        return await move(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(app.store.publications, "move", appending)
    await app.append(KEY, "a")
    await app.live.idle()
    assert app.producer.places(KEY) == [1, 2]
