"""Managing instances over the durable HTTP API (host-protocol 4.4): end, list, purge, rewind."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus

from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.host import Host, call

FINISHED = [
    OrchestrationRuntimeStatus.Completed,
    OrchestrationRuntimeStatus.Failed,
    OrchestrationRuntimeStatus.Terminated,
    OrchestrationRuntimeStatus.Canceled,
]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


pytestmark = [UNTYPED, pytest.mark.usefixtures("echo_and_waits")]


async def test_suspend_holds_events_back_until_resume(host: Host, app: App) -> None:
    await host.client.start_new("waits", "i")
    await host.status_where("i", lambda s: s.runtime_status.value == "Running")
    await host.client.suspend("i", "pause")
    await host.status_where("i", lambda s: s.runtime_status.value == "Suspended")
    assert (await call(host, "POST", "instances/i/suspend?reason=x"))[0] == 500
    runs = app.runs["waits"]
    await host.client.raise_event("i", "go", 1)
    assert (await host.state_of("i")) == "Suspended"
    await host.client.resume("i", "on")
    assert (await host.finished("i")).output == [None, "1"]
    assert app.runs["waits"] == runs + 1


async def test_rewind_runs_what_failed_again_and_nothing_else(host: Host, app: App) -> None:
    broken = {"flaky": True}

    @app.activity
    def fine(x: Any) -> Any:
        return x

    @app.activity
    def flaky(x: Any) -> Any:
        if broken["flaky"]:
            raise ValueError("down")
        return x

    @app.orchestrator
    def child(context: Any) -> Any:
        return (yield context.call_activity("flaky", "b"))

    @app.orchestrator
    def parent(context: Any) -> Any:
        a = yield context.call_activity("fine", "a")
        b = yield context.call_sub_orchestrator("child", None, "the-child")
        return [a, b]

    await host.client.start_new("parent", "p")
    assert (await host.finished("p")).runtime_status.value == "Failed"
    broken["flaky"] = False
    await host.client.rewind("p", "fixed")
    done = await host.status_where("p", lambda s: s.runtime_status.value == "Completed")
    assert done.output == ["a", "b"]
    assert (app.runs["fine"], app.runs["flaky"]) == (1, 2)
    assert (await host.state_of("the-child")) == "Completed"


async def test_a_purge_goes_on_beyond_one_transaction(host: Host) -> None:
    ids = [f"i{number:03}" for number in range(520)]
    await asyncio.gather(*[host.client.start_new("echo", id_) for id_ in ids])
    await asyncio.gather(*[host.finished(id_) for id_ in ids])
    assert (await host.client.purge_instance_history_by(LONG_AGO)).instances_deleted == 520
