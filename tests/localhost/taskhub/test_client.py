"""The durable client's HTTP API (host-protocol 4.3 and 4.4), through the SDK where it can."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.durable_functions import RetryOptions

from localhost.taskhub import Overridable
from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.conftest import Open
from tests.localhost.taskhub.host import BASE, Host, call, until

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


pytestmark = [UNTYPED, pytest.mark.usefixtures("echo_and_waits")]


async def test_any_state_may_be_replaced_if_so_configured(open_hub: Open, app: App) -> None:
    host = await open_hub(overridable_existing_instance_states=Overridable.ANY_STATE)
    await host.client.start_new("waits", "i", "first")
    await until(lambda: app.runs["waits"], lambda runs: runs == 1)
    await host.client.start_new("waits", "i", "second")
    await until(lambda: app.runs["waits"], lambda runs: runs == 2)
    await host.client.raise_event("i", "go", 1)
    assert (await host.finished("i")).output == ["second", "1"]


async def test_of_two_starts_at_once_both_are_accepted_and_one_runs(host: Host, app: App) -> None:
    """Host-protocol 7.5: whose row it is, wins; the caller cannot tell."""
    inputs = [f"input {number}" for number in range(5)]
    ids = await asyncio.gather(*[host.client.start_new("echo", "i", text) for text in inputs])
    assert ids == ["i"] * 5
    status = await host.finished("i")
    assert status.output in inputs
    assert status.output == json.loads(status.input_)
    assert app.runs["echo"] >= 1


async def test_an_instance_is_pending_until_its_first_commit(host: Host, app: App) -> None:
    gate = app.close_gate("echo")
    await host.client.start_new("echo", "i", {"a": 1})
    async with host.http.get("instances/i") as response:
        assert response.status == 202
        status = await response.json()
    assert (status["runtimeStatus"], status["input"]) == ("Pending", '{"a": 1}')
    gate.set()
    await host.finished("i")


async def test_the_binding_payload_is_what_the_sdk_expects(host: Host) -> None:
    payload = json.loads(
        host.hub.client_payload("http://h/x", "http://127.0.0.1:1/durabletask", "k")
    )
    assert payload["taskHubName"] == "TestHubName"
    assert payload["rpcBaseUrl"] == "http://127.0.0.1:1/durabletask/"
    assert payload["creationUrls"]["createNewInstancePostUri"] == (
        "http://h/x/orchestrators/{functionName}[/{instanceId}]?code=k"
    )
    links = host.client.create_http_management_payload("abc")
    assert links["rewindPostUri"].startswith(f"{host.origin}{BASE}/instances/abc/rewind?reason=")


async def test_a_start_may_wait_for_the_end(host: Host) -> None:
    status, body = await call(host, "POST", "orchestrators/echo?timeout=10&pollingInterval=0.01")
    assert (status, body) == (200, await _output_of_echo(host))
    status, body = await call(host, "POST", "orchestrators/waits?timeout=0.05&pollingInterval=0.01")
    assert status == 202
    assert "statusQueryGetUri" in body


async def _output_of_echo(host: Host) -> Any:
    return (await host.finished(await host.client.start_new("echo"))).output


async def test_unknown_instances_are_404_everywhere(host: Host) -> None:
    assert not await host.client.get_status("nobody")
    for method, path in [
        ("GET", "instances/nobody"),
        ("DELETE", "instances/nobody"),
        ("POST", "instances/nobody/terminate?reason=x"),
        ("POST", "instances/nobody/suspend"),
        ("POST", "instances/nobody/resume"),
        ("GET", "entities/echo/nobody"),
    ]:
        assert await call(host, method, path) == (404, None)
    assert (await call(host, "POST", "instances/nobody/raiseEvent/go", json=1))[0] == 404
    assert (await call(host, "POST", "instances/nobody/rewind?reason=x"))[0] == 404
    assert (await call(host, "POST", "instances/nobody/restart"))[0] == 400


async def test_many_calls_at_once_do_not_wait_for_each_other(host: Host, app: App) -> None:
    """Item 21: the SDK has 30 connections; no answer depends on another call."""

    @app.activity
    def never(_: Any) -> None: ...

    @app.orchestrator
    def stuck(context: Any) -> Any:
        yield context.call_activity_with_retry("never", RetryOptions(1, 1), None)

    gate = app.close_gate("never")
    ids = await asyncio.gather(*[host.client.start_new("stuck") for _ in range(31)])
    statuses = await asyncio.gather(*[host.client.get_status(id_) for id_ in ids])
    assert len([s for s in statuses if s]) == 31
    gate.set()
    await asyncio.gather(*[host.finished(id_) for id_ in ids])
