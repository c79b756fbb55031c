"""The producer for `localhost`: Event Hubs by their REST call for a batch."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from typing_extensions import override

from publishing.events import Event
from publishing.producer import NotSent, Producer

SEND_SECONDS_MAX: Final = 10.0
"""One call, connecting included, on one machine."""

BATCH: Final = "application/vnd.microsoft.servicebus.json"


class RestProducer(Producer):
    """`POST /{hub}/messages`, all or none of a batch."""

    def __init__(self, address: str, hub: str) -> None:
        """Send to the hub at `address`, `http://127.0.0.1:7071` say."""
        self._url = f"{address}/{quote(hub)}/messages"

    @override
    async def send(self, partition_key: str, events: Sequence[Event]) -> None:
        # Over a connection of its own: the worker never says when it ends.
        body = json.dumps([_message(partition_key, each) for each in events]).encode()
        limit = aiohttp.ClientTimeout(total=SEND_SECONDS_MAX)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(self._url, data=body, headers={"Content-Type": BATCH}) as answer,
            ):
                if answer.status != HTTPStatus.CREATED:
                    raise NotSent(f"{answer.url.path}: {answer.status} {answer.reason}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotSent(repr(error)) from error

    @override
    async def close(self) -> None:
        pass  # nothing is kept


def _message(partition_key: str, event: Event) -> dict[str, Any]:
    return {
        "Body": event.body.decode(),
        "BrokerProperties": {"PartitionKey": partition_key},
        "UserProperties": dict(event.properties),
    }
