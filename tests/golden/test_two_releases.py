"""Two releases on one task hub, in any mixture: nothing is mistaken, and what is ignored comes again.

Release 0 is the one before versions, frozen in `release_0`; release 1 is the code as it is.
"""

import json
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.hub import decode_wanted
from activities.outbox import encode_missing
from entities.project import Project, create, decode_state, encode_request, entity, settle
from entities.versions import message
from tests.activities import orchestration as driver
from tests.activities.orchestration import ACTIVITY, SIGNAL, TIMER, Orchestration
from tests.golden import examples, release_0
from tests.golden.files import golden
from todos import TodoRequest

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")

OPERATIONS = ("create", "settle", "settle_and_create")
NAMES = [f"r{n}" for n in range(8)]

_handle = df.Entity.create(entity)


@dataclass(frozen=True)
class Step:
    """One operation: which release sent it, which one runs it."""

    sender: int
    runner: int
    operation: str
    head: int
    settled: tuple[str, ...]
    created: tuple[str, ...]

    @property
    def requests(self) -> list[TodoRequest]:
        return [TodoRequest(7, name, f"title of {name}") for name in self.created]

    def body(self) -> Any:
        if self.sender == 0:
            return release_0.message(self.operation, self.head, self.settled, self.requests)
        requests = {"requests": [encode_request(each) for each in self.requests]}
        settled = {"head": self.head, "requestIds": list(self.settled)}
        return message(
            **(settled if self.operation != "create" else {}),
            **(requests if self.operation != "settle" else {}),
        )

    def effect(self, before: Project) -> Project:
        """What it is meant to do."""
        after = before
        if self.operation != "create":
            after = settle(after, self.head, self.settled)
        return create(after, self.requests) if self.operation != "settle" else after

    def run(self, state: Any) -> Any:
        """Return the state that it leaves, as the platform keeps it."""
        if self.runner == 0:
            return release_0.entity(state, self.operation, self.body())
        payload = {
            "self": {"name": "project", "key": "7"},
            "exists": state is not None,
            "state": None if state is None else json.dumps(state),
            "batch": [
                {
                    "name": self.operation,
                    "isSignal": True,
                    "input": json.dumps(json.dumps(self.body())),
                }
            ],
        }
        return json.loads(json.loads(_handle(json.dumps(payload)))["entityState"])


releases = st.sampled_from([0, 1])
names = st.lists(st.sampled_from(NAMES), max_size=4).map(tuple)
steps = st.builds(
    Step, releases, releases, st.sampled_from(OPERATIONS), st.integers(0, 30), names, names
)


@given(st.lists(steps, max_size=12))
@settings(max_examples=150, deadline=None)
def test_every_operation_does_what_it_is_meant_to_or_nothing(history: list[Step]) -> None:
    state: Any = None
    for step in history:
        before = decode_state(7, state)
        state = json.loads(json.dumps(step.run(state)))
        after = decode_state(7, state)
        assert release_0.decode_state(state) == after  # to both it is the same state
        ignored = (step.sender, step.runner, step.operation) == (1, 0, "create")
        assert after == (before if ignored else step.effect(before))
    # What was ignored is in the inbox, and the sweeper sends it again.
    again = Step(1, 1, "create", 0, (), tuple(NAMES))
    outbox = decode_state(7, again.run(state)).outbox
    assert {each.request.request_id for each in outbox} == set(NAMES)
    assert len(outbox) == len(NAMES)


def test_an_orchestration_begun_by_the_release_before_goes_on_in_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orchestration = Orchestration(golden("messages", "wanted")[0])
    with monkeypatch.context() as before:
        before.setattr(driver, "_handle", df.Orchestrator.create(release_0.outbox))
        (asked,) = orchestration.start()
        signal, timer = orchestration.complete(golden("messages", "missing")[0])
    assert json.loads(asked["input"]) == golden("messages", "wanted")[0]
    assert (signal["actionType"], timer["actionType"]) == (SIGNAL, TIMER)
    # The platform holds a replay to the kinds and names of its actions, not to their inputs.
    asked, signal, _ = orchestration.actions
    asked["input"] = json.dumps(golden("messages", "wanted")[1])
    signal["input"] = json.dumps(message(requests=json.loads(signal["input"])))
    (again,) = orchestration.fire()
    assert again["actionType"] == ACTIVITY
    assert decode_wanted(json.loads(again["input"])) == examples.WANTED
    orchestration.complete(encode_missing([]))
    assert (orchestration.done, orchestration.output) == (True, 0)
