import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.arrivals import Arrivals
from store.port import Unknown
from store.sqlite import SqliteStore
from tests.triggers.scripted_store import Before, ScriptedStore
from todos import Todo, TodoRequest
from triggers import waiting
from triggers.waiting import PAUSES_SECONDS, wait_for_todo

MILK = TodoRequest(7, "milk", "Buy milk")
TODO = Todo(7, 1, "Buy milk")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ScriptedStore]:
    opened = ScriptedStore(SqliteStore(tmp_path / "todos.db"))
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PAUSES_SECONDS", (0.001, 0.002))


async def wait(store: ScriptedStore, arrivals: Arrivals, seconds: float) -> Todo | None:
    with arrivals.expect(7, "milk") as arrival:
        return await wait_for_todo(store.log, MILK, arrival, seconds)


async def test_in_one_process_the_wake_up_comes_without_a_look(
    store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PAUSES_SECONDS", (60.0,))
    arrivals = Arrivals()
    waiter = asyncio.create_task(wait(store, arrivals, 60))
    await asyncio.sleep(0)
    arrivals.announce("milk", TODO)
    async with asyncio.timeout(5):
        assert await waiter == TODO
    assert store.calls == []


async def test_a_wake_up_before_the_wait_is_not_missed(store: ScriptedStore) -> None:
    arrivals = Arrivals()
    with arrivals.expect(7, "milk") as arrival:
        arrivals.announce("milk", TODO)
        assert await wait_for_todo(store.log, MILK, arrival, 60) == TODO


async def test_a_todo_of_another_instance_is_found_by_looking(store: ScriptedStore) -> None:
    store.script["log.find"] = [None, lambda: store.finish(MILK)]
    assert await wait(store, Arrivals(), 60) == TODO
    assert store.calls == ["log.find", "log.find"]


def test_it_looks_ever_less_often() -> None:
    assert list(PAUSES_SECONDS) == sorted(PAUSES_SECONDS)
    assert sum(PAUSES_SECONDS) > 1  # so that five seconds cost fewer than ten looks


async def test_when_time_is_over_there_is_no_todo(store: ScriptedStore) -> None:
    assert await wait(store, Arrivals(), 0.01) is None


async def test_it_looks_once_more_when_time_is_over(
    store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PAUSES_SECONDS", (60.0,))
    await store.finish(MILK)
    assert await wait(store, Arrivals(), 0.01) == TODO


async def test_no_time_is_no_look(store: ScriptedStore) -> None:
    assert await wait(store, Arrivals(), 0) is None
    assert store.calls == []


async def test_a_log_that_does_not_answer_is_asked_again(store: ScriptedStore) -> None:
    await store.finish(MILK)
    store.script["log.find"] = [Before(Unknown("lost"))] * 2
    assert await wait(store, Arrivals(), 60) == TODO
    assert len(store.calls) == 3


async def test_a_log_that_hangs_does_not_lengthen_the_wait(store: ScriptedStore) -> None:
    store.script["log.find"] = [asyncio.Event().wait]
    async with asyncio.timeout(5):
        assert await wait(store, Arrivals(), 0.02) is None
