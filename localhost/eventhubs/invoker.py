"""Runs the function of a trigger for events, again as its retry policy says."""

from collections.abc import Callable, Sequence
from functools import partial

from localhost.eventhubs.events import Event
from localhost.eventhubs.faults import EventHubFaults
from localhost.eventhubs.partition import Partition
from localhost.eventhubs.subscriptions import Subscription
from localhost.eventhubs.trigger_data import event_by_hand, many_events, one_event
from localhost.functions import Trigger
from localhost.rpc.messages import RetryContext, RpcException
from localhost.runner import FunctionRunner, Sleep
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied


class Invoker:
    """Runs functions for events. A failure is on the console; it is no concern of the caller."""

    def __init__(self, runner: FunctionRunner, faults: EventHubFaults) -> None:
        self._runner = runner
        self._faults = faults

    async def run_many(
        self,
        subscription: Subscription,
        events: Sequence[Event],
        partition: Partition,
        sleep: Sleep,
    ) -> None:
        """Run the function for a batch; `sleep` waits between attempts."""
        bind = partial(many_events, subscription, events, partition)
        await self._run(subscription, bind, sleep)

    async def run_one(
        self, subscription: Subscription, event: Event, partition: Partition, sleep: Sleep
    ) -> None:
        """Run the function for one event; `sleep` waits between attempts."""
        await self._run(subscription, partial(one_event, subscription, event, partition), sleep)

    async def run_by_hand(self, subscription: Subscription, text: str, sleep: Sleep) -> None:
        """Run the function for an event that is in no hub."""
        await self._run(subscription, partial(event_by_hand, subscription, text), sleep)

    async def _run(
        self, subscription: Subscription, bind: Callable[[], Trigger], sleep: Sleep
    ) -> None:
        async def attempt(retry: RetryContext) -> None:
            # Each attempt binds again: data that cannot be bound fail like a function that raises.
            trigger = self._bind(subscription, bind)
            await self._runner.run_once(subscription.function, trigger, retry)

        try:
            await self._runner.retry(subscription.function, attempt, sleep)
        except (FunctionFailed, WorkerDied):
            return

    def _bind(self, subscription: Subscription, bind: Callable[[], Trigger]) -> Trigger:
        try:
            return bind()
        except (ValueError, RecursionError) as error:
            exception = RpcException(f"{type(error).__name__}: {error}")
            raise self._runner.failed(subscription.function, exception) from error
