"""Every version of state and messages is read by the real readers; the newest is what is written."""

import json
from typing import Any

import azure.durable_functions as df
import pytest

from activities.hub import DurableHub, decode_wanted
from activities.outbox import encode_missing
from activities.settlements import Settlements
from entities.project import Project, create, decode_state, encode_state, entity, settle
from entities.versions import FIELD, MESSAGE_VERSION, STATE_VERSION
from publishing.events import event_of, partition_key_of
from tests.activities.durable_server import DurableServer
from tests.activities.orchestration import ACTIVITY, SIGNAL, Orchestration
from tests.golden import examples
from tests.golden.files import FOLDER, golden, numbered

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")

FORMATS = {
    "state": STATE_VERSION,
    **dict.fromkeys(
        ("create", "settle", "settle_and_create", "wanted", "missing"), MESSAGE_VERSION
    ),
}

BEFORE = create(Project(40), [examples.CHEESE])
"""An entity that one of the messages reaches."""


def every_version(name: str) -> Any:
    cases = dict(numbered(golden("messages", name)))
    return pytest.mark.parametrize("body", cases.values(), ids=cases)


def operate(operation: str, body: Any, state: Project = BEFORE) -> Project:
    """Run the entity through the SDK, on what the platform hands it."""
    payload = {
        "self": {"name": "project", "key": "7"},
        "exists": True,
        "state": json.dumps(encode_state(state)),
        "batch": [{"name": operation, "isSignal": True, "input": json.dumps(json.dumps(body))}],
    }
    answer = json.loads(df.Entity.create(entity)(json.dumps(payload)))
    return decode_state(7, json.loads(answer["entityState"]))


@pytest.mark.parametrize("name", FORMATS)
def test_there_is_a_golden_file_of_every_version(name: str) -> None:
    assert list(golden("messages", name)) == list(range(FORMATS[name] + 1))


@every_version("state")
def test_a_state_of_any_version_is_read(body: Any) -> None:
    assert decode_state(7, body) == examples.STATE


@every_version("create")
def test_a_create_of_any_version_is_read(body: Any) -> None:
    after = operate("create", body)
    assert after == create(BEFORE, [examples.MILK, examples.CHEESE])
    assert len(after.outbox) == 2


@every_version("settle")
def test_a_settle_of_any_version_is_read(body: Any) -> None:
    assert operate("settle", body) == settle(BEFORE, examples.SETTLED_HEAD, examples.SETTLED)


@every_version("settle_and_create")
def test_a_settle_and_create_of_any_version_is_read(body: Any) -> None:
    settled = settle(BEFORE, examples.SETTLED_HEAD, examples.SETTLED)
    after = operate("settle_and_create", body)
    assert after == create(settled, [examples.MILK, examples.CHEESE])


@every_version("wanted")
def test_the_input_of_an_orchestration_and_of_its_activity_is_read_in_any_version(
    body: Any,
) -> None:
    assert decode_wanted(body) == examples.WANTED
    (action,) = Orchestration(body).start()
    assert decode_wanted(json.loads(action["input"])) == examples.WANTED


@every_version("missing")
def test_the_answer_of_an_activity_is_read_in_any_version(body: Any) -> None:
    orchestration = Orchestration({"v": 1, "wanted": [{"projectId": 7, "requestIds": ["c"] * 4}]})
    orchestration.start()
    signal, action = orchestration.complete(body)
    assert (signal["actionType"], action["actionType"]) == (SIGNAL, ACTIVITY)
    assert operate("create", json.loads(signal["input"]), Project()) == create(
        Project(), [examples.MILK]
    )
    assert decode_wanted(json.loads(action["input"])) == examples.WANTED


async def written(server: DurableServer) -> dict[str, Any]:
    """Have the real writers write one of each."""
    hub = DurableHub(server.client)
    await hub.create(7, [examples.MILK, examples.CHEESE])
    await hub.settle(7, examples.SETTLED_HEAD, examples.SETTLED)
    both = DurableHub(server.client, Settlements())
    await both.settle(7, examples.SETTLED_HEAD, examples.SETTLED)
    await both.create(7, [examples.MILK, examples.CHEESE])
    await hub.start(examples.WANTED)
    bodies = {each.query.get("op", "wanted"): each.body for each in server.asked}
    return {
        **bodies,
        "state": encode_state(examples.STATE),
        "missing": encode_missing(examples.MISSING),
    }


async def test_what_is_written_is_the_newest_version_to_the_letter(server: DurableServer) -> None:
    """A difference is a change of format: it takes the next version and a file of its own."""
    bodies = await written(server)
    newest = {name: golden("messages", name)[version] for name, version in FORMATS.items()}
    assert {name: json.dumps(each) for name, each in bodies.items()} == {
        name: json.dumps(each) for name, each in newest.items()
    }


def test_an_orchestration_asks_its_activity_in_the_newest_version() -> None:
    newest = golden("messages", "wanted")[MESSAGE_VERSION]
    (action,) = Orchestration(newest).start()
    assert json.loads(action["input"]) == newest


@pytest.mark.parametrize("name", ["create", "settle", "settle_and_create"])
def test_a_message_of_a_newer_release_changes_nothing(name: str) -> None:
    newest = golden("messages", name)[MESSAGE_VERSION]
    assert operate(name, newest) != BEFORE
    assert operate(name, {**newest, FIELD: 99}) == BEFORE


def test_a_state_of_a_newer_release_starts_over_and_is_never_mistaken() -> None:
    newest = {**golden("messages", "state")[STATE_VERSION], FIELD: 99}
    with pytest.raises(ValueError, match="version 99; this release reads up to 1"):
        decode_state(7, newest)


async def test_to_the_emitter_a_state_of_a_newer_release_shows_nothing(
    server: DurableServer,
) -> None:
    newest = golden("messages", "state")[STATE_VERSION]
    server.answers["entities/Project/7"] = (200, {**newest, FIELD: 99})
    assert await DurableHub(server.client).project(7) == Project()


def test_an_orchestration_that_a_newer_release_started_ends_without_harm() -> None:
    newest = golden("messages", "wanted")[MESSAGE_VERSION]
    orchestration = Orchestration({**newest, FIELD: 99})
    (action,) = orchestration.start()
    assert decode_wanted(json.loads(action["input"])) == {}
    orchestration.complete(encode_missing([]))
    assert (orchestration.done, orchestration.output) == (True, 0)


def test_an_answer_of_a_newer_release_is_one_more_reason_to_try_again() -> None:
    orchestration = Orchestration(golden("messages", "wanted")[MESSAGE_VERSION])
    (first,) = orchestration.start()
    orchestration.complete({**encode_missing([]), FIELD: 99})
    (again,) = orchestration.fire()
    assert again["input"] == first["input"]


def test_a_published_event_is_the_same_bytes_for_ever() -> None:
    """It has no version: a repeat by another release has to be the same event."""
    text = (FOLDER / "messages" / "event.json").read_text(encoding="utf-8")
    event = event_of(examples.ENTRY)
    assert json.loads(text) == {
        "partitionKey": partition_key_of(examples.ENTRY.todo.project_id),
        "properties": event.properties,
        "body": event.body.decode(),
    }
