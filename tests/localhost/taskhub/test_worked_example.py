"""Item 10: the worked example of host-protocol 5.7, compared field by field."""

import json
from typing import Any

import pytest
from azure.durable_functions import EntityId

from localhost.taskhub.decisions import REQUEST_TYPE, RESPONSE_TYPE
from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.host import Host

pytestmark = UNTYPED
K1 = EntityId("Counter", "k1")


@pytest.fixture
def episodes(app: App) -> list[dict[str, Any]]:
    """Define the functions of the example; the list gets the payload of every episode."""

    @app.entity
    def counter(context: Any) -> None:
        value = context.get_state(lambda: 0)
        if context.operation_name == "add":
            value += context.get_input()["n"]
        context.set_state(value)
        context.set_result(value)

    @app.activity
    def act(input_: Any) -> Any:
        return {"got": input_}

    @app.orchestrator
    def orch(context: Any) -> Any:
        a = yield context.call_entity(K1, "add", {"n": 1})
        b = yield context.call_activity("act", {"x": a})
        context.signal_entity(K1, "done", {"r": b})
        return {"a": a, "b": b, "inp": context.get_input()}

    return []


async def run_example(host: Host, app: App) -> list[dict[str, Any]]:
    await host.client.start_new("orch", "inst1", {"n": 7})
    await host.finished("inst1")
    return [json.loads(payload) for name, payload in app.calls if name == "orch"]


def brief(events: list[dict[str, Any]]) -> list[tuple[int, int, bool]]:
    return [(e["EventType"], e["EventId"], e["IsPlayed"]) for e in events]


@pytest.mark.usefixtures("episodes")
async def test_the_first_episode_gets_exactly_this(host: Host, app: App) -> None:
    first = (await run_example(host, app))[0]
    times = [event.pop("Timestamp") for event in first["history"]]
    assert all(len(time) == len("2026-07-01T10:00:01.1234567Z") for time in times)
    execution = first["history"][1]["OrchestrationInstance"]["ExecutionId"]
    assert len(execution) == 36  # with dashes
    assert first == {
        "history": [
            {"EventType": 12, "EventId": -1, "IsPlayed": False},
            {
                "EventType": 0,
                "EventId": -1,
                "IsPlayed": False,
                "OrchestrationInstance": {"InstanceId": "inst1", "ExecutionId": execution},
                "ParentInstance": None,
                "Name": "orch",
                "Version": None,
                "Input": '"{\\"n\\": 7}"',
                "Tags": None,
                "Correlation": None,
                "ScheduledStartTime": None,
                "Generation": 0,
            },
        ],
        "input": '{"n": 7}',
        "instanceId": "inst1",
        "isReplaying": False,
        "parentInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
    }


@pytest.mark.usefixtures("episodes")
async def test_the_second_episode_gets_the_request_and_the_response(host: Host, app: App) -> None:
    second = (await run_example(host, app))[1]
    history = second["history"]
    assert second["isReplaying"] is True
    assert brief(history) == [
        (12, -1, True),
        (0, -1, True),
        (14, 0, True),
        (13, -1, True),
        (12, -1, False),
        (15, -1, False),
    ]
    sent, raised = history[2], history[5]
    assert (sent["InstanceId"], sent["Name"]) == ("@counter@k1", "op")
    request = json.loads(sent["Input"])
    assert request == {
        "$type": REQUEST_TYPE,
        "op": "add",
        "input": '"{\\"n\\": 1}"',
        "id": raised["Name"],
        "parent": "inst1",
        "parentExecution": history[1]["OrchestrationInstance"]["ExecutionId"],
        "Timestamp": history[0]["Timestamp"],
        "Predecessor": "0001-01-01T00:00:00",
        "requestTime": history[0]["Timestamp"],
    }
    assert raised["Name"][14] == "5"  # a GUID made from a name
    assert json.loads(raised["Input"]) == {"$type": RESPONSE_TYPE, "result": "1"}


@pytest.mark.usefixtures("episodes")
async def test_the_third_episode_gets_the_activity_and_its_result(host: Host, app: App) -> None:
    third = (await run_example(host, app))[2]
    history = third["history"][6:]
    assert brief(history) == [(4, 1, True), (13, -1, True), (12, -1, False), (5, -1, False)]
    assert {k: history[0][k] for k in ("Name", "Version", "Input")} == {
        "Name": "act",
        "Version": None,
        "Input": None,
    }
    assert history[3]["TaskScheduledId"] == 1
    assert history[3]["Result"] == '{"got": {"x": 1}}'


@pytest.mark.usefixtures("episodes")
async def test_the_signal_and_the_completion_are_one_episode(host: Host, app: App) -> None:
    assert len(await run_example(host, app)) == 3
    async with host.http.get("instances/inst1") as response:
        status = await response.json()
    output = {"a": 1, "b": {"got": {"x": 1}}, "inp": {"n": 7}}
    times = (status.pop("createdTime"), status.pop("lastUpdatedTime"))
    assert all(len(time) == len("2026-07-01T10:00:00Z") for time in times)
    assert status == {
        "name": "orch",
        "instanceId": "inst1",
        "runtimeStatus": "Completed",
        "input": '{"n": 7}',
        "customStatus": None,
        "output": output,
    }


@pytest.mark.usefixtures("episodes")
async def test_the_operations_arrive_as_call_and_as_signal(host: Host, app: App) -> None:
    await run_example(host, app)
    await host.status_where("@counter@k1", lambda _: app.runs["counter"] == 2)
    first, second = [json.loads(payload) for name, payload in app.calls if name == "counter"]
    assert first == {
        "self": {"name": "counter", "key": "k1"},
        "exists": False,
        "state": None,
        "batch": [{"name": "add", "isSignal": False, "input": '"{\\"n\\": 1}"'}],
    }
    assert second == {
        "self": {"name": "counter", "key": "k1"},
        "exists": True,
        "state": "1",
        "batch": [
            {"name": "done", "isSignal": True, "input": '"{\\"r\\": {\\"got\\": {\\"x\\": 1}}}"'}
        ],
    }
