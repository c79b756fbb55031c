"""Fault plans: what they say, and that they do it."""

import json
from typing import Any

import pytest

from localhost.taskhub import FaultPlanError, Faults
from localhost.taskhub.faults import At, Point, Work
from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.conftest import Open

pytestmark = UNTYPED


def test_a_plan_is_read_from_json() -> None:
    kill = {"point": "before_send", "nth": 3, "work": "entity"}
    faults = Faults.of({"kill": kill, "seed": 7, "duplicate_client_signals": 0.1})
    assert faults.kill == At(3, Work.ENTITY, Point.BEFORE_SEND)
    assert faults.duplicate_client_signals == pytest.approx(0.1)
    assert faults.active
    assert not Faults.of({}).active


@pytest.mark.parametrize(
    "plan",
    [
        '{"kil": 1}',
        '{"crash": 1}',
        '{"kill": {"nth": 1}}',
        '{"kill": {"point": "nowhere"}}',
        '{"kill": {"point": "before_send", "work": "gardening"}}',
        '{"batch_cut": 2}',
        '{"batch_cut": "often"}',
    ],
)
def test_invalid_fault_plan_is_refused(plan: str) -> None:
    with pytest.raises(FaultPlanError):
        Faults.of(json.loads(plan))


def test_the_nth_passage_is_counted_per_kind_of_work() -> None:
    deaths: list[str] = []
    faults = Faults(kill=At(2, Work.ENTITY, Point.BEFORE_SEND), crash=lambda: deaths.append("now"))
    faults.passed(Point.BEFORE_SEND, Work.ENTITY)
    faults.passed(Point.BEFORE_SEND, Work.ACTIVITY)
    faults.passed(Point.AFTER_COMMIT_BEFORE_ACK, Work.ENTITY)
    assert not deaths
    faults.passed(Point.BEFORE_SEND, Work.ENTITY)
    assert deaths == ["now"]


def test_the_same_seed_draws_the_same_faults() -> None:
    drawn = [
        [faults.place_in_queue(10) for _ in range(50)]
        for faults in (Faults(shuffle_client_signals=0.5, seed=5) for _ in range(2))
    ]
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) != {10}


async def test_an_activity_that_runs_twice_counts_once(open_hub: Open, app: App) -> None:
    host = await open_hub(faults=Faults(duplicate_activities=1))

    @app.activity
    def act(x: Any) -> Any:
        return x

    @app.orchestrator
    def orch(context: Any) -> Any:
        first = yield context.call_activity("act", 1)
        return [first, (yield context.call_activity("act", 2))]

    await host.client.start_new("orch", "i")
    assert (await host.finished("i")).output == [1, 2]
    assert app.runs["act"] >= 3
