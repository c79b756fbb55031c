"""Sending to `localhost`: what goes over the wire, and every way of not being sent."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from publishing.events import Event, event_of
from publishing.open import open_producer
from publishing.producer import NotSent
from publishing.rest_producer import RestProducer
from store.ports.records import Entry
from tests.domain_under_test import KEY, OTHER_KEY, WIRE

EVENTS = [
    event_of(KEY, Entry(n, f"r{n}", 1, f'{{"id":{n},"title":"TODO 🧊 {n}"}}'), WIRE.shown)
    for n in (1, 2, 3)
]


@dataclass
class Hub:
    """A server that notes what it gets, and answers as it is told."""

    address: str = ""
    status: int = 201
    hangs: bool = False
    got: list[tuple[str, str, Any]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        body = json.loads(await request.read())
        self.got.append((request.path, request.headers["Content-Type"], body))
        self.asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        return web.Response(status=self.status)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    made = Hub()
    runner = web.ServerRunner(web.Server(made.handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.address = f"http://{host}:{port}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def producer(hub: Hub) -> AsyncIterator[RestProducer]:
    made = RestProducer(hub.address, "todo-events")
    yield made
    await made.close()


async def test_batch_is_one_call_with_the_partition_key_per_event(
    hub: Hub, producer: RestProducer
) -> None:
    await producer.send(KEY, EVENTS)
    [(path, content_type, messages)] = hub.got
    assert path == "/todo-events/messages"
    assert content_type == "application/vnd.microsoft.servicebus.json"
    assert [json.loads(each["Body"])["id"] for each in messages] == [1, 2, 3]
    assert [each["Body"].encode() for each in messages] == [each.body for each in EVENTS]
    assert {each["BrokerProperties"]["PartitionKey"] for each in messages} == {KEY}
    assert messages[0]["UserProperties"] == {"requestId": "r1", "sequence": 1}


@pytest.mark.parametrize("status", [200, 400, 404, 413, 429, 500, 503])
async def test_anything_but_created_is_not_sent(
    hub: Hub, producer: RestProducer, status: int
) -> None:
    hub.status = status
    with pytest.raises(NotSent, match=str(status)):
        await producer.send(KEY, EVENTS)
    hub.status = 201
    await producer.send(KEY, EVENTS)


async def test_silence_is_not_sent(
    hub: Hub, producer: RestProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publishing.rest_producer.SEND_SECONDS_MAX", 0.1)
    hub.hangs = True
    with pytest.raises(NotSent):
        await producer.send(KEY, EVENTS)
    assert len(hub.got) == 1


async def test_unreachable_hub_is_not_sent(unused_tcp_port: int) -> None:
    producer = RestProducer(f"http://127.0.0.1:{unused_tcp_port}", "todo-events")
    with pytest.raises(NotSent):
        await producer.send(KEY, EVENTS)
    await producer.close()


async def test_sends_side_by_side_do_not_wait_for_each_other(
    hub: Hub, producer: RestProducer
) -> None:
    hub.hangs = True
    hanging = asyncio.create_task(producer.send(KEY, EVENTS))
    async with asyncio.timeout(10):
        await hub.asked.wait()
    hub.hangs = False
    await producer.send(OTHER_KEY, [Event(b"{}", {})])
    assert not hanging.done()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_an_address_in_the_connection_makes_this_producer(hub: Hub) -> None:
    producer = open_producer("todo-events", {"EVENTHUBS": f"{hub.address}/"})
    assert isinstance(producer, RestProducer)
    await producer.send(KEY, EVENTS)
    assert hub.got[0][0] == "/todo-events/messages"
    await producer.close()
