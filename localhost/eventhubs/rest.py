"""Sending over HTTP: `POST /{hub}/messages` and `POST /{hub}/partitions/{id}/messages`.

Answered with 201 once the events are on disk. Azure asks for a SAS token or an identity; here it
is the master key, and only with `--enable-auth`.
"""

import re
from typing import Final

from aiohttp import BasicAuth, web

from localhost.eventhubs.events import NewEvent
from localhost.eventhubs.hub import EventHubs, Hub
from localhost.eventhubs.partition import Partition
from localhost.eventhubs.rest_wire import BODY_BYTES_MAX, Malformed, parse_events
from localhost.http_server import BodyTooLarge, Request
from localhost.http_wire import message_response

_SEND: Final = re.compile(
    r"/(?P<hub>[^/]+)(?:/partitions/(?P<partition>[^/]+))?/messages/?", re.IGNORECASE
)


def password_of(request: Request) -> str | None:
    """Return the password of basic authentication, which a URL like http://:key@host makes."""
    try:
        sent = BasicAuth.decode(request.headers.get("Authorization", ""))
    except ValueError:
        return None
    return str(sent.password)


def hub_named(method: str, path: str) -> str | None:
    """Return the hub that a producer's request names, None when it is not a producer's."""
    found = _SEND.fullmatch(path) if method == "POST" else None
    return found["hub"] if found else None


async def send(hubs: EventHubs, request: Request, path: str) -> web.Response:
    """Answer a producer; the caller has checked the key. Raises sqlite3.Error."""
    found = _SEND.fullmatch(path)
    hub = hubs.find(found["hub"]) if found else None
    if found is None or hub is None:
        return web.Response(status=404)
    try:
        partition = _partition(hub, found["partition"])
        events = await _read_events(request, is_placed=partition is not None)
    except Malformed as error:
        return message_response(str(error), 400)
    except BodyTooLarge:
        return message_response(f"more than {BODY_BYTES_MAX} bytes", 413)
    await hub.send(events, partition)
    return web.Response(status=201)


def _partition(hub: Hub, number: str | None) -> Partition | None:
    partition = None if number is None else hub.partition_numbered(number)
    if number is not None and partition is None:
        raise Malformed(f"{hub.name} has no partition {number!r}")
    return partition


async def _read_events(request: Request, *, is_placed: bool) -> list[NewEvent]:
    body = await request.read(BODY_BYTES_MAX)
    events = parse_events(request.headers, body)
    if is_placed and any(event.partition_key for event in events):
        raise Malformed("an event has a partition key, or a partition; not both")
    return events
