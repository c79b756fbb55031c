"""Entities over the durable HTTP API (host-protocol 4.4): bodies, refusals, lists."""

import json

import pytest
from azure.durable_functions import EntityId

from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.host import Host, until

pytestmark = [pytest.mark.usefixtures("counter"), UNTYPED]

K = EntityId("Counter", "k")


async def test_a_signal_input_is_encoded_twice(host: Host) -> None:
    await host.client.signal_entity(K, "input", {"n": "é"})
    state = await host.entity_where(K, lambda state: state is not None)
    assert json.loads(json.loads(state)) == {"n": "é"}


@pytest.mark.parametrize(
    ("body", "content_type", "seen"),
    [
        (b'{"n": 1}', "application/json", '{"n":1}'),
        (b"some text", "text/plain", '"some text"'),
        (b"", "text/plain", None),
    ],
)
async def test_what_an_operation_sees_of_a_body(
    host: Host, app: App, body: bytes, content_type: str, seen: str | None
) -> None:
    """Host-protocol 4.4: a webhook's JSON object is encoded once, any other text as JSON."""
    headers = {"Content-Type": content_type}
    async with host.http.post("entities/Counter/k?op=input", data=body, headers=headers) as r:
        assert r.status == 202
    await host.entity_where(K, lambda state: state is not None)
    operation = json.loads(app.calls[0][1])["batch"][0]
    assert operation == {"name": "input", "isSignal": True, "input": seen}


async def test_delete_is_the_operation_delete_and_dollar_the_empty_key(
    host: Host, app: App
) -> None:
    async with host.http.delete("entities/Counter/$") as response:
        assert (response.status, await response.text()) == (202, "")
    await until(lambda: app.calls, lambda calls: calls)
    payload = json.loads(app.calls[0][1])
    assert payload["self"] == {"name": "counter", "key": ""}
    assert payload["batch"][0]["name"] == "delete"


async def test_reads_of_a_state_are_counted_found_or_not(host: Host) -> None:
    await host.client.read_entity_state(K)
    await host.client.signal_entity(K, "input", 1)
    await host.client.read_entity_state(K)
    statistics = host.hub.statistics()
    assert (statistics["state_reads"], statistics["client_signals"]) == (2, 1)
