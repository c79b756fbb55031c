"""Sending to Azure Event Hubs: the SDK as it is, against nobody, against silence, against the
emulator when there is one."""

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub import EventData, EventDataBatch
from azure.eventhub.aio import EventHubConsumerClient

from publishing import azure_producer
from publishing.azure_producer import AzureProducer
from publishing.connection import Connection
from publishing.events import Event, event_of
from publishing.open import open_producer
from publishing.producer import NotSent
from settings.identity import Identity
from store.ports.records import Entry
from tests.domain_under_test import KEY, WIRE
from tests.publishing.conftest import EMULATOR

ROOT = Path(__file__).parent.parent.parent
CLIENT = "6f1c2a4e-0000-4000-8000-000000000001"
ACCESS_KEY = "SharedAccessKeyName=a;SharedAccessKey=YWJj;UseDevelopmentEmulator=true;"
EVENTS = [
    event_of(KEY, Entry(n, f"r{n}", 1, f'{{"id":{n},"title":"TODO {n}"}}'), WIRE.shown)
    for n in (1, 2, 3)
]


def connection(port: int) -> Connection:
    text = f"Endpoint=sb://127.0.0.1:{port};{ACCESS_KEY}"
    return Connection.read({"EventHubs": text}, ["todo-events"])


# Given up half-way, the SDK leaves its socket to the garbage collector.
LEFT_SOCKET = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Silence:
    """A port that takes connections and never says anything."""

    def __init__(self) -> None:
        self.port = 0
        self.taken = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []

    async def take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.taken.set()


@pytest.fixture
async def silence() -> AsyncIterator[Silence]:
    made = Silence()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    for each in made.writers:
        each.transport.abort()
    await server.wait_closed()


async def test_unreachable_hub_is_not_sent_and_next_attempt_reconnects(
    unused_tcp_port: int,
) -> None:
    producer = AzureProducer(connection(unused_tcp_port), "todo-events")
    for _ in range(2):
        with pytest.raises(NotSent, match="todo-events"):
            await producer.send(KEY, EVENTS)
        assert producer._client is None
    await producer.close()


@LEFT_SOCKET
async def test_silence_is_not_sent_within_the_limit(
    silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_producer, "SEND_SECONDS_MAX", 0.3)
    producer = AzureProducer(connection(silence.port), "todo-events")
    async with asyncio.timeout(10):
        with pytest.raises(NotSent):
            await producer.send(KEY, EVENTS)
    assert producer._client is None
    await producer.close()


@LEFT_SOCKET
async def test_a_send_that_is_given_up_leaves_no_client_behind(silence: Silence) -> None:
    producer = AzureProducer(connection(silence.port), "todo-events")
    sending = asyncio.create_task(producer.send(KEY, EVENTS))
    async with asyncio.timeout(10):
        await silence.taken.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert sending.cancelled()
    assert producer._client is None
    await producer.close()


class Wire:
    """The SDK's client with real batches of a small size, which notes what is sent."""

    def __init__(self, bytes_max: int) -> None:
        self.sent: list[list[Any]] = []
        self._bytes_max = bytes_max

    async def create_batch(self, *, partition_key: str) -> EventDataBatch:
        return EventDataBatch(max_size_in_bytes=self._bytes_max, partition_key=partition_key)

    async def send_batch(self, batch: EventDataBatch) -> None:
        assert batch._partition_key in {KEY.encode(), KEY}
        self.sent.append(list(batch._internal_events))


async def test_overflow_of_one_message_is_in_the_next_in_order() -> None:
    shown = WIRE.shown
    output = f'{{"id":1,"title":"{"x" * 400}"}}'
    events = [event_of(KEY, Entry(n, f"r{n}", 1, output), shown) for n in range(1, 41)]
    wire: Any = Wire(bytes_max=4_096)
    await azure_producer._send(wire, KEY, iter(events))
    assert len(wire.sent) > 3
    data = [each for batch in wire.sent for each in batch]
    assert all(isinstance(each, EventData) for each in data)
    assert [each.properties["sequence"] for each in data] == list(range(1, 41))
    assert [each.body_as_str() for each in data] == [each.body.decode() for each in events]
    assert [each.properties["requestId"] for each in data][:1] == ["r1"]


async def test_an_event_that_fits_into_no_message_is_an_error() -> None:
    wire: Any = Wire(bytes_max=1_024)
    with pytest.raises(ValueError, match="size limit"):
        await azure_producer._send(wire, KEY, iter([Event(b"x" * 2_000, {})]))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"EventHubs": "Endpoint=sb://a;" + ACCESS_KEY},
            Connection(connection_string="Endpoint=sb://a;" + ACCESS_KEY),
        ),
        (
            {"EVENTHUBS__FULLYQUALIFIEDNAMESPACE": "a.example", "EventHubs__clientId": CLIENT},
            Connection(namespace="a.example", identity=Identity(CLIENT)),
        ),
        (
            {
                "EventHubs__fullyQualifiedNamespace": "a.b",
                "EventHubs__credential": "managedidentity",
            },
            Connection(namespace="a.b", identity=Identity(managed_only=True)),
        ),
        ({"EventHubs": " http://127.0.0.1:7071/ "}, Connection(address="http://127.0.0.1:7071")),
    ],
)
def test_the_connection_is_named_as_a_functions_connection_is(
    settings: dict[str, str], expected: Connection
) -> None:
    assert Connection.read(settings, ["todo-events"]) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"EventHubs": " "},
        {"EventHubs": "nonsense"},
        {"EventHubs": "Endpoint=sb://a"},
        {"EventHubs": "http://"},
        {"EventHubs": "http://127.0.0.1:70710/"},
        {"EventHubs": "Endpoint=https://a;" + ACCESS_KEY},
        {"EventHubs": "Endpoint=sb://a;EntityPath=another;" + ACCESS_KEY},
        {"EventHubs": "Endpoint=sb://a;SharedAccessKeyName=a;SharedAccessKey="},
        {"EventHubs__fullyQualifiedNamespace": "https://a.servicebus.windows.net/"},
        {"EventHubs__fullyQualifiedNamespace": "a"},
        {"EventHubs__fullyQualifiedNamespace": "a b.example"},
        {"EventHubs__fullyQualifiedNamespace": "a.b", "EventHubs__credential": "password"},
        {"EventHubs__fullyQualifiedNamespace": "a.b", "EventHubs__clientId": "me"},
        {"EventHubs__fullyQualifiedNamespace": "a.b", "EventHubs": "Endpoint=sb://a;" + ACCESS_KEY},
    ],
)
def test_malformed_connection_is_named(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="EventHubs") as failure:
        Connection.read(settings, ["todo-events"])
    assert "YWJj" not in str(failure.value)


def test_a_key_is_not_shown() -> None:
    assert "YWJj" not in repr(connection(5672))


async def test_connection_with_a_namespace_signs_in_by_identity() -> None:
    settings = {"EventHubs__fullyQualifiedNamespace": "example.servicebus.windows.net"}
    producer = open_producer("todo-events", settings)
    assert isinstance(producer, AzureProducer)
    client = await producer._opened()
    assert client.eventhub_name == "todo-events"
    assert type(producer._credential).__name__ == "DefaultAzureCredential"
    await producer.close()


def test_the_sdk_is_not_loaded_where_it_is_not_used() -> None:
    code = (
        "import sys, publishing.open as c;"
        "c.open_producer('h', {'EventHubs': 'http://127.0.0.1:1'});"
        "sys.exit('azure.eventhub' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == 0


@pytest.mark.emulator
async def test_events_arrive_at_the_emulator_in_order_in_a_partition() -> None:
    """The hub is TODO_EVENTS_HUB, by default `todo-events`."""
    text, hub = os.environ[EMULATOR], os.environ.get("EO_EVENTS_HUB") or "todo-events"
    run = uuid.uuid4().hex
    shown = WIRE.shown
    events = [
        event_of(KEY, Entry(n, f"{run}:{n}", 1, f'{{"id":{n},"title":"TODO {n}"}}'), shown)
        for n in range(1, 251)
    ]
    producer = open_producer(hub, {"EventHubs": text})
    await producer.send(KEY, events[:100])
    await producer.send(KEY, events[100:])
    await producer.close()
    arrived: list[tuple[str, Any]] = []
    done = asyncio.Event()

    async def receive(context: Any, event: EventData | None) -> None:
        if event is None:
            return
        properties = {_text(name): value for name, value in event.properties.items()}
        if str(_text(properties["requestId"])).startswith(run):
            arrived.append((context.partition_id, event.body_as_json()))
        if len(arrived) == len(events):
            done.set()

    consumer = EventHubConsumerClient.from_connection_string(text, "$Default", eventhub_name=hub)
    async with consumer:
        receiving = asyncio.create_task(consumer.receive(receive, starting_position="-1"))
        async with asyncio.timeout(60):
            await done.wait()
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    assert len({partition for partition, _ in arrived}) == 1
    assert [each["id"] for _, each in arrived] == list(range(1, 251))


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
