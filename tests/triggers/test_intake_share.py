"""One project whose store is slow takes its share of the room in a process, and no more."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.port import Unknown
from store.sqlite import SqliteStore
from tests.store.examples import NOON
from tests.triggers.noting_hub import NotingHub
from tests.triggers.scripted_store import Before, Gate, ScriptedStore
from todos import TodoRequest
from triggers import intake as module
from triggers.announcer import Announcer
from triggers.intake import Accepted, Intake, NotAccepted, Overloaded


def asking(project_id: int, *names: str) -> list[TodoRequest]:
    return [TodoRequest(project_id, each, "Buy milk") for each in names]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ScriptedStore]:
    opened = ScriptedStore(SqliteStore(tmp_path / "todos.db"))
    yield opened
    await opened.close()


@pytest.fixture
def intake(store: ScriptedStore, monkeypatch: pytest.MonkeyPatch) -> Intake:
    """With room for ten, and so for five of one project."""
    monkeypatch.setattr(module, "REQUESTS_WAITING_MAX", 10)
    return Intake(store, Announcer(), now=lambda: NOON)


async def held(
    intake: Intake, store: ScriptedStore, *names: str
) -> tuple[Gate, asyncio.Task[object]]:
    """Have requests of project 7 wait for a store that does not answer."""
    gate = Gate()
    store.script["inbox.put"] = [gate]
    task = asyncio.create_task(intake.accept(asking(7, *names), NotingHub()))
    await gate.reached.wait()
    return gate, task


async def test_a_slow_project_is_turned_away_at_its_share_and_the_others_are_not(
    intake: Intake, store: ScriptedStore
) -> None:
    gate, slow = await held(intake, store, "a", "b", "c", "d")
    more = asyncio.create_task(intake.accept(asking(7, "e"), NotingHub()))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await intake.accept(asking(7, "f"), NotingHub())
    assert await intake.accept(asking(8, *"abcde"), NotingHub()) == [Accepted()] * 5
    gate.opened.set()
    assert await slow == [Accepted()] * 4
    assert await more == [Accepted()]
    assert await intake.accept(asking(7, "f"), NotingHub()) == [Accepted()]


async def test_a_batch_that_is_the_first_of_its_project_may_be_of_any_size(
    intake: Intake, store: ScriptedStore
) -> None:
    gate, slow = await held(intake, store, "a")
    assert await intake.accept(asking(8, *"abcdefg"), NotingHub()) == [Accepted()] * 7
    gate.opened.set()
    await slow


async def test_a_batch_with_one_request_too_many_is_turned_away_whole(
    intake: Intake, store: ScriptedStore
) -> None:
    gate, slow = await held(intake, store, *"abcde")
    with pytest.raises(Overloaded):
        await intake.accept([*asking(8, "a"), *asking(7, "f")], NotingHub())
    assert await store.real.inbox.count(8, 10) == 0
    gate.opened.set()
    await slow


async def test_whatever_the_outcome_the_room_is_given_back(
    intake: Intake, store: ScriptedStore
) -> None:
    lost = Unknown("lost")
    for _ in range(3):
        store.script["inbox.put"] = [Before(lost)]
        with pytest.raises(NotAccepted):
            await intake.accept(asking(7, *"abcde"), NotingHub())
    gate, slow = await held(intake, store, *"abcde")
    slow.cancel()
    gate.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert await intake.accept(asking(7, *"abcde"), NotingHub()) == [Accepted()] * 5
    assert not intake._waiting_of  # nothing is kept of projects that are done
