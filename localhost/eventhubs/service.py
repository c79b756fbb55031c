"""The event hubs of a host: file, doors, and a processor for every function and partition."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from localhost.app_settings import read_count
from localhost.console import Console
from localhost.eventhubs.admin import show
from localhost.eventhubs.faults import EventHubFaults
from localhost.eventhubs.hub import PARTITIONS_DEFAULT, PARTITIONS_MAX, EventHubs, Hub
from localhost.eventhubs.options import EventHubOptions
from localhost.eventhubs.processor import Environment, PartitionProcessor, invoke
from localhost.eventhubs.rest import hub_named, send
from localhost.eventhubs.subscriptions import Subscription, build_subscriptions
from localhost.eventhubs.trigger_data import event_by_hand
from localhost.functions import Function
from localhost.http_server import Request
from localhost.runner import FunctionRunner
from localhost.timers import Clock

HUBS_SETTING: Final = "LOCALHOST_EVENT_HUB_NAMES"
"""Names of hubs, with commas, which must exist even when no trigger reads them."""
PARTITIONS_SETTING: Final = "LOCALHOST_EVENT_HUB_PARTITIONS"
"""Of a hub that is made now; one that is there keeps what it has, as on Azure."""
STOP_SECONDS_MAX: Final = 2.0
"""A batch that takes longer when the host stops is abandoned, and delivered again later."""


class EventHubsService:
    """Owns the hubs from `open` to `close`, and delivers events from `start` to `stop`.

    Belongs to the running event loop.
    """

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
        self._partitions = read_count(
            PARTITIONS_SETTING, environ, PARTITIONS_DEFAULT, PARTITIONS_MAX
        )
        self._names = [item.hub for item in self._subscriptions]
        wanted = environ.get(HUBS_SETTING, "")
        self._names += [name for text in wanted.split(",") if (name := text.strip())]
        self._known = {name.lower() for name in self._names}
        self._hubs: EventHubs | None = None
        self._environment: Environment | None = None
        self._running: dict[PartitionProcessor, asyncio.Task[None]] = {}
        self._is_stopped = False

    async def open(self, runner: FunctionRunner, clock: Clock, console: Console) -> None:
        """Open the file, when the app names a hub. Raises StartError when it cannot be used."""
        if not self._names:
            return
        self._hubs = await EventHubs.open(
            self._path, self._names, self._partitions, self._faults, clock
        )
        self._environment = Environment(runner, self._options, clock, self._faults, console)

    def start(self) -> None:
        """Begin to deliver events to every enabled function."""
        for subscription in self._subscriptions:
            if not subscription.function.disabled:
                self._start(subscription)

    def _start(self, subscription: Subscription) -> None:
        assert self._environment is not None
        for partition in self._hub(subscription.hub).partitions:
            processor = PartitionProcessor(subscription, partition, self._environment)
            self._running[processor] = asyncio.create_task(processor.run())

    def _hub(self, name: str) -> Hub:
        hub = None if self._hubs is None else self._hubs.find(name)
        assert hub is not None, "a hub is opened for every subscription"
        return hub

    async def stop(self) -> None:
        """Stop delivering; a batch in work is given a moment. Events can still be sent."""
        self._is_stopped = True
        await self._stop(list(self._running))

    async def _stop(self, processors: Sequence[PartitionProcessor]) -> None:
        tasks = [self._running.pop(processor) for processor in processors]
        for processor, task in zip(processors, tasks, strict=True):
            processor.stop()
            if processor.can_be_cancelled:
                task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS_MAX)
            for task in late:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for processor in processors:
            await processor.close()

    async def rewind(self, hub: Hub, group: str | None) -> None:
        """Forget the checkpoints of a hub, of one consumer group or of all, and deliver again.

        As deleting the checkpoint blobs does on Azure while the app is stopped. Raises
        sqlite3.Error.
        """
        affected = [
            processor
            for processor in self._running
            if processor.partition in hub.partitions
            and group in {None, processor.subscription.consumer_group.lower()}
        ]
        await self._stop(affected)
        for partition in hub.partitions:
            for known in partition.checkpoints():
                if group in {None, known}:
                    await partition.delete_checkpoint(known)
        for subscription in self._subscriptions:
            was_running = any(item.subscription is subscription for item in affected)
            if was_running and not self._is_stopped:  # the host may have stopped meanwhile
                self._start(subscription)

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
        if self._hubs is None:
            return web.Response(status=404)
        return await show(self._hubs, self.rewind, request, path)

    def delivers_to(self, function: Function) -> bool:
        """Tell whether a function has an Event Hubs trigger and is enabled."""
        return not function.disabled and self._subscription_of(function) is not None

    async def run_by_hand(self, function: Function, text: str) -> None:
        """Run an Event Hubs function for one event that is in no hub (host-protocol 2.5)."""
        subscription, environment = self._subscription_of(function), self._environment
        assert subscription is not None
        assert environment is not None, "its hub has a name, so the file is open"
        bind = partial(event_by_hand, subscription, text)
        await invoke(environment.runner, function, bind, environment.clock.sleep)

    def _subscription_of(self, function: Function) -> Subscription | None:
        return next((item for item in self._subscriptions if item.function is function), None)
