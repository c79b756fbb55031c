"""The paths that are the host's own, and what answers them: /admin, the durable API, event hubs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from aiohttp import web

from localhost.admin import AdminApi
from localhost.eventhubs.service import EventHubsService
from localhost.http_server import Request
from localhost.http_target import decode_path
from localhost.standby import Standby

WEBHOOK_PATH: Final = "/runtime/webhooks/durabletask"
RPC_PATH: Final = "/durabletask/"
ADMIN_PATH: Final = "/admin/"

DurableApi = Callable[[Any, str, str], Awaitable[web.StreamResponse]]
"""The task hub's HTTP API: the request, its path below the base still encoded, the base URL.

The request is a BaseRequest here; the hub asks no more of it than that."""


class Door(Enum):
    """Each has a key of its own."""

    ADMIN = auto()
    DURABLE = auto()
    EVENT_HUBS = auto()


@dataclass(frozen=True, slots=True)
class HostDoors:
    """What answers the paths that are the host's own."""

    admin: AdminApi
    durable_api: DurableApi
    event_hubs: EventHubsService | None = None
    standby: Standby | None = None
    """How to ask the owner of the data folder, unless this host has always been that."""
    only_loopback: bool = False
    """Whether the host has no name but those of this machine to itself."""

    def find(self, method: str, raw: str, path: str) -> Door | None:
        """Return which door a path leads to, `raw` as it came and `path` decoded."""
        if path.lower().startswith(ADMIN_PATH):
            return Door.ADMIN
        if raw.lower().startswith(WEBHOOK_PATH + "/"):
            return Door.DURABLE
        if self.event_hubs is not None and self.event_hubs.takes(method, path):
            return Door.EVENT_HUBS
        return None

    async def answer(self, door: Door, request: Request, raw: str, base: str) -> web.StreamResponse:
        """Answer; the key was checked. `base` is the URL of WEBHOOK_PATH as the caller sees it."""
        match door:
            case Door.ADMIN:
                return await self.admin.handle(request, decode_path(raw)[len(ADMIN_PATH) :])
            case Door.DURABLE:
                return await self.durable_api(request, raw[len(WEBHOOK_PATH) + 1 :], base)
            case Door.EVENT_HUBS:
                assert self.event_hubs is not None
                return await self.event_hubs.take(request, decode_path(raw))

    async def answer_standby(self, request: Request, raw: str, base: str) -> web.StreamResponse:
        """Answer what a standby passes on; it has checked the key."""
        door = self.find(request.method, raw, decode_path(raw))
        if door is None:
            return web.Response(status=404)
        return await self.answer(door, request, raw, base)


def is_the_owners(door: Door, method: str, path: str) -> bool:
    """Tell whether only the owner of the data folder can answer, given the decoded path.

    It has the event hubs, and runs the functions that are started by hand. The durable API looks
    for the owner itself.
    """
    if door is Door.EVENT_HUBS:
        return True
    parts = path[len(ADMIN_PATH) :].lower().strip("/").split("/")
    by_hand = method == "POST" and parts[0] == "functions"
    return door is Door.ADMIN and (by_hand or parts[0] == "eventhubs")


def rpc_handler(
    durable_api: DurableApi,
    webhook_base: str,
    others: Callable[[Request], Awaitable[web.StreamResponse]] | None = None,
    path: str = RPC_PATH,
) -> Callable[[Request], Awaitable[web.StreamResponse]]:
    """Return the handler of the loopback port that durable clients talk to, below `path`.

    It asks for no key: only the app and whoever can read its data are told the path. Links in its answers lead to the public port. `others` answers what is not the durable API.
    """

    async def handle(request: Request) -> web.StreamResponse:
        asked = request.raw_path.partition("?")[0]
        if asked.startswith(path):
            return await durable_api(request, asked[len(path) :], webhook_base)
        if others is not None:
            return await others(request)
        return web.Response(status=404)

    return handle
