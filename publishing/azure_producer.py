"""The producer for Azure Event Hubs and Microsoft's emulator of it: AMQP, by the SDK."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from azure.core.exceptions import AzureError
from azure.eventhub import EventData, EventDataBatch
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError
from typing_extensions import override

from publishing.connection import Connection
from publishing.events import Event
from publishing.producer import NotSent, Producer

SEND_SECONDS_MAX: Final = 30.0
"""All of one call: connecting, signing in, and as many messages as the events need."""

CLOSE_SECONDS_MAX: Final = 5.0

RETRIES_MAX: Final = 1
"""A dropped idle connection is noticed by the next send, and made anew. Whatever is worse than
that is tried again by the catch-up run that finds the marker."""

RETRY_PAUSE_SECONDS: Final = 0.2

# Some failures come as what the socket, TLS or the SDK's own code raises.
UNCLEAR: Final = (EventHubError, AzureError, OSError, ValueError, LookupError, AttributeError, TypeError)  # fmt: skip

log = logging.getLogger(__name__)


class AzureProducer(Producer):
    """Sends by AMQP, through one client at a time."""

    def __init__(self, connection: Connection, hub: str) -> None:
        """Send to `hub`; `connection` has a connection string or a namespace."""
        self._connection = connection
        self._hub = hub
        self._client: EventHubProducerClient | None = None
        self._credential: Any = None
        self._opening = asyncio.Lock()

    @override
    async def send(self, partition_key: str, events: Sequence[Event]) -> None:
        # A batch that the hub takes as one message is in it whole or not.
        client: EventHubProducerClient | None = None
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                client = await self._opened()
                await _send(client, partition_key, iter(events))
        except UNCLEAR as error:
            # Cut off half-way, a client of the SDK does not always find its way back.
            await self._discard(client)
            raise NotSent(f"{self._hub}: {error!r}") from error
        except asyncio.CancelledError:
            await self._discard(client)
            raise

    @override
    async def close(self) -> None:
        await self._discard(self._client)
        if self._credential is not None:
            await self._credential.close()
            self._credential = None

    async def _opened(self) -> EventHubProducerClient:
        async with self._opening:
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> EventHubProducerClient:
        if self._connection.connection_string:
            return EventHubProducerClient.from_connection_string(
                self._connection.connection_string, eventhub_name=self._hub, **_options()
            )
        if self._credential is None:
            self._credential = self._connection.identity.credential()
        return EventHubProducerClient(
            self._connection.namespace, self._hub, self._credential, **_options()
        )

    async def _discard(self, client: EventHubProducerClient | None) -> None:
        """Forget a client, so that the next call makes a new one, and close it."""
        if client is None:
            return
        if self._client is client:
            self._client = None
        with suppress(*UNCLEAR):  # a timeout too
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await client.close()


async def _send(
    client: EventHubProducerClient, partition_key: str, events: Iterator[Event]
) -> None:
    """Send the events in as few messages as the hub allows, one after the other."""
    batch = await client.create_batch(partition_key=partition_key)
    for event in events:
        data = EventData(event.body)
        data.properties = {name: value for name, value in event.properties.items()}  # noqa: C416
        data.content_type = "application/json"
        if not _fits(batch, data):
            await client.send_batch(batch)
            batch = await client.create_batch(partition_key=partition_key)
            batch.add(data)
    await client.send_batch(batch)


def _fits(batch: EventDataBatch, data: EventData) -> bool:
    try:
        batch.add(data)
    except ValueError:  # how the SDK says that the message is full
        if len(batch) == 0:
            raise
        return False
    return True


def _options() -> dict[str, Any]:
    return {
        "retry_total": RETRIES_MAX,
        "retry_backoff_factor": RETRY_PAUSE_SECONDS,
        "auth_timeout": SEND_SECONDS_MAX,
    }
