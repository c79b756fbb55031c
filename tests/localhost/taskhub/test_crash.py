"""Item 17: the hub is killed with SIGKILL between any two steps of any commit, and goes on.

What may happen twice is what happens twice in Azure (host-protocol 7.2), and nothing else.
"""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from localhost.taskhub.faults import Point, Work
from tests.localhost.taskhub.crash_app import Outcome, Scenario

pytestmark = pytest.mark.chaos
ROOT = Path(__file__).parents[3]

EPISODES = {1: "call", 2: "activity", 3: "signal"}
"""What each episode of the orchestration sends."""
BATCHES = {1: "client0", 2: "call", 3: "signal"}
"""What each batch of the entity is about."""


def _plan(point: Point, work: Work, nth: int) -> str:
    return json.dumps({"kill": {"point": point, "work": work, "nth": nth}})


PASSAGES = {Work.ORCHESTRATION: 3, Work.ENTITY: 3, Work.ACTIVITY: 1}
SWEEP = [
    Scenario(f"{work}-{point}-{nth}", _plan(point, work, nth))
    for point in Point
    for work, last in PASSAGES.items()
    for nth in range(1, last + 1)
]
RANDOM = [Scenario(f"random-{seed}", lives=6, signals=1500, seed=seed) for seed in range(4)]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Play all scenarios in one program."""
    scenarios = json.dumps([asdict(scenario) for scenario in [*SWEEP, *RANDOM]])
    program = [sys.executable, "-m", "tests.localhost.taskhub.crash_app"]
    done = subprocess.run(
        [*program, scenarios, str(tmp_path_factory.mktemp("hubs"))],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    played = [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]
    return {outcome.name: outcome for outcome in played}


def expected_twice(scenario: Scenario) -> set[str]:
    """Return what has an effect twice after this death; everything else has it once."""
    kill = json.loads(scenario.plan)["kill"]
    point, work, nth = Point(kill["point"]), Work(kill["work"]), kill["nth"]
    if work is Work.ORCHESTRATION and point is Point.AFTER_SEND_BEFORE_COMMIT:
        return {EPISODES[nth]} - {"activity"}
    late = (Point.AFTER_HISTORY_BEFORE_INSTANCE, Point.AFTER_COMMIT_BEFORE_ACK)
    if work is Work.ENTITY and BATCHES[nth] == "client0" and point in late:
        return {"client0"}
    return set()


@pytest.mark.parametrize("scenario", SWEEP, ids=lambda scenario: scenario.name)
def test_a_death_between_two_steps_repeats_what_azure_repeats(
    scenario: Scenario, outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[scenario.name]
    assert outcome.killed == 1, "the plan did not reach its point"
    assert (outcome.status, outcome.output) == ("Completed", "answer")
    twice = expected_twice(scenario)
    effects = {name: 1 + (name in twice) for name in ("client0", "call", "signal")}
    assert Counter(outcome.state) == effects


def runs_of_activity(scenario: Scenario) -> set[int]:
    """Return how often the activity may run, given what dies and when.

    It runs next to the episode that sent it, and its acknowledgement next to the one after.
    """
    kill = json.loads(scenario.plan)["kill"]
    point, work, nth = Point(kill["point"]), Work(kill["work"]), kill["nth"]
    if work is Work.ACTIVITY:
        return {2}
    if (work, nth, point) == (Work.ORCHESTRATION, 2, Point.AFTER_SEND_BEFORE_COMMIT):
        return {2}
    if (work, nth) == (Work.ORCHESTRATION, 2) and point is not Point.BEFORE_SEND:
        return {1, 2}
    beside_it = (
        (Work.ORCHESTRATION, 3, Point.BEFORE_SEND),
        (Work.ENTITY, 2, Point.AFTER_COMMIT_BEFORE_ACK),
    )
    return {1, 2} if (work, nth, point) in beside_it else {1}


@pytest.mark.parametrize("scenario", SWEEP, ids=lambda scenario: scenario.name)
def test_an_activity_runs_again_unless_its_end_was_known(
    scenario: Scenario, outcomes: dict[str, Outcome]
) -> None:
    assert outcomes[scenario.name].ran.count("activity") in runs_of_activity(scenario)


@pytest.mark.parametrize("scenario", RANDOM, ids=lambda scenario: scenario.name)
def test_what_was_acknowledged_survives_death_at_any_moment(
    scenario: Scenario, outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[scenario.name]
    assert outcome.killed >= 1
    assert (outcome.status, outcome.output) == ("Completed", "answer")
    assert set(outcome.acknowledged) <= set(outcome.state)
    assert {"call", "signal"} <= set(outcome.state)
