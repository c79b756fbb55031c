"""Orchestrations through the real SDK and client. Items: host-protocol section 12."""

import json
from datetime import timedelta
from typing import Any

import pytest
from azure.durable_functions import EntityId

from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.conftest import Open
from tests.localhost.taskhub.host import Host, run, until
from tests.localhost.taskhub.manual_clock import ManualClock

pytestmark = [pytest.mark.usefixtures("counter"), UNTYPED]

K = EntityId("Counter", "k")


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
