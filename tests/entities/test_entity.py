"""The entity function, run through the SDK's own handler as the host runs it."""

import json
from typing import Any

import pytest

from entities.entity import entity
from entities.messages import encode_create, encode_order
from entities.order import Order
from telemetry.decisions import Decisions
from tests.durable_sdk import run_batch_of

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")


@pytest.fixture(autouse=True, params=["0", "1"], ids=["loose", "strict"])
def _typing_of_the_sdk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", request.param)


class Batch:
    """Runs a batch of operations on one state."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.results: list[Any] = []
        self._run = run_batch_of("Project", entity(Decisions("todo"), self.ran.append))

    def run(self, state: Any, *operations: tuple[str, Any]) -> Any:
        """Return the state afterwards; no operation may have failed."""
        before = None if state is None else json.dumps(state)
        texts = [(name, json.dumps(content)) for name, content in operations]
        after, self.results = self._run("7", before, texts)
        return json.loads(after or "null")


@pytest.fixture(name="batch")
def _batch() -> Batch:
    return Batch()


def test_each_operation_sees_the_state_of_the_one_before(batch: Batch) -> None:
    after = batch.run(
        None,
        ("create", encode_create(["a"], [], 0)),
        ("create", encode_create(["b"], ["a"], 1)),
    )
    assert after == encode_order(Order(1, ("b",)))
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
    after = batch.run(before, ("create", body), ("create", encode_create(["b"], [], 0)))
    assert after == encode_order(Order(3, ("a", "b")))


def test_unknown_operation_is_answered_and_changes_nothing(batch: Batch) -> None:
    after = batch.run(encode_order(Order(3, ("a",))), ("settle", {}))
    assert after == encode_order(Order(3, ("a",)))
    assert batch.results == [None]


@pytest.mark.parametrize("state", [{"v": 9, "head": 1, "outbox": []}, {"v": 1}, "text", 5, [1]])
def test_unreadable_state_starts_over(batch: Batch, state: Any) -> None:
    after = batch.run(state, ("create", encode_create(["b"], [], 4)))
    assert after == encode_order(Order(4, ("b",)))
