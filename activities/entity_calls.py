"""Talks to the entities of keys: signals them what waits and what is done, and reads their order.

Steps 1, 2 and 6 of a round. Never acts on what an operation answered: only the committed state
counts. All calls have deadlines, and bounds for each key and for the process.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from activities.lane import Lane, Lanes
from activities.pace import Pace
from entities.order import OUTBOX_CHARACTERS_MAX, Order, characters
from store.ports.records import Request
from taskhub.port import HubUnknown, TaskHub
from telemetry.decisions import Decisions

SIGNALS_PER_KEY_MAX: Final = 2
"""Under way at once, so that what arrives meanwhile need not wait for the answer to the first; no
more than half of what the domain has."""

HUB_CALLS_MAX: Final = 20
"""At once in this process. The SDK's session allows 30. Each domain has its share of them, first
come first served, so that two that are flooded leave the third its own; of its share a key has all
but one, so that one that hangs leaves the others a call. With more than ten domains a share is one
call, and this cannot be."""

READ_SECONDS_MIN: Final = 0.1
"""For a look at the entity when a client is overdue: a hub that hangs may not hold it up."""

READ_SECONDS_MAX: Final = 4.0

DRAIN_READ_SECONDS: Final = 1.0
"""For the same when only drains wait, and the hub answered of late."""

SILENCE_SECONDS: Final = 5.0
"""For how long a hub that did not answer is not given more than the least time by drains."""

KEYS_ANNOUNCED_MAX: Final = 8
ANNOUNCE_SECONDS_MAX: Final = 1.0
"""Keys of one call whose requests are signalled though nobody waits, and how long that may take."""


class EntityCalls:
    """To all entities of one domain, from one process. Belongs to one event loop."""

    def __init__(self, lanes: Lanes, tell: Decisions, domains: int) -> None:
        """Begin with nothing under way. There are so many `domains` in this process."""
        self.pace = Pace()
        self._lanes = lanes
        self._tell = tell
        share = max(1, HUB_CALLS_MAX // domains)
        self._calls = asyncio.Semaphore(share)
        self._calls_of_key = max(1, share - 1)
        self._signals_of_key = min(SIGNALS_PER_KEY_MAX, max(1, share // 2))
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent_until = float("-inf")

    def signal(self, lane: Lane, hub: TaskHub) -> bool:
        """Signal what is new, together with what is done; return whether there was anything."""
        if lane.signals >= self._signals_of_key:
            return False
        now = _time()
        ids = lane.take_signal(now)
        if ids:
            self._spawn(self._send(lane, hub, ids, lane.take_done(now)))
        return bool(ids)

    async def acknowledge(self, lane: Lane, hub: TaskHub) -> None:
        """Tell the entity what is done, without asking for anything."""
        if done := lane.take_done(_time()):
            await self._send(lane, hub, (), done)

    async def announce(self, requests: Sequence[Request], hub: TaskHub) -> None:
        """Signal the ids of ACCEPTED requests that nobody here will wait for.

        Of a few keys, one signal of a key at a time, and as far as they fit into half an outbox:
        whoever drains asks for the rest.
        Returns when the signals are sent, or failed, or take long.
        """
        ids: dict[str, list[str]] = {}
        for each in requests:
            ids.setdefault(each.key, []).append(each.id)
        if 0 < len(ids) <= KEYS_ANNOUNCED_MAX:
            sends = [self._spawn(self._announce(key, hub, each)) for key, each in ids.items()]
            await asyncio.wait(sends, timeout=ANNOUNCE_SECONDS_MAX)

    async def _announce(self, key: str, hub: TaskHub, ids: Sequence[str]) -> None:
        lane = self._lanes.lane(key)
        if lane.signals:  # a flood of one key would queue up before the hub calls of all others
            return
        room, fitting = OUTBOX_CHARACTERS_MAX // 2, list[str]()
        for request_id in ids:
            room -= characters(request_id)
            if room < 0:
                break
            fitting.append(request_id)
        await self._send(lane, hub, fitting, lane.take_done(_time()))

    async def _send(
        self, lane: Lane, hub: TaskHub, ids: Sequence[str], done: Sequence[str]
    ) -> None:
        lane.signals += 1
        try:
            async with self._call(lane):
                head = 0 if lane.head is None else lane.head.place
                await hub.create(lane.key, ids, done, head)
        except HubUnknown as error:  # repeated while its ids are not listed
            self._tell.signal_failed(lane.key, error)
        finally:
            lane.signals -= 1
            lane.bell.set()

    async def pause(self, lane: Lane, hub: TaskHub, seconds: float) -> None:
        """Wait until the entity may have committed; signal meanwhile what arrives meanwhile."""
        end = _time() + seconds
        while lane.waiting:
            due = lane.next_due()
            left = min(end, end if due is None else due) - _time()
            if left <= 0:
                return
            lane.bell.clear()
            if not lane.entity_ran:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await lane.bell.wait()
            if lane.entity_ran:
                await asyncio.sleep(self.pace.after_hint)
                return
            if self.signal(lane, hub):
                end = min(end, _time() + self.pace.first_pause)

    async def read(self, lane: Lane, hub: TaskHub, *, hinted: bool) -> Sequence[str]:
        """Return the ids of the committed order, which the lane remembers; none when it does not
        come before somebody is overdue. `hinted`: the entity function ran here just before.
        """
        before, asked_at = frozenset(lane.order.outbox), _time()
        order = await self._order(lane, hub)
        if order is None:
            return ()
        lane.note_order(order, asked_at)
        self._tell.outbox_read(len(order.outbox))
        self._learn(lane, before, hinted=hinted)
        return order.outbox

    async def _order(self, lane: Lane, hub: TaskHub) -> Order | None:
        due, now = lane.next_due(), _time()
        left = READ_SECONDS_MAX if due is None else due - now
        is_urgent = lane.has_client() or now < self._silent_until
        least = READ_SECONDS_MIN if is_urgent else DRAIN_READ_SECONDS
        try:
            seconds = min(max(left, least), READ_SECONDS_MAX)
            async with asyncio.timeout(seconds), self._call(lane):
                return await hub.order(lane.key)
        except (HubUnknown, TimeoutError) as error:
            self._tell.read_failed(lane.key, error)
            self._silent_until = _time() + SILENCE_SECONDS
            if left > 0:
                await asyncio.sleep(min(left, 2 * READ_SECONDS_MIN))
            return None

    @asynccontextmanager
    async def _call(self, lane: Lane) -> AsyncIterator[None]:
        """Wait until the key, and its domain, may make one more call."""
        if lane.hub_calls is None:
            lane.hub_calls = asyncio.Semaphore(self._calls_of_key)
        async with lane.hub_calls, self._calls:
            yield

    def _learn(self, lane: Lane, before: frozenset[str], *, hinted: bool) -> None:
        now = _time()
        waits = [
            now - waiter.signalled
            for each in lane.order.outbox
            if each not in before
            and (waiter := lane.waiting.get(each)) is not None
            and waiter.signalled is not None
        ]
        if waits:
            self.pace.listed(min(waits), hinted=hinted)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _time() -> float:
    return asyncio.get_running_loop().time()
