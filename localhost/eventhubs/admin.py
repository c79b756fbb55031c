"""Looking into the hubs: `/admin/eventhubs`. Azure has other means (the portal, a consumer)."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from localhost.eventhubs.events import Event, to_datetime
from localhost.eventhubs.hub import EventHubs, Hub
from localhost.http_server import Request
from localhost.http_wire import message_response

EVENTS_DEFAULT: Final = 100
EVENTS_MAX: Final = 1000

Rewind = Callable[[Hub, str | None], Awaitable[None]]
"""Delivers a hub again, to one consumer group (in lower case) or to all."""


async def show(hubs: EventHubs, rewind: Rewind, request: Request, path: list[str]) -> web.Response:
    """Answer a request; `path` is what follows `/admin/eventhubs`, in lower case."""
    if request.method == "GET" and not path:
        return web.json_response([_describe(hub) for hub in hubs.all()])
    hub = hubs.find(path[0]) if path else None
    if hub is None:
        return web.Response(status=404)
    match request.method, path[1:]:
        case "GET", []:
            return web.json_response(_describe(hub))
        case "GET", ["partitions", number, "events"]:
            return _events(hub, number, request)
        case "DELETE", ["checkpoints"]:
            group = request.query.get("consumerGroup")
            await rewind(hub, group.lower() if group else None)
            return web.Response(status=204)
    return web.Response(status=404)


def _describe(hub: Hub) -> dict[str, Any]:
    checkpoints: dict[str, dict[str, int]] = {}
    for partition in hub.partitions:
        for group, sequence_number in partition.checkpoints().items():
            checkpoints.setdefault(group, {})[str(partition.number)] = sequence_number
    return {
        "name": hub.name,
        "partitions": [
            {"id": str(item.number), "lastSequenceNumber": item.end - 1} for item in hub.partitions
        ],
        "checkpoints": checkpoints,
    }


def _events(hub: Hub, number: str, request: Request) -> web.Response:
    partition = hub.partition_numbered(number)
    if partition is None:
        return web.Response(status=404)
    try:
        first = _number(request, "from", 0, 0, 2**63 - 1)
        count = _number(request, "limit", EVENTS_DEFAULT, 1, EVENTS_MAX)
    except ValueError as error:
        return message_response(str(error), 400)
    return web.json_response([_event(event) for event in partition.read(first, count)])


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or not least <= int(text[:20]) <= most:
        raise ValueError(f"{name} must be an integer from {least} to {most}")
    return int(text)


def _event(event: Event) -> dict[str, Any]:
    return {
        "sequenceNumber": event.sequence_number,
        "offset": str(event.offset),
        "enqueuedTime": to_datetime(event.enqueued_at).isoformat().replace("+00:00", "Z"),
        "partitionKey": event.partition_key,
        "messageId": event.message_id,
        "properties": json.loads(event.properties),
        "bodyBase64": base64.b64encode(event.body).decode(),
    }
