"""The queues of a task hub, whose reader looks at them now and then (host-protocol 7.1).

A control queue for each partition and one queue of work items, as the Azure Storage provider has
them. A message is on disk before it is put here; this decides when its reader sees it:

- A look that finds nothing is followed by longer and longer pauses, up to `polling_max`.
- What the instance that reads has sent itself wakes the reader. What another one sent does not.
- What was seen is invisible for so long, on disk: there it waits when its reader is killed.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final, Generic, TypeVar

from localhost.taskhub.clock import SECOND, Clock, Microseconds
from localhost.taskhub.messages import ActivityTask, Message

PAUSE_MIN: Final = SECOND // 20
"""After the first look that found nothing, and the unit of the back-off."""
JITTER: Final = 0.2
"""Of a pause, the share by which chance makes it longer or shorter."""
BATCH_MAX: Final = 32
"""Messages per look: `controlQueueBatchSize`."""

Item = TypeVar("Item")
See = Callable[[Sequence[Message], Sequence[ActivityTask], Microseconds], Awaitable[None]]
"""Make items invisible on disk until a time, and read what is needed to work on them."""


@dataclass(frozen=True, slots=True)
class QueueTimes:
    """How long things take in the queues; times are in microseconds."""

    polling_max: Microseconds
    """The longest pause between two looks: `maxQueuePollingInterval`. 0: there are none."""
    control_visibility: Microseconds
    """For how long a message that was seen is invisible; the same of work items below."""
    work_item_visibility: Microseconds
    partitions: int = 4


class Polling:
    """When the reader of a queue looks, with the back-off of DurableTask.AzureStorage."""

    def __init__(self, pause_max: Microseconds, chance: Random) -> None:
        """Begin with short pauses, at time 0."""
        self._pause_max = pause_max and max(pause_max, PAUSE_MIN)
        self._chance = chance
        self._next: Microseconds = 0
        self._pause: Microseconds = PAUSE_MIN
        self._steps = 0

    def wake(self, now: Microseconds) -> None:
        """Look now; the pauses after that begin short again."""
        self._next, self._pause, self._steps = now, PAUSE_MIN, 0

    def next_look(self, now: Microseconds) -> Microseconds:
        """Return the first look that is not before `now`; those until then find nothing."""
        if not self._pause_max:
            return now
        while self._next < now:
            if self._pause == self._pause_max:
                self._next += -((self._next - now) // self._pause) * self._pause
                break
            self._next += self._pause
            self._grow()
        return self._next

    def _grow(self) -> None:
        factor = self._chance.uniform(1 - JITTER, 1 + JITTER) * 2**self._steps
        self._steps += 1
        self._pause = min(self._pause_max, PAUSE_MIN + int(factor * PAUSE_MIN))


class Queue(Generic[Item]):
    """One queue and its reader. Belongs to the running event loop."""

    def __init__(
        self,
        polling: Polling,
        clock: Clock,
        see: Callable[[list[Item]], Awaitable[None]],
        receive: Callable[[Item], None],
    ) -> None:
        """Have items seen by `see`, up to 32 at a time, and then handed to `receive`."""
        self._polling = polling
        self._clock = clock
        self._see = see
        self._receive = receive
        self._items: deque[Item] = deque()
        self._alarm_at: Microseconds | None = None
        self._looking: asyncio.Task[None] | None = None
        self.is_closed = False

    def put(self, item: Item, *, wakes: bool) -> None:
        """Add an item that is visible; `wakes`: the reader's own instance has sent it."""
        self._items.append(item)
        now = self._clock.now()
        if wakes:
            self._polling.wake(now)
        self._set_alarm(now)

    async def stop(self) -> None:
        """Look no more; a look under way ends first."""
        self.is_closed = True
        if self._looking is not None:
            await asyncio.wait([self._looking])

    def kill(self) -> None:
        """Look no more; a look under way is broken off."""
        self.is_closed = True
        if self._looking is not None:
            self._looking.cancel()

    def _set_alarm(self, now: Microseconds) -> None:
        if self.is_closed or self._looking is not None or not self._items:
            return
        at = self._polling.next_look(now)
        if self._alarm_at is None or at < self._alarm_at:
            self._alarm_at = at
            self._clock.call_at(at, partial(self._look, at))

    def _look(self, at: Microseconds) -> None:
        if at != self._alarm_at or self.is_closed:
            return  # an earlier alarm has taken its place
        self._alarm_at = None
        self._looking = asyncio.create_task(self._read())

    async def _read(self) -> None:
        batch = [self._items.popleft() for _ in range(min(len(self._items), BATCH_MAX))]
        try:
            await self._see(batch)
        except sqlite3.Error:  # they are as visible as before
            self._items.extendleft(reversed(batch))
            self._looking = None
            self._set_alarm(self._clock.now() + PAUSE_MIN)
            return
        for item in batch:
            self._receive(item)
        self._looking, now = None, self._clock.now()
        self._polling.wake(now)
        self._set_alarm(now)


class Queues:
    """All queues of a hub, for one life of the instance that reads them."""

    def __init__(
        self,
        times: QueueTimes,
        clock: Clock,
        see: See,
        receive_message: Callable[[Message], None],
        receive_activity: Callable[[ActivityTask], None],
    ) -> None:
        """`see` keeps what was seen invisible."""
        chance = Random(times.partitions)  # noqa: S311 - only spreads the looks

        async def see_messages(items: list[Message]) -> None:
            await see(items, (), clock.now() + times.control_visibility)

        async def see_activities(items: list[ActivityTask]) -> None:
            await see((), items, clock.now() + times.work_item_visibility)

        self._control: list[Queue[Message]] = [
            Queue(Polling(times.polling_max, chance), clock, see_messages, receive_message)
            for _ in range(times.partitions)
        ]
        self._work_items: Queue[ActivityTask] = Queue(
            Polling(times.polling_max, chance), clock, see_activities, receive_activity
        )

    def put(self, item: Message | ActivityTask, *, wakes: bool) -> None:
        """Add what is on disk and visible."""
        if isinstance(item, ActivityTask):
            self._work_items.put(item, wakes=wakes)
        else:
            self._control[partition_of(item.target, len(self._control))].put(item, wakes=wakes)

    async def stop(self) -> None:
        """Look no more; what is not seen stays on disk."""
        await asyncio.gather(self._work_items.stop(), *(each.stop() for each in self._control))

    def kill(self) -> None:
        """Forget everything, in the middle of whatever it is."""
        self._work_items.kill()
        for each in self._control:
            each.kill()


def partition_of(instance: str, partitions: int) -> int:
    """Return the control queue of an instance: FNV-1a of its id, as the provider has it."""
    digest = 0x811C9DC5
    for byte in instance.encode():
        digest = ((digest ^ byte) * 0x01000193) & 0xFFFFFFFF
    return digest % partitions
