"""One consumer group on one partition: a batch at a time, in order (host-protocol 7.9).

As in the extension's PartitionProcessor the checkpoint moves past a batch whether its function
succeeded or not, and never once the host has been told to stop. What was not checkpointed is
delivered again, maybe in other batches.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from localhost.console import Console
from localhost.eventhubs.events import Event, to_datetime, to_milliseconds
from localhost.eventhubs.faults import EventHubFaults, Point
from localhost.eventhubs.options import EventHubOptions, InitialOffset
from localhost.eventhubs.partition import Checkpoint, Partition
from localhost.eventhubs.subscriptions import Subscription
from localhost.eventhubs.trigger_data import many_events, one_event
from localhost.functions import Function, Trigger
from localhost.rpc.messages import RetryContext, RpcException
from localhost.runner import FunctionRunner, Sleep
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied
from localhost.timers import Clock

FILE_RETRY_SECONDS: Final = 1.0
"""Pause after the file could not be read or written: the disk is full, or a tool locks it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What all processors share."""

    runner: FunctionRunner
    options: EventHubOptions
    clock: Clock
    faults: EventHubFaults
    console: Console


class PartitionProcessor:
    """Delivers the events of a partition to a function until it is stopped."""

    def __init__(
        self, subscription: Subscription, partition: Partition, environment: Environment
    ) -> None:
        self.subscription = subscription
        self.partition = partition
        self.can_be_cancelled = True
        """Whether it only waits: for events, or to run a failed function again."""
        self._with = environment
        self._stopping = False
        self._next = 0
        self._last: Event | None = None
        """The last event that its function has seen."""
        self._batches_since_checkpoint = 0
        self._is_first = True

    async def run(self) -> None:
        """Deliver until `stop`; start over at the checkpoint when the file cannot be used."""
        while not self._stopping:
            try:
                await self._deliver()
            except sqlite3.Error as error:
                self._with.console.event(f"event hub {self._where}: {error}; trying again")
                await self._with.clock.sleep(FILE_RETRY_SECONDS)

    @property
    def _where(self) -> str:
        return f"{self.partition.hub}, partition {self.partition.number}"

    def stop(self) -> None:
        """Begin no further batch, and let the checkpoint be where it is."""
        self._stopping = True

    async def close(self) -> None:
        """Write the checkpoint that `batchCheckpointFrequency` has put off; `run` has ended.

        The extension does so after ten idle minutes too, for its scale controller; not here.
        """
        if self._with.options.batch_checkpoint_frequency == 1 or not self._batches_since_checkpoint:
            return
        try:
            await self._checkpoint()
        except sqlite3.Error as error:  # then the batches come again
            self._with.console.event(f"event hub {self._where}: no checkpoint: {error}")

    async def _deliver(self) -> None:
        self._next = self._first_sequence_number()
        while not self._stopping:
            await self.partition.wait_for(self._next)
            await self._wait_for_company()
            waiting = self.partition.read(self._next, self._with.options.max_event_batch_size)
            await self._process(waiting[: self._with.faults.size_of_batch(len(waiting))])

    def _first_sequence_number(self) -> int:
        checkpoint = self.partition.checkpoint_of(self.subscription.consumer_group)
        if checkpoint is not None:
            return checkpoint.sequence_number + 1
        match self._with.options.initial_offset:
            case InitialOffset.FROM_START:
                return 0
            case InitialOffset.FROM_END:
                return self.partition.end
            case InitialOffset.FROM_ENQUEUED_TIME:
                return self.partition.first_enqueued_since(self._with.options.enqueued_since)

    async def _wait_for_company(self) -> None:
        wanted = self._with.options.min_event_batch_size
        if not self.subscription.many or self.partition.end - self._next >= wanted:
            return
        enough = asyncio.ensure_future(self.partition.wait_for(self._next + wanted - 1))
        waited = asyncio.ensure_future(self._with.clock.sleep(self._company_seconds_max()))
        try:
            await asyncio.wait((enough, waited), return_when=asyncio.FIRST_COMPLETED)
        finally:
            enough.cancel()
            waited.cancel()

    def _company_seconds_max(self) -> float:
        """Return how long to wait; at the start it counts from the last checkpoint."""
        longest = self._with.options.max_wait_time
        if self._is_first:
            checkpoint = self.partition.checkpoint_of(self.subscription.consumer_group)
            if checkpoint is None:
                return 0.0
            longest -= self._with.clock.now() - to_datetime(checkpoint.updated_at)
        return max(longest, timedelta()).total_seconds()

    async def _process(self, events: Sequence[Event]) -> None:
        self._batches_since_checkpoint += 1
        self._with.faults.passed(Point.BEFORE_RUN)
        self.can_be_cancelled = False
        try:
            await self._run(events)
            if (
                self._batches_since_checkpoint >= self._with.options.batch_checkpoint_frequency
                and not self._stopping
            ):
                await self._checkpoint()
        finally:
            self.can_be_cancelled = True

    async def _run(self, events: Sequence[Event]) -> None:
        if self.subscription.many:
            await self._invoke(partial(many_events, self.subscription, events, self.partition))
            self._has_seen(events[-1])
            return
        for event in events:
            if self._stopping:
                return
            await self._invoke(partial(one_event, self.subscription, event, self.partition))
            self._has_seen(event)

    async def _invoke(self, bind: Callable[[], Trigger]) -> None:
        await invoke(self._with.runner, self.subscription.function, bind, self._pause)

    def _has_seen(self, event: Event) -> None:
        self._is_first = False
        self._last = event
        self._next = event.sequence_number + 1

    async def _pause(self, seconds: float) -> None:
        """Wait before a failed function runs again; nothing is lost when the host stops here."""
        if self._stopping:
            raise asyncio.CancelledError
        self.can_be_cancelled = True
        await self._with.clock.sleep(seconds)
        self.can_be_cancelled = False

    async def _checkpoint(self) -> None:
        if self._last is None:
            return
        self._with.faults.passed(Point.BEFORE_CHECKPOINT)
        now = to_milliseconds(self._with.clock.now())
        checkpoint = Checkpoint(self._last.sequence_number, self._last.offset, now)
        await self.partition.write_checkpoint(self.subscription.consumer_group, checkpoint)
        self._batches_since_checkpoint = 0
        self._with.faults.passed(Point.AFTER_CHECKPOINT)


async def invoke(
    runner: FunctionRunner, function: Function, bind: Callable[[], Trigger], sleep: Sleep
) -> None:
    """Run a function for events, again as its retry policy says; a failure is on the console.

    `sleep` waits between attempts.
    """

    async def attempt(retry: RetryContext) -> None:
        # Each attempt binds again: data that cannot be bound fail like a function that raises.
        try:
            trigger = bind()
        except (ValueError, RecursionError) as error:
            exception = RpcException(f"{type(error).__name__}: {error}")
            raise runner.failed(function, exception) from error
        await runner.run_once(function, trigger, retry)

    with suppress(FunctionFailed, WorkerDied):
        await runner.retry(function, attempt, sleep)
