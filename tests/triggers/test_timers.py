"""The clockwork through the SDK: what is declared, and what it asks of the hub."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from settings import Settings
from store.sqlite import SqliteStore
from tests.activities.conftest import server  # noqa: F401 - a fixture
from tests.activities.durable_server import DurableServer
from tests.store.examples import NOON
from todos import TodoRequest
from triggers import timers
from triggers.announcer import Announcer
from triggers.timers import purge

MILK = TodoRequest(7, "milk", "Buy milk")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "todos.db")
    yield opened
    await opened.close()


@pytest.fixture
def functions(store: SqliteStore) -> dict[str, Any]:
    app = df.DFApp()
    app.register_functions(timers.blueprint(store, Announcer(), Settings.read({})))
    return {str(each.get_function_name()): each for each in app.get_functions()}


async def call(function: Any, server: DurableServer) -> None:  # noqa: F811
    await function.get_user_function()(timer=None, client=server.payload)


def test_the_sweeper_runs_at_start_and_the_purge_does_not(functions: dict[str, Any]) -> None:
    triggers = {n: each.get_trigger().get_dict_repr() for n, each in functions.items()}
    assert triggers["sweeper"]["runOnStartup"] is True
    assert triggers["purger"].get("runOnStartup") in {None, False}


def test_the_schedules_are_settings(functions: dict[str, Any]) -> None:
    settings = Settings.read({})
    triggers = {n: each.get_trigger().get_dict_repr() for n, each in functions.items()}
    assert triggers["sweeper"]["schedule"] == settings.sweep_schedule
    assert triggers["purger"]["schedule"] == settings.purge_schedule


async def test_the_sweeper_starts_over_with_what_waits(
    functions: dict[str, Any],
    store: SqliteStore,
    server: DurableServer,  # noqa: F811
) -> None:
    await store.inbox.put(7, [MILK], NOON - timedelta(days=10_000))
    await call(functions["sweeper"], server)
    assert {each.path for each in server.asked} == {"entities/Project/7", "orchestrators/outbox"}


async def test_the_purge_spares_what_is_young_running_or_an_entity(
    functions: dict[str, Any],
    server: DurableServer,  # noqa: F811
) -> None:
    """An entity's status is Running for as long as it lives."""
    server.answers["instances/"] = (200, {"instancesDeleted": 3})
    before = datetime.now(UTC)
    await call(functions["purger"], server)
    (asked,) = server.asked
    assert asked.method == "DELETE"
    assert set(asked.query["runtimeStatus"].split(",")) == {
        *("Completed", "Failed", "Terminated", "Canceled"),
    }
    age = before - datetime.fromisoformat(asked.query["createdTimeTo"])
    assert timedelta(hours=23, minutes=59) < age < timedelta(hours=24, minutes=1)


@pytest.mark.parametrize(
    ("answer", "count"), [((200, {"instancesDeleted": 3}), 3), ((404, None), 0)]
)
async def test_the_purge_says_how_many(
    server: DurableServer,  # noqa: F811
    answer: tuple[int, Any],
    count: int,
) -> None:
    server.answers["instances/"] = answer
    assert await purge(server.client, NOON, timedelta(hours=1)) == count
