"""The entity through the SDK's own batch handler, on JSON as the platform sends it."""

import json
from typing import Any

import azure.durable_functions as df
import pytest

from entities import project
from entities.project import Project, decode_state, encode_request
from entities.versions import message
from todos import TodoRequest

handle = df.Entity.create(project.entity)

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")


@pytest.fixture(autouse=True, params=["0", "1"], ids=["loose", "strict"])
def _typing_of_the_sdk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", request.param)


def signal(operation: str, body: Any) -> dict[str, Any]:
    return {"name": operation, "isSignal": True, "input": json.dumps(json.dumps(body))}


def encoded(*names: str, title: str = "Buy milk") -> list[dict[str, Any]]:
    return [encode_request(TodoRequest(7, each, title)) for each in names]


def creating(*names: str, title: str = "Buy milk") -> dict[str, Any]:
    return signal("create", message(requests=encoded(*names, title=title)))


def settling(head: int, *names: str) -> dict[str, Any]:
    return signal("settle", message(head=head, requestIds=list(names)))


def run(*batch: dict[str, Any], state: str | None = None) -> dict[str, Any]:
    payload = {
        "self": {"name": "project", "key": "7"},
        "exists": state is not None,
        "state": state,
        "batch": list(batch),
    }
    answer: dict[str, Any] = json.loads(handle(json.dumps(payload)))
    assert answer["entityExists"]
    assert [each["result"] for each in answer["results"]] == ["null"] * len(batch)
    assert not any(each["isError"] for each in answer["results"])
    return answer


def after(*batch: dict[str, Any], state: str | None = None) -> Project:
    return decode_state(7, json.loads(run(*batch, state=state)["entityState"]))


def outbox(found: Project) -> list[tuple[int, str]]:
    return [(entry.id, entry.request.request_id) for entry in found.outbox]


def both(head: int, settled: list[str], *names: str) -> dict[str, Any]:
    body = message(head=head, requestIds=settled, requests=encoded(*names))
    return signal("settle_and_create", body)


BAD = [
    {"name": "create", "isSignal": True, "input": None},
    {"name": "create", "isSignal": True, "input": "not JSON"},
    {"name": "create", "isSignal": True, "input": json.dumps("not JSON")},
    {"name": "create", "isSignal": True, "input": json.dumps("[" * 100_000)},
    signal("create", None),
    signal("create", 1),
    signal("create", {"requestId": "a"}),
    signal("create", ["a"]),
    signal("create", [{"requestId": "a"}]),
    signal("create", [{"title": "Buy milk"}]),
    signal("create", {"__class__": "X", "__module__": "nowhere", "__data__": ""}),
    signal("create", {"__class__": "nothing", "__module__": "json", "__data__": ""}),
    {
        "name": "settle",
        "isSignal": True,
        "input": json.dumps('{"head": Infinity, "requestIds": []}'),
    },
    {"name": "settle", "isSignal": True, "input": None},
    signal("settle", []),
    signal("settle", {"head": 1}),
    signal("settle", {"head": "many", "requestIds": []}),
    signal("settle", {"head": 1, "requestIds": None}),
    signal("settle_and_create", {"head": 1, "requestIds": ["a"]}),
    signal("settle_and_create", [encode_request(TodoRequest(7, "a", "Buy milk"))]),
    signal("create", {"v": 99, "requests": encoded("b")}),
    signal("create", {"v": True, "requests": encoded("b")}),
    signal("create", {"v": -1, "requests": encoded("b")}),
    signal("settle", {"v": 99, "head": 1, "requestIds": ["a"]}),
    signal("settle_and_create", {"v": 99, "head": 1, "requestIds": ["a"], "requests": []}),
    signal("delete", None),
    signal("", []),
]


def test_a_batch_of_everything_ends_as_its_good_operations_say() -> None:
    batch = [creating("a", "b"), BAD[0], settling(1, "a"), signal("unknown", 1), creating("c")]
    assert outbox(after(*batch)) == [(2, "b"), (3, "c")]


def test_word_of_finished_requests_counts_before_the_requests_that_it_travels_with() -> None:
    separate = after(creating("a", "b"), settling(1, "a"), creating("a", "c"))
    together = after(creating("a", "b"), both(1, ["a"], "a", "c"))
    assert together == separate
    assert outbox(together) == [(2, "b"), (3, "a"), (4, "c")]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_bad_input_is_ignored_and_leaves_its_neighbours_alone(bad: dict[str, Any]) -> None:
    assert outbox(after(creating("a"), bad, creating("b"))) == [(1, "a"), (2, "b")]


def test_the_state_goes_through_the_platform_and_back() -> None:
    first = run(creating("a", "b"))
    assert outbox(after(settling(1, "a"), state=first["entityState"])) == [(2, "b")]


def test_an_operation_that_does_nothing_still_sets_a_state() -> None:
    assert after(signal("unknown", 1)) == Project()


@pytest.mark.parametrize(
    "state",
    [
        "garbage",
        "null",
        '""',
        "1",
        "[]",
        "{}",
        '"text"',
        '{"head": 1}',
        '{"head": "x", "outbox": []}',
        '{"head": 1e999, "outbox": []}',
        '{"v": 99, "head": 1, "outbox": []}',
        '{"v": "1", "head": 1, "outbox": []}',
        '{"head": 1, "outbox": [1]}',
        '{"head": 1, "outbox": [{"id": 1}]}',
        '{"head": 1, "outbox": {"a": 1}}',
        '{"__class__": "X", "__module__": "nowhere", "__data__": ""}',
    ],
)
def test_a_state_that_makes_no_sense_is_an_empty_one(state: str) -> None:
    assert outbox(after(creating("a"), state=state)) == [(1, "a")]


def test_a_batch_as_large_as_the_platform_makes_them_keeps_within_the_limit() -> None:
    emoji = "😀" * 500
    answer = run(*(creating(f"r{n}", title=emoji) for n in range(500)))
    assert 1 <= len(json.loads(answer["entityState"])["outbox"]) < 500
    assert len(json.dumps(answer["entityState"])) < 30_000


def test_an_outbox_beyond_the_limit_is_worked_off_and_takes_nothing_new_until_then() -> None:
    """As it is after a deployment that lowered the limit."""
    many = [{"id": n, **encode_request(TodoRequest(7, f"r{n}", "x" * 500))} for n in range(1, 101)]
    state = json.dumps({"head": 0, "outbox": many})
    assert len(after(creating("new"), state=state).outbox) == 100
    left = after(settling(90, *(f"r{n}" for n in range(1, 91))), creating("new"), state=state)
    assert outbox(left)[-1] == (101, "new")


def test_no_operation_answers_with_what_its_neighbour_found() -> None:
    """The SDK hands a result on to operations that set none; ours has none to hand on."""
    results = run(creating("a"), signal("unknown", 1), settling(1, "a"))["results"]
    assert {each["result"] for each in results} == {"null"}


def test_the_entity_is_registered_by_its_name() -> None:
    app = df.DFApp()
    app.register_functions(project.blueprint())
    (function,) = app.get_functions()
    (binding,) = function.get_bindings()
    assert binding.get_dict_repr()["entityName"] == project.ENTITY_NAME
