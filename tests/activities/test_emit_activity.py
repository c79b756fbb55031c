"""The functions as the worker runs them: by name, with the durable client as text."""

from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from activities import outbox
from activities.arrivals import Arrivals
from activities.emit import Emitter
from activities.hub import ORCHESTRATION_NAME, encode_wanted
from entities.project import Numbered, Project, encode_state
from store.sqlite import SqliteStore
from tests.activities.durable_server import DurableServer
from tests.invocations import invocation
from tests.store.examples import NOON
from todos import TodoRequest

MILK = TodoRequest(7, "a", "Buy milk")
WANTED = encode_wanted({7: ["a"]})


@pytest.fixture
def functions(store: SqliteStore) -> dict[str, Any]:
    app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    app.register_functions(outbox.blueprint(Emitter(store, Arrivals())))
    return {str(each.get_function_name()): each for each in app.get_functions()}


async def emit(functions: dict[str, Any], server: DurableServer) -> Any:
    """Call it as the worker does."""
    function = functions["emit"].get_user_function()
    return await function(wanted=WANTED, client=server.payload, context=invocation())


def test_orchestration_and_activity_have_the_names_that_starts_and_history_use(
    functions: dict[str, Any],
) -> None:
    triggers = [each.get_trigger().get_dict_repr() for each in functions.values()]
    assert {each.get("orchestration") for each in triggers} == {ORCHESTRATION_NAME, None}
    assert {each.get("activity") for each in triggers} == {outbox.ACTIVITY_NAME, None}


async def test_the_activity_brings_what_the_entity_shows_into_the_log(
    functions: dict[str, Any], server: DurableServer, store: SqliteStore
) -> None:
    await store.inbox.put(7, [MILK], NOON)
    state = encode_state(Project(0, (Numbered(1, MILK),)))
    server.answers["entities/Project/7"] = (200, state)
    server.answers["entities/project/7"] = (200, state)
    assert await emit(functions, server) == {"v": 1, "missing": []}
    assert [todo.title for todo in await store.log.read(7, 0, 10)] == ["Buy milk"]
    (settled,) = [each for each in server.asked if each.query == {"op": "settle"}]
    assert settled.body == {"v": 1, "head": 1, "requestIds": ["a"]}


async def test_the_activity_hands_back_what_is_missing(
    functions: dict[str, Any],
    server: DurableServer,
    store: SqliteStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("activities.emit.PAUSES_SECONDS", ())
    await store.inbox.put(7, [MILK], NOON)
    assert (await emit(functions, server))["missing"] == [
        {
            "projectId": 7,
            "requestIds": ["a"],
            "requests": [{"requestId": "a", "title": "Buy milk"}],
        }
    ]
