"""The event hubs of a host put together: file, sending, trigger, and the doors to look inside."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from aiohttp import web

from localhost.console import Console
from localhost.errors import StartError
from localhost.eventhubs.admin import show
from localhost.eventhubs.dispatcher import Dispatcher
from localhost.eventhubs.faults import EventHubFaults
from localhost.eventhubs.hub import PARTITIONS_DEFAULT, PARTITIONS_MAX, EventHubs
from localhost.eventhubs.options import EventHubOptions
from localhost.eventhubs.processor import Environment
from localhost.eventhubs.rest import hub_named, send
from localhost.eventhubs.subscriptions import Subscription, build_subscriptions
from localhost.functions import Function
from localhost.http_server import Request
from localhost.runner import FunctionRunner
from localhost.timers import Clock

HUBS_SETTING: Final = "LOCALHOST_EVENT_HUB_NAMES"
"""Names of hubs, with commas, which must exist even when no trigger reads them."""
PARTITIONS_SETTING: Final = "LOCALHOST_EVENT_HUB_PARTITIONS"
"""Of a hub that is made now; one that is there keeps what it has, as on Azure."""


class EventHubsService:
    """Owns the hubs from `open` to `close`, and the trigger from `start` to `stop`."""

    def __init__(
        self,
        path: Path,
        functions: Sequence[Function],
        options: EventHubOptions,
        faults: EventHubFaults,
        environ: Mapping[str, str],
    ) -> None:
        """Raise StartError when a binding or a setting is invalid."""
        self._path = path
        self._options = options
        self._faults = faults
        self._subscriptions = build_subscriptions(functions, environ)
        self._partitions = _partitions_of(environ)
        self._names = [item.hub for item in self._subscriptions]
        wanted = environ.get(HUBS_SETTING, "")
        self._names += [name for text in wanted.split(",") if (name := text.strip())]
        self._known = {name.lower() for name in self._names}
        self._hubs: EventHubs | None = None
        self._dispatcher: Dispatcher | None = None

    async def open(self, runner: FunctionRunner, clock: Clock, console: Console) -> None:
        """Open the file, when the app names a hub. Raises StartError when it cannot be used."""
        if not self._names:
            return
        hubs = await EventHubs.open(self._path, self._names, self._partitions, self._faults)
        environment = Environment(runner, self._options, clock, self._faults, console)
        self._hubs = hubs
        self._dispatcher = Dispatcher(hubs, self._subscriptions, environment)

    def start(self) -> None:
        """Begin to deliver events to the functions."""
        if self._dispatcher is not None:
            self._dispatcher.start()

    async def stop(self) -> None:
        """Stop delivering; events can still be sent."""
        if self._dispatcher is not None:
            await self._dispatcher.stop()

    async def close(self) -> None:
        """Close the file."""
        if self._hubs is not None:
            await self._hubs.close()

    def takes(self, method: str, path: str) -> bool:
        """Tell whether a request is a producer's: its decoded path is that of a hub.

        Before `open`, too: then the hubs are those of the host that owns the data folder.
        """
        name = hub_named(method, path)
        return name is not None and name.lower() in self._known

    async def take(self, request: Request, path: str) -> web.Response:
        """Answer a producer; the caller has checked the key."""
        assert self._hubs is not None
        try:
            return await send(self._hubs, request, path)
        except sqlite3.Error as error:
            return web.Response(status=503, text=str(error), headers={"Retry-After": "1"})

    async def show(self, request: Request, path: list[str]) -> web.Response:
        """Answer what is below /admin/eventhubs; the caller has checked the key."""
        if self._hubs is None or self._dispatcher is None:
            return web.Response(status=404)
        return await show(self._hubs, self._dispatcher, request, path)

    def delivers_to(self, function: Function) -> bool:
        """Tell whether a function has an Event Hubs trigger and is enabled."""
        return not function.disabled and self._subscription_of(function) is not None

    async def run_by_hand(self, function: Function, text: str) -> None:
        """Run an Event Hubs function for one event that is in no hub."""
        subscription = self._subscription_of(function)
        assert subscription is not None
        assert self._dispatcher is not None, "its hub has a name, so the file is open"
        await self._dispatcher.run_by_hand(subscription, text)

    def _subscription_of(self, function: Function) -> Subscription | None:
        return next((item for item in self._subscriptions if item.function is function), None)


def _partitions_of(environ: Mapping[str, str]) -> int:
    text = environ.get(PARTITIONS_SETTING) or str(PARTITIONS_DEFAULT)
    if not text.isdecimal() or not 1 <= int(text) <= PARTITIONS_MAX:
        raise StartError(f"{PARTITIONS_SETTING} must be from 1 to {PARTITIONS_MAX}, not {text!r}")
    return int(text)
