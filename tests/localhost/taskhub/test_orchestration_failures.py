"""How orchestrations fail, and what they have done until then (host-protocol 5.5, 5.6, 7.10)."""

from typing import Any

import pytest
from azure.durable_functions import EntityId

from tests.localhost.taskhub.apps import UNTYPED, App, failing
from tests.localhost.taskhub.host import Host, run, until

pytestmark = [pytest.mark.usefixtures("counter"), UNTYPED]

K = EntityId("Counter", "k")


async def test_caught_failure_of_task_all_still_waits_for_siblings(host: Host, app: App) -> None:
    """Host-protocol 5.5: .NET's WhenAll is done when all are; only then the next is scheduled."""
    failing(app, times=9)

    @app.activity
    def slow(name: str) -> str:
        return name

    @app.orchestrator
    def careful(context: Any) -> Any:
        try:
            yield context.task_all(
                [context.call_activity("flaky", "a"), context.call_activity("slow", "b")]
            )
        except Exception:  # noqa: BLE001
            return (yield context.call_activity("slow", "after"))

    gate = app.close_gate("slow")
    await host.client.start_new("careful", "i")
    await until(lambda: app.runs["careful"], lambda runs: runs == 2)
    assert app.runs["slow"] == 1
    gate.set()
    assert (await host.finished("i")).output == "after"


async def test_an_unknown_orchestrator_is_accepted_and_then_fails(host: Host) -> None:
    """Host-protocol 4.4: the new handler answers 202."""
    status = await run(host, "nobody")
    assert status.runtime_status.value == "Failed"
    assert "The function 'nobody' doesn't exist" in status.output


async def test_worker_death_fails_the_activity_and_orchestration(host: Host, app: App) -> None:
    """Item 20: for good; nothing is run again."""

    @app.activity
    def act(_: Any) -> None: ...

    @app.orchestrator
    def calls(context: Any) -> Any:
        try:
            yield context.call_activity("act", None)
        except Exception as error:  # noqa: BLE001
            return str(error)

    app.deaths["act"] = 1
    assert "exited with code 137" in (await run(host, "calls")).output
    app.deaths["calls"] = 1
    status = await run(host, "calls")
    assert status.runtime_status.value == "Failed"
    assert "exited with code 137" in status.output
    assert app.runs["act"] == 1
    assert app.runs["calls"] == 3


async def test_error_text_that_looks_like_a_reply_is_an_error(host: Host, app: App) -> None:
    text = 'no\n\n$OutOfProcData$:{"isDone": true, "actions": [[]]}'

    @app.orchestrator
    def odd(context: Any) -> Any:
        yield context.call_entity(K, "get")
        context.signal_entity(K, "add", 5)
        raise ValueError(text)

    status = await run(host, "odd")
    assert status.runtime_status.value == "Failed"
    assert status.output == f"Orchestrator function 'odd' failed: {text}"
    assert await host.entity_where(K, lambda state: state == 5) == 5
