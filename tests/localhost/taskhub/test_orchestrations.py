"""Orchestrations through the real SDK and client. Items: host-protocol section 12."""

import json
from datetime import timedelta
from typing import Any

import pytest
from azure.durable_functions import EntityId, RetryOptions

from tests.localhost.taskhub.apps import UNTYPED, App, failing
from tests.localhost.taskhub.conftest import Open
from tests.localhost.taskhub.host import Host, run, until
from tests.localhost.taskhub.manual_clock import ManualClock

pytestmark = [pytest.mark.usefixtures("counter"), UNTYPED]

K = EntityId("Counter", "k")


async def test_parallel_retries_and_activity_get_their_own_results(host: Host, app: App) -> None:
    """Item 11: `task_all` of two retries and one plain; ids in textual order."""
    failing(app, times=2)

    @app.activity
    def plain(name: str) -> str:
        return f"{name} plain"

    @app.orchestrator
    def fan_out(context: Any) -> Any:
        options = RetryOptions(1, 3)
        return (
            yield context.task_all(
                [
                    context.call_activity_with_retry("flaky", options, "a"),
                    context.call_activity("plain", "b"),
                    context.call_activity_with_retry("flaky", options, "c"),
                ]
            )
        )

    assert (await run(host, "fan_out")).output == ["a done", "b plain", "c done"]


async def test_a_task_any_without_cancel_keeps_the_instance_running(
    open_hub: Open, app: App
) -> None:
    """Item 13: although Python has returned; it completes when the timer has fired."""
    clock = ManualClock()
    host = await open_hub(clock=clock)

    @app.orchestrator
    def race(context: Any) -> Any:
        timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        yield context.task_any([context.wait_for_external_event("go"), timer])
        return "won"

    await host.client.start_new("race", "i")
    await until(clock.next_alarm_in, lambda alarm: alarm is not None)
    await host.client.raise_event("i", "go")
    await until(lambda: app.runs["race"], lambda runs: runs == 2)
    assert json.loads(app.calls[-1][1])["history"][-1]["Name"] == "go"
    assert (await host.state_of("i")) == "Running"
    clock.advance(3600)
    assert (await host.finished("i")).output == "won"


async def test_a_cancelled_timer_holds_nothing_up(host: Host, app: App) -> None:
    @app.orchestrator
    def race(context: Any) -> Any:
        timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        won = context.wait_for_external_event("go")
        yield context.task_any([won, timer])
        timer.cancel()
        return won.result

    await host.client.start_new("race", "i")
    await host.client.raise_event("i", "go", {"a": 1})
    assert (await host.finished("i")).output == '{"a": 1}'  # a string, as in Azure


async def test_continue_as_new_runs_on_in_one_work_item(host: Host, app: App) -> None:
    """Item 15: three times; one generation's history, the messages of all."""

    @app.orchestrator
    def again(context: Any) -> Any:
        left = context.get_input()
        context.signal_entity(K, "add", 1)
        if left:
            context.continue_as_new(left - 1)
            return None
        return (yield context.call_entity(K, "get"))

    status = await run(host, "again", 3)
    assert status.output == 4
    assert status.input_ == "0"
    episodes = [json.loads(payload) for name, payload in app.calls if name == "again"]
    assert [p["input"] for p in episodes] == ["3", "2", "1", "0", "0"]
    assert [len(p["history"]) for p in episodes] == [2, 2, 2, 2, 7]
    statistics = host.hub.statistics()
    assert statistics["hub.instance"] - statistics["entity_batches"] == 2


async def test_events_after_the_decision_to_continue_are_carried_over(host: Host, app: App) -> None:
    """Host-protocol 5.8: those in the same batch and after it, no others."""

    @app.orchestrator
    def collect(context: Any) -> Any:
        seen = [*(context.get_input() or []), (yield context.wait_for_external_event("go"))]
        if len(seen) < 3:
            context.continue_as_new(seen)
            return None
        return seen

    gate = app.close_gate("collect")
    await host.client.start_new("collect", "i")
    await until(lambda: app.runs["collect"], lambda runs: runs == 1)
    for number in (1, 2, 3):
        await host.client.raise_event("i", "go", number)
    gate.set()
    assert (await host.finished("i")).output == ["1", "2", "3"]


async def test_child_answers_its_parent_or_fails_its_task(host: Host, app: App) -> None:
    @app.orchestrator
    def child(context: Any) -> Any:
        yield context.call_entity(K, "add", 1)
        if context.get_input() == "bad":
            raise ValueError("no")
        return [context.get_input(), context.parent_instance_id]

    @app.orchestrator
    def parent(context: Any) -> Any:
        good = yield context.call_sub_orchestrator("child", "good", "named")
        try:
            yield context.call_sub_orchestrator_with_retry("child", RetryOptions(1, 2), "bad")
        except Exception as error:  # noqa: BLE001
            return [good, str(error)]

    await host.client.start_new("parent", "p")
    good, bad = (await host.finished("p")).output
    assert good == ["good", "p"]
    assert bad.startswith("Orchestrator function 'child' failed: no")
    assert await host.entity_where(K, lambda state: state == 3) == 3
    assert (await host.client.get_status("named")).output == ["good", "p"]


@pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")
async def test_an_external_event_before_the_wait_is_kept(host: Host, app: App) -> None:
    """One per name: of several the SDK 1.7 itself remembers only the last."""

    @app.orchestrator
    def waits(context: Any) -> Any:
        yield context.call_activity("hold", None)
        return (yield context.wait_for_external_event("go"))

    @app.activity
    def hold(_: Any) -> None:
        return None

    gate = app.close_gate("hold")
    await host.client.start_new("waits", "i")
    await host.client.raise_event("i", "go", "early")
    await until(lambda: app.runs["waits"], lambda runs: runs == 2)
    gate.set()
    assert (await host.finished("i")).output == '"early"'


async def test_an_activity_without_result_answers_none(host: Host, app: App) -> None:
    @app.activity
    def quiet(_: Any) -> None:
        return None

    @app.orchestrator
    def ask(context: Any) -> Any:
        return [(yield context.call_activity("quiet", "x"))]

    assert (await run(host, "ask")).output == [None]


async def test_timer_fires_at_most_a_second_early(open_hub: Open, app: App) -> None:
    clock = ManualClock()
    host = await open_hub(clock=clock)

    @app.orchestrator
    def nap(context: Any) -> Any:
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=90))
        return "awake"

    await host.client.start_new("nap", "i")
    await until(clock.next_alarm_in, lambda alarm: alarm is not None)
    assert 88.9 < (clock.next_alarm_in() or 0) <= 90
    clock.advance(91)
    assert (await host.finished("i")).output == "awake"


async def test_a_timer_of_many_days_goes_in_legs_of_three(open_hub: Open, app: App) -> None:
    clock = ManualClock()
    host = await open_hub(clock=clock)

    @app.orchestrator
    def hibernate(context: Any) -> Any:
        yield context.create_timer(context.current_utc_datetime + timedelta(days=10))
        return "spring"

    await host.client.start_new("hibernate", "i")
    days = []
    for _ in range(3):
        await until(clock.next_alarm_in, lambda alarm: alarm is not None)
        seconds = clock.next_alarm_in() or 0
        days.append(round(seconds / 86400))
        clock.advance(seconds + 1)
    assert days == [3, 3, 4]
    assert (await host.finished("i")).output == "spring"


async def test_custom_status_and_inputs_in_history_are_shown(open_hub: Open, app: App) -> None:
    host = await open_hub(store_inputs_in_history=True)

    @app.activity
    def act(x: Any) -> Any:
        return x

    @app.orchestrator
    def shows(context: Any) -> Any:
        context.set_custom_status({"at": "work"})
        return (yield context.call_activity("act", {"x": 1}))

    status = await run(host, "shows")
    assert status.custom_status == {"at": "work"}
    instance = status.instance_id
    path = f"instances/{instance}?showHistory=true&showHistoryOutput=true"
    async with host.http.get(path) as response:
        history = (await response.json())["historyEvents"]
    assert [e["EventType"] for e in history] == [
        "ExecutionStarted",
        "TaskCompleted",
        "ExecutionCompleted",
    ]
    assert history[1]["FunctionName"] == "act"
    assert history[1]["Input"] == '["{\\"x\\": 1}"]'
    assert history[1]["Result"] == {"x": 1}
    assert not {"EventId", "IsPlayed", "TaskScheduledId"} & history[1].keys()
