"""The entity function, run through the SDK's own handler as the host runs it."""

import json
from typing import Any

import azure.durable_functions as df
import pytest

from entities.entity import entity
from entities.messages import encode_create, encode_order
from entities.order import Order
from telemetry.decisions import Decisions

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")


@pytest.fixture(autouse=True, params=["0", "1"], ids=["loose", "strict"])
def _typing_of_the_sdk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", request.param)


class Batch:
    """Runs a batch of operations on one state."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        functions = df.Blueprint()
        declare = functions.entity_trigger("context", entity_name="Project")
        builder = declare(entity(Decisions("todo"), self.ran.append))
        self.handle = builder._function.get_user_function()

    def run(self, state: Any, *operations: tuple[str, Any]) -> dict[str, Any]:
        body = {
            "self": {"name": "project", "key": "7"},
            "exists": state is not None,
            "state": None if state is None else json.dumps(state),
            "batch": [
                {
                    "name": name,
                    "input": json.dumps(json.dumps(content)),
                    "isSignal": True,
                    "id": f"{place}",
                }
                for place, (name, content) in enumerate(operations)
            ],
        }
        answer: dict[str, Any] = json.loads(self.handle(json.dumps(body)))
        return answer


@pytest.fixture(name="batch")
def _batch() -> Batch:
    return Batch()


def test_each_operation_sees_the_state_of_the_one_before(batch: Batch) -> None:
    answer = batch.run(
        None,
        ("create", encode_create(["a"], [], 0)),
        ("create", encode_create(["b"], ["a"], 1)),
    )
    assert json.loads(answer["entityState"]) == encode_order(Order(1, ("b",)))
    assert batch.ran == ["7", "7"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"v": 2, "ids": ["x"], "done": [], "head": 0},
        {"v": 1, "ids": "abc", "done": [], "head": 0},
        {"v": 1, "ids": [1], "done": [], "head": 0},
        {"v": 1, "ids": [], "done": [], "head": True},
    ],
)
def test_unreadable_signal_leaves_the_state_alone(batch: Batch, body: Any) -> None:
    before = encode_order(Order(3, ("a",)))
    answer = batch.run(before, ("create", body), ("create", encode_create(["b"], [], 0)))
    assert json.loads(answer["entityState"]) == encode_order(Order(3, ("a", "b")))
    assert all(not each["isError"] for each in answer["results"])


def test_unknown_operation_is_answered_and_changes_nothing(batch: Batch) -> None:
    answer = batch.run(encode_order(Order(3, ("a",))), ("settle", {}))
    assert json.loads(answer["entityState"]) == encode_order(Order(3, ("a",)))
    assert [json.loads(each["result"]) for each in answer["results"]] == [None]


@pytest.mark.parametrize("state", [{"v": 9, "head": 1, "outbox": []}, {"v": 1}, "text", 5, [1]])
def test_unreadable_state_starts_over(batch: Batch, state: Any) -> None:
    answer = batch.run(state, ("create", encode_create(["b"], [], 4)))
    assert json.loads(answer["entityState"]) == encode_order(Order(4, ("b",)))
