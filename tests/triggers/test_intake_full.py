"""A project that runs out of ids refuses before it accepts."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from store.port import Entry
from store.sqlite import SqliteStore
from tests.store.examples import NOON
from tests.triggers.noting_hub import NotingHub
from tests.triggers.scripted_store import ScriptedStore
from todos import ID_MAX, Todo, TodoRequest
from triggers import intake as module
from triggers.announcer import Announcer
from triggers.intake import Accepted, Created, Intake, Reason, Refused

FULL = Refused(Reason.PROJECT_FULL)


def asking(*names: str, project_id: int = 7) -> list[TodoRequest]:
    return [TodoRequest(project_id, each, "Buy milk") for each in names]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ScriptedStore]:
    opened = ScriptedStore(SqliteStore(tmp_path / "todos.db"))
    yield opened
    await opened.close()


class Clock:
    """Time as a test sets it."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def intake(store: ScriptedStore, clock: Clock) -> Intake:
    return Intake(store, Announcer(), now=clock)


async def fill(store: ScriptedStore, last: int, project_id: int = 7) -> None:
    """Make `last` the last id that was given out."""
    head = await store.real.log.head(project_id)
    entry = Entry("filled", Todo(project_id, last, "Buy milk"))
    await store.real.log.append(project_id, head, last, [entry])


async def test_what_fits_is_accepted_and_the_rest_refused(
    intake: Intake, store: ScriptedStore
) -> None:
    await fill(store, ID_MAX - 2)
    outcomes = await intake.accept(asking("a", "b", "c", "d"), NotingHub())
    assert outcomes == [Accepted(), Accepted(), FULL, FULL]
    assert await store.waiting() == asking("a", "b")


async def test_what_waits_for_its_id_counts(intake: Intake, store: ScriptedStore) -> None:
    await fill(store, ID_MAX - 2)
    await intake.accept(asking("a", "b"), NotingHub())
    assert await intake.accept(asking("c"), NotingHub()) == [FULL]


async def test_repeats_are_welcome_for_ever(intake: Intake, store: ScriptedStore) -> None:
    await fill(store, ID_MAX - 1)
    await intake.accept(asking("a"), NotingHub())
    assert await intake.accept(asking("a"), NotingHub()) == [Accepted()]
    (todo,) = await store.finish(*asking("a"))
    assert todo.id == ID_MAX
    outcomes = await intake.accept(asking("new", "a"), NotingHub())
    assert outcomes == [FULL, Created(todo)]
    assert await store.waiting() == []


async def test_a_full_project_is_in_nobody_elses_way(intake: Intake, store: ScriptedStore) -> None:
    await fill(store, ID_MAX)
    requests = [*asking("a"), *asking("a", project_id=8)]
    assert await intake.accept(requests, NotingHub()) == [FULL, Accepted()]


async def test_a_roomy_project_is_looked_at_once_an_hour(
    intake: Intake, store: ScriptedStore, clock: Clock
) -> None:
    for name in "abc":
        await intake.accept(asking(name), NotingHub())
    assert store.calls.count("log.head") == 1
    clock.time += timedelta(hours=1)
    await intake.accept(asking("d"), NotingHub())
    assert store.calls.count("log.head") == 2


async def test_what_is_remembered_of_projects_is_bounded(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROJECTS_REMEMBERED_MAX", 3)
    for project_id in range(1, 10):
        await intake.accept(asking("a", project_id=project_id), NotingHub())
    assert len(intake._room_seen) == 3
