import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from store.port import Unknown
from store.sqlite import SqliteStore
from tests.store.examples import NOON
from tests.triggers.noting_hub import NotingHub, until
from tests.triggers.scripted_store import Before, Gate, ScriptedStore
from todos import TodoRequest
from triggers import sweeper
from triggers.announcer import Announcer
from triggers.sweeper import PROJECTS_AT_ONCE_MAX, sweep

AGE = timedelta(seconds=5)
LATER = NOON + timedelta(seconds=6)

MILK = TodoRequest(7, "milk", "Buy milk")
RENT = TodoRequest(7, "rent", "Pay the rent")
COWS = TodoRequest(8, "cows", "Milk the cows")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ScriptedStore]:
    opened = ScriptedStore(SqliteStore(tmp_path / "todos.db"))
    yield opened
    await opened.close()


@pytest.fixture
def hub() -> NotingHub:
    return NotingHub()


async def test_what_waits_too_long_starts_over(store: ScriptedStore, hub: NotingHub) -> None:
    await store.put(MILK, RENT, COWS)
    assert await sweep(store, Announcer(), hub, LATER, AGE) == 3
    assert sorted(hub.created) == [(7, ["milk", "rent"]), (8, ["cows"])]
    assert hub.started == [{7: ["milk", "rent"], 8: ["cows"]}]
    assert await store.waiting() == [MILK, RENT, COWS]


async def test_what_has_just_come_is_left_alone(store: ScriptedStore, hub: NotingHub) -> None:
    await store.put(MILK, at=LATER - AGE)
    assert await sweep(store, Announcer(), hub, LATER, AGE) == 0
    assert (hub.created, hub.started) == ([], [])


async def test_what_is_in_the_log_is_cleared_up_and_not_started_again(
    store: ScriptedStore, hub: NotingHub
) -> None:
    await store.finish(MILK)
    await store.put(MILK, RENT)  # as when the emitter died before it cleared up
    await sweep(store, Announcer(), hub, LATER, AGE)
    assert hub.settled == [(7, 1, ["milk"])]
    assert hub.created == [(7, ["rent"])]
    assert await store.waiting() == [RENT]


async def test_a_late_row_with_other_content_is_cleared_up_as_well(
    store: ScriptedStore, hub: NotingHub
) -> None:
    await store.finish(MILK)
    await store.put(TodoRequest(7, "milk", "Sell milk"))
    await sweep(store, Announcer(), hub, LATER, AGE)
    assert await store.waiting() == []
    assert hub.created == []


@pytest.mark.parametrize("call", ["log.find", "log.head", "inbox.remove"])
async def test_a_project_that_fails_is_left_for_next_time_and_in_nobodys_way(
    store: ScriptedStore, hub: NotingHub, call: str
) -> None:
    await store.finish(MILK)
    await store.put(MILK, COWS)
    store.script[call] = [Before(Unknown("lost"))]
    assert await sweep(store, Announcer(), hub, LATER, AGE) == 2
    assert hub.created == [(8, ["cows"])]
    await sweep(store, Announcer(), hub, LATER, AGE)
    assert await store.waiting() == [COWS]


async def test_a_hub_that_is_down_stops_no_sweep(store: ScriptedStore, hub: NotingHub) -> None:
    await store.finish(MILK)
    await store.put(MILK, RENT, COWS)
    hub.fails = True
    assert await sweep(store, Announcer(), hub, LATER, AGE) == 3
    assert await store.waiting() == [RENT, COWS]


async def test_nothing_is_removed_that_was_not_seen_in_the_log(
    store: ScriptedStore, hub: NotingHub
) -> None:
    await store.put(MILK)
    for _ in range(3):
        await sweep(store, Announcer(), hub, LATER, AGE)
    assert await store.waiting() == [MILK]


async def test_an_inbox_that_cannot_be_read_stops_the_sweep_but_not_what_it_has_taken_up(
    store: ScriptedStore, hub: NotingHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> AsyncIterator[list[TodoRequest]]:
        yield [MILK]
        raise Unknown("lost")

    monkeypatch.setattr(type(store.inbox), "waiting", broken)
    with pytest.raises(Unknown):
        await sweep(store, Announcer(), hub, LATER, AGE)
    assert hub.created == [(7, ["milk"])]


async def test_a_project_that_hangs_leaves_room_for_others(
    store: ScriptedStore, hub: NotingHub
) -> None:
    gate = Gate()
    store.script["log.find"] = [gate]
    await store.put(MILK, COWS)
    sweeping = asyncio.create_task(sweep(store, Announcer(), hub, LATER, AGE))
    await until(lambda: hub.created == [(8, ["cows"])])
    gate.opened.set()
    assert await sweeping == 2
    assert hub.created[1:] == [(7, ["milk"])]


async def test_no_more_projects_are_taken_up_at_once_than_may(
    store: ScriptedStore, hub: NotingHub
) -> None:
    gate, projects = Gate(), 2 * PROJECTS_AT_ONCE_MAX
    store.script["log.find"] = [gate] * projects
    await store.put(*(TodoRequest(n, "r", "Buy milk") for n in range(1, projects + 1)))
    sweeping = asyncio.create_task(sweep(store, Announcer(), hub, LATER, AGE))
    await gate.reached.wait()
    await until(lambda: store.calls.count("log.find") == PROJECTS_AT_ONCE_MAX)
    for _ in range(100):
        await asyncio.sleep(0)
    assert store.calls.count("log.find") == PROJECTS_AT_ONCE_MAX
    gate.opened.set()
    assert await sweeping == projects


async def test_a_long_backlog_of_one_project_is_taken_up_in_parts(
    store: ScriptedStore, hub: NotingHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "REQUESTS_PER_PROJECT_MAX", 2)
    many = [TodoRequest(7, f"r{n}", "Buy milk") for n in range(5)]
    for n, request in enumerate(many):
        await store.put(request, at=NOON + timedelta(milliseconds=n))
    await store.put(COWS)
    assert await sweep(store, Announcer(), hub, LATER, AGE) == 3
    assert sorted(hub.created) == [(7, ["r0", "r1"]), (8, ["cows"])]
