"""The fault plan of the host: read once, replaced by `/admin/localhost/faults`, and what it does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from localhost.errors import StartError
from localhost.faults import FaultPlan
from localhost.functions import ENTITY_TRIGGER, HTTP_TRIGGER, Function
from localhost.taskhub import FaultPlanError
from localhost.taskhub.faults import At, Point
from localhost.worker_faults import When, WorkerFaults
from tests.localhost.declared import declared
from tests.localhost.process import SECONDS_MAX, Process, Start, until, write_app
from tests.localhost.test_workers import APP, FACTOR, get, ran, status, worker_pid


def function(trigger: str) -> Function:
    return declared(type=trigger, name="x")


def test_plan_reaches_each_part_of_the_host() -> None:
    plan = FaultPlan.of(
        '{"worker_died": {"work": "entity", "nth": 2}, "event_hub_batch_cut": true,'
        ' "kill": {"point": "before_send"}, "seed": 7}'
    )
    assert plan.workers == WorkerFaults(When.AFTER, 2, "entity")
    assert plan.event_hubs.batch_cut
    assert plan.task_hub.kill == At(1, None, Point.BEFORE_SEND)


def test_replaced_plan_is_gone_from_each_part() -> None:
    plan = FaultPlan.of(
        '{"worker_died": {}, "event_hub_batch_cut": true, "kill": {"point": "before_send"}}'
    )
    parts = plan.workers, plan.event_hubs, plan.task_hub
    plan.replace("{}")
    assert (plan.workers, plan.event_hubs, plan.task_hub) == parts
    assert parts[0].when is None
    assert not parts[1].batch_cut
    assert parts[2].kill is None
    assert plan.text == "{}"


def test_nth_run_of_its_kind_is_the_one() -> None:
    faults = WorkerFaults.of({"work": "entity", "nth": 2, "when": "before"})
    entity, http = function(ENTITY_TRIGGER), function(HTTP_TRIGGER)
    runs = [(entity, When.BEFORE), (entity, When.AFTER), (http, When.BEFORE), (entity, When.BEFORE)]
    assert [faults.kills(*run) for run in runs] == [False, False, False, True]


@pytest.mark.parametrize(
    "plan",
    [
        "{",
        "[]",
        '{"nonsense": 1}',
        '{"worker_died": {"work": "queue"}}',
        '{"worker_died": {"nth": 0}}',
        '{"worker_died": {"when": "later"}}',
        '{"worker_died": {"point": "before_run"}}',
        '{"worker_died": 1}',
    ],
)
def test_invalid_plan_is_refused(plan: str) -> None:
    with pytest.raises(FaultPlanError):
        FaultPlan.of(plan)
    with pytest.raises(StartError, match="LOCALHOST_FAULTS"):
        FaultPlan.read({"LOCALHOST_FAULTS": plan})


@pytest.fixture
def host_with(start: Start, tmp_path: Path) -> Callable[[Any], Process]:
    app = write_app(tmp_path / "app", APP)
    (app / "calm").touch()

    def begin(plan: Any) -> Process:
        host = start(app, LOCALHOST_TIME_FACTOR=FACTOR, LOCALHOST_FAULTS=json.dumps(plan))
        host.base()
        return host

    return begin


@pytest.mark.parametrize("when", ["before", "after"])
def test_answer_of_the_nth_request_dies_with_its_worker(
    host_with: Callable[[Any], Process], when: str
) -> None:
    host = host_with({"worker_died": {"work": "http", "nth": 2, "when": when}})
    before = worker_pid(host)
    assert get(host, "pid").status_code == 500
    until(lambda: get(host, "pid").status_code == 200)
    assert worker_pid(host) != before


@pytest.mark.sdk1
def test_entity_whose_answer_was_lost_runs_again(
    host_with: Callable[[Any], Process], tmp_path: Path
) -> None:
    host = host_with({"worker_died": {"work": "entity"}})
    get(host, "signal")
    until(lambda: ran(tmp_path / "app").count("counted") == 2)
    url = f"{host.base()}/runtime/webhooks/durabletask/entities/counter/k"
    until(lambda: requests.get(url, timeout=SECONDS_MAX).status_code == 200)
    assert requests.get(url, timeout=SECONDS_MAX).json() == 2


@pytest.mark.sdk1
def test_plan_is_replaced_while_the_host_runs(host_with: Callable[[Any], Process]) -> None:
    host = host_with({})
    url = f"{host.base()}/admin/localhost/faults"
    assert requests.get(url, timeout=SECONDS_MAX).json() == {}
    plan = {"worker_died": {"work": "orchestration"}}
    assert requests.put(url, json=plan, timeout=SECONDS_MAX).status_code == 204
    assert requests.get(url, timeout=SECONDS_MAX).json() == plan
    get(host, "flow/works")
    until(lambda: status(host, "works")["runtimeStatus"] == "Failed")
    assert "exited with code 137" in status(host, "works")["output"]
    assert requests.put(url, data="{", timeout=SECONDS_MAX).status_code == 400
    assert requests.get(url, timeout=SECONDS_MAX).json() == plan


def test_worker_is_killed_by_request(host_with: Callable[[Any], Process]) -> None:
    host = host_with({})
    before = worker_pid(host)
    url = f"{host.base()}/admin/localhost/worker"
    assert requests.delete(url, timeout=SECONDS_MAX).status_code == 202
    host.wait_for("is gone")
    assert worker_pid(host) != before
