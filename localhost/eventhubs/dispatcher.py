"""The Event Hubs triggers of an app: a processor for every function and partition."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from localhost.eventhubs.hub import EventHubs
from localhost.eventhubs.processor import Environment, PartitionProcessor, invoke
from localhost.eventhubs.subscriptions import Subscription
from localhost.eventhubs.trigger_data import event_by_hand

STOP_SECONDS_MAX: Final = 2.0
"""A batch that takes longer when the host stops is abandoned, and delivered again later."""


class Dispatcher:
    """Starts and stops the processors. Belongs to the running event loop."""

    def __init__(
        self,
        hubs: EventHubs,
        subscriptions: Sequence[Subscription],
        environment: Environment,
        *,
        stop_seconds_max: float = STOP_SECONDS_MAX,
    ) -> None:
        self._hubs = hubs
        self._subscriptions = subscriptions
        self._environment = environment
        self._stop_seconds_max = stop_seconds_max
        self._running: dict[PartitionProcessor, asyncio.Task[None]] = {}
        self._is_stopped = False

    def start(self) -> None:
        """Begin to deliver to every enabled function."""
        for subscription in self._subscriptions:
            if not subscription.function.disabled:
                self._start(subscription)

    def _start(self, subscription: Subscription) -> None:
        hub = self._hubs.find(subscription.hub)
        assert hub is not None, "a hub is opened for every subscription"
        for partition in hub.partitions:
            processor = PartitionProcessor(subscription, partition, self._environment)
            self._running[processor] = asyncio.create_task(processor.run())

    async def stop(self) -> None:
        """Stop delivering. A batch in work is given a moment, then abandoned."""
        self._is_stopped = True
        await self._stop(list(self._running))

    async def _stop(self, processors: Sequence[PartitionProcessor]) -> None:
        tasks = [self._running.pop(processor) for processor in processors]
        for processor, task in zip(processors, tasks, strict=True):
            processor.stop()
            if processor.can_be_cancelled:
                task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._stop_seconds_max)
            for task in late:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for processor in processors:
            await processor.close()

    async def rewind(self, hub_name: str, group: str | None) -> None:
        """Forget the checkpoints of a hub, of one consumer group or of all, and deliver again.

        As deleting the checkpoint blobs does on Azure while the app is stopped. Raises
        sqlite3.Error.
        """
        hub = self._hubs.find(hub_name)
        assert hub is not None
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

    async def run_by_hand(self, subscription: Subscription, text: str) -> None:
        """Run a function for one event that is in no hub (host-protocol 2.5)."""
        bind = partial(event_by_hand, subscription, text)
        runner, sleep = self._environment.runner, self._environment.clock.sleep
        await invoke(runner, subscription.function, bind, sleep)
