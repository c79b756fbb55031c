"""Managing instances over the durable HTTP API (host-protocol 4.4): end, list, purge, rewind."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.durable_functions import EntityId, OrchestrationRuntimeStatus

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


async def test_finished_instances_take_no_events(host: Host) -> None:
    await host.client.start_new("echo", "i")
    await host.finished("i")
    for action in ("terminate", "suspend", "resume"):
        assert await call(host, "POST", f"instances/i/{action}?reason=x") == (410, None)
    with pytest.raises(Exception, match="is gone"):
        await host.client.raise_event("i", "go")
    assert (await call(host, "POST", "instances/i/rewind"))[0] == 412


async def test_terminate_ends_at_once_with_the_reason_as_output(host: Host) -> None:
    await host.client.start_new("waits", "i")
    await host.client.terminate("i", "no longer needed")
    status = await host.finished("i")
    assert (status.runtime_status.value, status.output) == ("Terminated", "no longer needed")


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


async def test_what_is_suspended_can_be_terminated(host: Host) -> None:
    await host.client.start_new("waits", "i")
    await host.client.suspend("i", "pause")
    await host.status_where("i", lambda s: s.runtime_status.value == "Suspended")
    await host.client.terminate("i", "enough")
    assert (await host.finished("i")).runtime_status.value == "Terminated"


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


async def test_restart_starts_with_the_same_input(host: Host) -> None:
    await host.client.start_new("echo", "i", {"n": 1})
    await host.finished("i")
    links: Any = await host.client.restart("i", restart_with_new_instance_id=True)
    assert links["id"] != "i"
    assert (await host.finished(links["id"])).output == {"n": 1}
    links = await host.client.restart("i", restart_with_new_instance_id=False)
    assert links["id"] == "i"
    assert (await host.finished("i")).output == {"n": 1}
    await host.client.start_new("waits", "w")
    assert (await call(host, "POST", "instances/w/restart?restartWithNewInstanceId=false"))[
        0
    ] == 409


async def test_lists_filter_and_page(host: Host) -> None:
    for number in range(5):
        await host.client.start_new("echo", f"echo-{number}", number)
        await host.finished(f"echo-{number}")
    await host.client.start_new("waits", "w")
    await host.status_where("w", lambda s: s.runtime_status.value == "Running")
    assert len(await host.client.get_status_all()) == 6
    running = await host.client.get_status_by(
        LONG_AGO, runtime_status=[OrchestrationRuntimeStatus.Running]
    )
    assert [s.instance_id for s in running] == ["w"]
    assert await host.client.get_status_by(LONG_AGO, LONG_AGO + timedelta(days=1)) == []
    seen, token = [], ""
    for _ in range(3):
        headers = {"x-ms-continuation-token": token} if token else {}
        path = "instances/?top=2&instanceIdPrefix=echo-&showInput=false"
        async with host.http.get(path, headers=headers) as response:
            page = await response.json()
            token = response.headers.get("x-ms-continuation-token", "")
        seen += [(i["instanceId"], i["input"]) for i in page]
    assert seen == [(f"echo-{number}", None) for number in range(5)]
    assert token == ""


async def test_the_sdk_sees_the_first_hundred_only(host: Host) -> None:
    await asyncio.gather(*[host.client.start_new("echo", f"i{n}") for n in range(101)])
    assert len(await host.client.get_status_all()) == 100


async def test_purge_by_filter_takes_all_unless_finished_is_asked(host: Host, app: App) -> None:
    @app.entity
    def thing(context: Any) -> None:
        context.set_state(1)

    await host.client.signal_entity(EntityId("Thing", "k"), "op")
    await host.entity_where(EntityId("Thing", "k"), lambda state: state == 1)
    await host.client.start_new("waits", "w")
    for number in range(3):
        await host.client.start_new("echo", f"e{number}")
        await host.finished(f"e{number}")
    assert (await call(host, "DELETE", "instances/w"))[0] == 412
    assert (await host.client.purge_instance_history("e0")).instances_deleted == 1
    assert (await host.client.purge_instance_history("e0")).instances_deleted == 0
    assert (await call(host, "DELETE", "instances/"))[0] == 400
    finished = await host.client.purge_instance_history_by(LONG_AGO, runtime_status=FINISHED)
    assert finished.instances_deleted == 2
    assert [s.instance_id for s in await host.client.get_status_all()] == ["@thing@k", "w"]
    # As on Azure: what no finished status is asked for takes running instances and entities too.
    assert (await host.client.purge_instance_history_by(LONG_AGO)).instances_deleted == 2
    assert await host.client.get_status_all() == []


async def test_a_purge_goes_on_beyond_one_transaction(host: Host) -> None:
    ids = [f"i{number:03}" for number in range(520)]
    await asyncio.gather(*[host.client.start_new("echo", id_) for id_ in ids])
    await asyncio.gather(*[host.finished(id_) for id_ in ids])
    assert (await host.client.purge_instance_history_by(LONG_AGO)).instances_deleted == 520
