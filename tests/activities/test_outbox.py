"""The orchestration through the real SDK, with real history."""

import json
from datetime import datetime
from typing import Any

import pytest

from activities import outbox
from activities.emit import Missing
from activities.outbox import ROUNDS_MAX, WAITS_SECONDS, encode_missing
from entities.versions import message
from tests.activities.orchestration import ACTIVITY, SIGNAL, TIMER, Orchestration
from todos import TodoRequest


def wanted(project_id: int = 7, *names: str) -> dict[str, Any]:
    return {"projectId": project_id, "requestIds": list(names)}


def missing(project_id: int, *names: str, in_full: int = 0) -> dict[str, Any]:
    requests = tuple(TodoRequest(project_id, each, "Buy milk") for each in names[:in_full])
    (encoded,) = encode_missing([Missing(project_id, names, requests)])["missing"]
    return dict(encoded)


def complete(orchestration: Orchestration, missing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return orchestration.complete(message(missing=missing))


def kinds(actions: list[dict[str, Any]]) -> list[int]:
    return [each["actionType"] for each in actions]


def asked_of_emit(action: dict[str, Any]) -> Any:
    assert (action["actionType"], action["functionName"]) == (ACTIVITY, outbox.ACTIVITY_NAME)
    return json.loads(action["input"])["wanted"]


def seconds_until(orchestration: Orchestration, action: dict[str, Any]) -> float:
    assert action["actionType"] == TIMER
    wait = datetime.fromisoformat(action["fireAt"]) - orchestration.now
    return wait.total_seconds()


def test_it_begins_by_emitting_what_is_wanted() -> None:
    orchestration = Orchestration(message(wanted=[wanted(7, "a", "b"), wanted(8, "c")]))
    (action,) = orchestration.start()
    assert asked_of_emit(action) == [wanted(7, "a", "b"), wanted(8, "c")]
    assert not orchestration.done


def test_it_ends_when_nothing_is_missing() -> None:
    orchestration = Orchestration(message(wanted=[wanted(7, "a")]))
    orchestration.start()
    assert complete(orchestration, []) == []
    assert (orchestration.done, orchestration.output) == (True, 0)


def test_what_is_missing_is_signalled_again_and_emitted_after_a_wait() -> None:
    orchestration = Orchestration(message(wanted=[wanted(7, "a")]))
    orchestration.start()
    signal, timer = complete(orchestration, [missing(7, "a", in_full=1)])
    assert kinds([signal, timer]) == [SIGNAL, TIMER]
    assert (signal["instanceId"], signal["operation"]) == ("@project@7", "create")
    assert json.loads(signal["input"])["requests"] == [{"requestId": "a", "title": "Buy milk"}]
    assert seconds_until(orchestration, timer) == pytest.approx(1, abs=0.05)
    (action,) = orchestration.fire()
    assert asked_of_emit(action) == [wanted(7, "a")]
    assert complete(orchestration, []) == []
    assert orchestration.done


def test_with_progress_it_does_not_wait() -> None:
    orchestration = Orchestration(message(wanted=[wanted(7, "a", "b")]))
    orchestration.start()
    signal, action = complete(orchestration, [missing(7, "b", in_full=1)])
    assert kinds([signal, action]) == [SIGNAL, ACTIVITY]
    assert asked_of_emit(action) == [wanted(7, "b")]


def test_only_what_comes_in_full_is_signalled_and_all_of_it_is_wanted() -> None:
    orchestration = Orchestration(message(wanted=[wanted(7, "a", "b", "c"), wanted(8, "d")]))
    orchestration.start()
    signal, action = complete(orchestration, [missing(7, "a", "b", in_full=1), missing(8, "d")])
    assert [each["requestId"] for each in json.loads(signal["input"])["requests"]] == ["a"]
    assert asked_of_emit(action) == [wanted(7, "a", "b"), wanted(8, "d")]


def test_an_activity_that_failed_is_one_more_reason_to_try_again() -> None:
    orchestration = Orchestration(message(wanted=[wanted(7, "a")]))
    orchestration.start()
    (timer,) = orchestration.fail("Activity function 'emit' failed:  exited with code 137")
    assert seconds_until(orchestration, timer) == pytest.approx(1, abs=0.05)
    (action,) = orchestration.fire()
    assert asked_of_emit(action) == [wanted(7, "a")]


def test_without_progress_the_waits_double_and_then_the_sweeper_goes_on() -> None:
    orchestration = Orchestration(message(wanted=[wanted(7, "a")]))
    orchestration.start()
    waits: list[float] = []
    for _ in WAITS_SECONDS:
        *_, timer = complete(orchestration, [missing(7, "a", in_full=1)])
        waits.append(seconds_until(orchestration, timer))
        orchestration.fire()
    assert waits == pytest.approx(WAITS_SECONDS, abs=0.05)
    (signal,) = complete(orchestration, [missing(7, "a", in_full=1)])
    assert signal["actionType"] == SIGNAL
    assert (orchestration.done, orchestration.output) == (True, 1)


def test_failures_use_up_the_waits_as_well() -> None:
    orchestration = Orchestration(message(wanted=[wanted(7, "a")]))
    orchestration.start()
    for _ in WAITS_SECONDS:
        orchestration.fail("no")
        orchestration.fire()
    assert orchestration.fail("no") == []
    assert (orchestration.done, orchestration.output) == (True, 1)


def test_even_with_progress_there_is_an_end() -> None:
    names = [f"r{n}" for n in range(ROUNDS_MAX + 5)]
    orchestration = Orchestration(message(wanted=[wanted(7, *names)]))
    orchestration.start()
    rounds = 0
    while not orchestration.done:
        rounds += 1
        complete(orchestration, [missing(7, *names[rounds:])])
    assert rounds == ROUNDS_MAX
    assert orchestration.output == len(names) - ROUNDS_MAX


def test_an_orchestration_without_input_ends_without_harm() -> None:
    orchestration = Orchestration(None)
    (action,) = orchestration.start()
    assert asked_of_emit(action) == []
    complete(orchestration, [])
    assert orchestration.done
