"""The emitter: brings accepted requests into the log, in the order that the entity has committed.

One loop per key and process, alive while somebody waits for that key; it clocks itself. A round:

    1. signal the entity what it does not list, with what is known to be done
    2. read its committed state; never act on what an operation answered
    3. to 5. give what it lists its places (`activities.append`)
    6. acknowledge: done ids travel with the next signal, and make room for its ids

Order of last resort: what has waited 3 s takes its place whatever the entity lists.
A drain reads first. It does not even do that for the one overdue row of a key that nothing else is
known of: there is no order to ask for.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum
from typing import Final

from activities.append import Appender
from activities.entity_calls import EntityCalls
from activities.lane import Answer, Dead, Lane, Lanes, Waiter
from domain.decider import Decider
from store.ports.records import LOG_ENTRIES_MAX, Entry, Head, Request, StoreError
from store.ports.store import Store
from taskhub.port import TaskHub
from telemetry.decisions import Decisions

OVERDUE_SECONDS: Final = 3.0
"""From acceptance to the order of last resort."""

BACK_OFF_SECONDS_MIN: Final = 0.1
BACK_OFF_SECONDS_MAX: Final = 5.0
BACK_OFF_DOUBLINGS_MAX: Final = 6
"""From one failed round of a key to the next, doubling."""

GIVE_WAY_APPENDS: Final = 3.0
GIVE_WAY_SECONDS_MAX: Final = 0.5
"""How long the next id is left to the process that waits for it, in appends and at most. Measured
with two hosts on one key: 44 % of the appends met a conflict without it, 12 % with 2.5 appends. In
simulated histories 2.5 appends let 14 % through, 3 let 11 %; the bar is 15 %."""


class Begin(Enum):
    """With which step the loop of a key begins; it goes on with signals."""

    SIGNAL = "signal"
    READ = "read"
    APPEND = "append"


class Emitter:
    """All keys of one domain in one process. Belongs to one event loop."""

    def __init__(
        self,
        store: Store,
        decider: Decider,
        tell: Decisions,
        now: Callable[[], datetime],
        domains: int = 1,
    ) -> None:
        """Write to `store`; `now` is aware and in UTC. There are so many `domains` in this process."""
        self._inbox = store.inbox
        self._appender = Appender(store, decider, tell, now, self._settled)
        self._tell = tell
        self._lanes = Lanes()
        self._entities = EntityCalls(self._lanes, tell, domains)
        self._events: asyncio.AbstractEventLoop | None = None

    # Whoever waits

    async def answer(self, request: Request, hub: TaskHub, seconds: float) -> Answer | None:
        """Return what becomes of an ACCEPTED request; None when `seconds` are over."""
        lane = self._lanes.lane(request.key)
        future = lane.enter(request, _time() + OVERDUE_SECONDS)
        lane.waiting[request.id].clients += 1
        self.serve(lane, hub)
        try:
            async with asyncio.timeout(seconds):
                answer = await future
        except TimeoutError:
            return None
        finally:
            lane.leave(request.id, future, is_client=True)
        self.tell_answers(request.key, {request.id: answer})
        return answer

    async def announce(self, requests: Sequence[Request], hub: TaskHub) -> None:
        """Signal ACCEPTED requests that nobody here will wait for; see `EntityCalls.announce`."""
        await self._entities.announce(requests, hub)

    def entity_ran(self, key: str) -> None:
        """Hear, from any thread, that the entity of a key ran here and is about to commit."""
        if self._events is not None and self._lanes.known(key) is not None:
            with suppress(RuntimeError):  # the loop was closed: the process is ending
                self._events.call_soon_threadsafe(self._ring, key)

    def fenced(self, key: str, before: Head, after: Head) -> None:
        """Hear that a fence of this process gave the head a new version.

        A fence that is heard of late must not put an old head back.
        """
        lane = self._lanes.known(key)
        if lane is not None and lane.head == before:
            lane.head = after

    def _ring(self, key: str) -> None:
        lane = self._lanes.known(key)
        if lane is not None:
            lane.entity_ran = True
            lane.bell.set()

    def tell_answers(self, key: str, answers: Mapping[str, Answer]) -> None:
        """Write the lines about answers, in the invocation that waited for them."""
        places = {i: each.place for i, each in answers.items() if isinstance(each, Entry)}
        self._tell.created(key, places)
        for request_id, each in answers.items():
            if isinstance(each, Dead):
                self._tell.dead_letter(each.name, each.code, request_id)

    # The loop

    def lane(self, key: str) -> Lane:
        """Return what this process knows of a key, where drains enter what nobody waits for."""
        return self._lanes.lane(key)

    def serve(self, lane: Lane, hub: TaskHub, begin: Begin = Begin.SIGNAL) -> None:
        """See to it that the loop of the key runs; one that does goes on as it is."""
        lane.bell.set()
        if lane.loop is None:
            self._events = asyncio.get_running_loop()
            lane.loop = asyncio.create_task(self._rounds(lane, hub, begin))

    async def acknowledge(self, lane: Lane, hub: TaskHub) -> None:
        """Tell the entity what is done, if there is anything it was not told."""
        await self._entities.acknowledge(lane, hub)

    async def _rounds(self, lane: Lane, hub: TaskHub, begin: Begin) -> None:
        """Go on while somebody waits. Reading first, what is listed needs no signal, and the first
        signal acknowledges what the outbox lists and is done.
        """
        pause = self._entities.pace.first_pause
        try:
            while lane.waiting:
                try:
                    if begin is Begin.APPEND:
                        begin = Begin.READ
                        await self._append_unasked(lane)
                        continue
                    if begin is Begin.SIGNAL:
                        await self._signal_and_pause(lane, hub, pause)
                    pause = await self._look_and_append(lane, hub, pause)
                    lane.failures, begin = 0, Begin.SIGNAL
                except Exception as error:  # noqa: BLE001 - or those who wait do so for nothing
                    self._tell.emit_failed(lane.key, error)
                    await self._back_off(lane)
        finally:
            lane.loop = None

    async def _append_unasked(self, lane: Lane) -> None:
        """Give what is overdue its places without asking the entity, which may list it, and hears
        that it is done with the next signal.
        """
        lane.unasked = True
        try:
            await self._appender.append_unseen(lane, lane.overdue(_time()))
        finally:
            lane.unasked = False

    async def _signal_and_pause(self, lane: Lane, hub: TaskHub, pause: float) -> None:
        # An id that is not listed after a pause may have got its place from another process. Two
        # processes that repeat without this look knock each other's ids out of the outbox.
        late = lane.unlisted(_time() - self._entities.pace.in_flight)[:LOG_ENTRIES_MAX]
        if late:
            await self._appender.look(lane, late)
            for request_id in late:
                if request_id in lane.waiting:
                    lane.waiting[request_id].signalled = None
        self._entities.signal(lane, hub)
        await self._entities.pause(lane, hub, pause)

    async def _back_off(self, lane: Lane) -> None:
        """Pause this key, alone. What it knew of the log is in doubt."""
        lane.head = None
        doublings = min(lane.failures, BACK_OFF_DOUBLINGS_MAX)
        seconds = min(BACK_OFF_SECONDS_MAX, BACK_OFF_SECONDS_MIN * 2**doublings)
        lane.failures += 1
        await asyncio.sleep(seconds)

    async def _look_and_append(self, lane: Lane, hub: TaskHub, pause: float) -> float:
        """Read the order and advance the log; return how long to pause in the next round."""
        hinted, lane.entity_ran = lane.entity_ran, False
        outbox = await self._entities.read(lane, hub, hinted=hinted)
        rest = await self._give_way(lane, self._rest(lane, outbox))
        if not rest:
            return self._entities.pace.next_pause(pause, hinted=hinted)
        await self._appender.advance(lane, rest)
        return self._entities.pace.first_pause

    def _rest(self, lane: Lane, outbox: Sequence[str]) -> list[str]:
        """Return what is to get its place next: what is overdue, then what the entity lists.

        Also what others wait for: several hosts lose the fewest transactions when each takes all.
        """
        listed = frozenset(outbox)
        late = [
            each
            for each in lane.overdue(_time())
            if each not in listed or lane.waiting[each].clients
        ]
        if unlisted := [each for each in late if each not in listed]:
            clients = sum(lane.waiting[each].clients > 0 for each in unlisted)
            self._tell.last_resort(lane.key, unlisted, waited_for=clients)
        ordered = dict.fromkeys(late)
        ordered.update((each, None) for each in outbox if lane.is_open(each))
        return list(ordered)

    async def _give_way(self, lane: Lane, rest: list[str]) -> list[str]:
        """Let another process go first with ids that nobody here waits for; return what is left.

        All that wait for a key read the same outbox at about the same time, and would send the
        same transaction. So: look what has happened, and when the next id is still not ours, give
        whoever waits for it the time that an append takes, then look again.
        """
        if all(each in lane.waiting for each in rest):
            return rest
        await self._appender.look_at_tail(lane, rest)
        left = [each for each in rest if lane.is_open(each)]
        if left and left[0] not in lane.waiting:
            seconds = GIVE_WAY_APPENDS * self._appender.append_seconds
            await asyncio.sleep(min(seconds, GIVE_WAY_SECONDS_MAX))
            await self._appender.look_at_tail(lane, left)
            left = [each for each in left if lane.is_open(each)]
        return left

    # What the log said in this round

    def _settled(self, lane: Lane, answers: Mapping[str, Answer], *, is_ours: bool) -> None:
        """Wake the waiters, remember what the entity has to hear, remove the inbox rows."""
        listed = frozenset(lane.order.outbox)
        told: list[str] = []
        removable: list[str] = []
        for request_id, answer in answers.items():
            waiter = lane.waiting.pop(request_id, None)
            was_signalled = waiter is not None and waiter.signalled is not None
            if request_id in listed or was_signalled or lane.unasked:
                told.append(request_id)
            if isinstance(answer, Dead):
                self._spawn(lane, self._discarded(answer, waiter))
                continue
            # The rows of what others appended are theirs to remove, or the sweeper's.
            if is_ours or (waiter is not None and waiter.row_seen):
                removable.append(request_id)
            if waiter is not None:
                waiter.wake(answer)
        lane.note_done(told)
        if removable:
            self._spawn(lane, self._removed(lane.key, removable))

    def _spawn(self, lane: Lane, removal: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(removal)
        lane.removals.add(task)
        task.add_done_callback(lane.removals.discard)

    async def _removed(self, key: str, request_ids: Sequence[str]) -> None:
        try:
            await self._inbox.remove(key, request_ids)
        except StoreError as error:
            self._tell.remove_failed(key, error)

    async def _discarded(self, dead: Dead, waiter: Waiter | None) -> None:
        """Remove the row of a request that is dead, and then wake who waits: its id is free again,
        and this must not remove the row that accepts it anew, here or in another process.
        """
        key = dead.request.key
        try:
            if dead.row is not None:
                await self._inbox.discard(dead.row)
        except StoreError as error:
            self._tell.remove_failed(key, error)
        finally:
            if waiter is not None:
                waiter.wake(dead)
            else:
                # Nobody waits who would write the line, and an alarm hangs on it.
                self.tell_answers(key, {dead.request.id: dead})


def _time() -> float:
    return asyncio.get_running_loop().time()


__all__ = ["Answer", "Dead", "Emitter"]
