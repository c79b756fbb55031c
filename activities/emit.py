"""The emitter: brings accepted requests into the log, in the order that the entity has committed.

One loop per key and process, alive while somebody waits for that key; it clocks itself. A round:

    1. signal the entity what it does not list, with what is known to be done
    2. read its committed state; never act on what an operation answered
    3. to 5. give what it lists its places (`activities.append`)
    6. acknowledge: done ids travel with the next signal, or at once when the outbox is full

Order of last resort: what has waited 3 s takes its place whatever the entity lists.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from activities.append import Appender
from activities.lane import Answer, Dead, Lane, Lanes, Waiter
from activities.pace import Pace
from concurrency.places import Places
from domain.decider import Decider
from entities.order import OUTBOX_CHARACTERS_MAX, Order, characters
from store.ports.inbox import Waiting
from store.ports.records import LOG_ENTRIES_MAX, Entry, Head, Request, StoreError
from store.ports.store import Store
from taskhub.port import HubUnknown, TaskHub
from telemetry.decisions import Decisions

OVERDUE_SECONDS: Final = 3.0
"""From acceptance to the order of last resort."""

SIGNALS_PER_KEY_MAX: Final = 2
"""Under way at once, so that what arrives meanwhile need not wait for the answer to the first."""

HUB_CALLS_MAX: Final = 20
"""At once in this process, first come first served. The SDK's session allows 30."""

READ_SECONDS_MIN: Final = 0.1
"""For a look at the entity when a client is overdue: a hub that hangs may not hold it up."""

READ_SECONDS_MAX: Final = 4.0

DRAIN_READ_SECONDS: Final = 1.0
"""For the same when only drains wait, and the hub answered of late."""

SILENCE_SECONDS: Final = 5.0
"""For how long a hub that did not answer is not given more than the least time by drains."""

BACK_OFF_SECONDS_MIN: Final = 0.1
BACK_OFF_SECONDS_MAX: Final = 5.0
BACK_OFF_DOUBLINGS_MAX: Final = 6
"""From one failed round of a key to the next, doubling."""

GIVE_WAY_APPENDS: Final = 2.5
GIVE_WAY_SECONDS_MAX: Final = 0.5
"""How long the next id is left to the process that waits for it, in appends and at most. Measured
with two hosts on one key: 44 % of the appends met a conflict without it, 12 % with it."""

DRAINS_MAX: Final = 8
DRAIN_SECONDS_MAX: Final = 1.0
"""Keys at once that nobody waits for, and for how long one counts: who waits goes before."""

KEYS_ANNOUNCED_MAX: Final = 8
ANNOUNCE_SECONDS_MAX: Final = 1.0
"""Keys of one call whose requests are signalled though nobody waits, and how long that may take."""

INBOX_PAGE_ROWS: Final = 1_000


class Emitter:
    """All keys of one domain in one process. Belongs to one event loop."""

    def __init__(
        self,
        store: Store,
        decider: Decider,
        tell: Decisions,
        now: Callable[[], datetime],
    ) -> None:
        """Write to `store`; `now` is aware and in UTC."""
        self._inbox = store.inbox
        self._appender = Appender(store, decider, tell, now, self._settled)
        self._tell = tell
        self._now = now
        self._lanes = Lanes()
        self._pace = Pace()
        self._hub_calls = asyncio.Semaphore(HUB_CALLS_MAX)
        self._drains = Places(DRAINS_MAX, DRAIN_SECONDS_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._events: asyncio.AbstractEventLoop | None = None
        self._silent_until = float("-inf")

    # Whoever waits

    async def answer(self, request: Request, hub: TaskHub, seconds: float) -> Answer | None:
        """Return what becomes of an ACCEPTED request; None when `seconds` are over."""
        lane = self._lanes.lane(request.key)
        future = self._enter(lane, request, _time() + OVERDUE_SECONDS)
        lane.waiting[request.id].clients += 1
        self._serve(lane, hub)
        try:
            async with asyncio.timeout(seconds):
                answer = await future
        except TimeoutError:
            return None
        finally:
            self._leave(lane, request.id, future, is_client=True)
        self._tell_answers(request.key, {request.id: answer})
        return answer

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

    async def drain(
        self,
        key: str,
        hub: TaskHub,
        seconds: float,
        rows: Sequence[Waiting] = (),
        *,
        are_all: bool = False,
    ) -> bool:
        """Give everything in the inbox of a key its place; return whether that was done.

        `rows` are those that the caller has read already, and come first; `are_all`: it wants no
        others. Takes at most `seconds` once it has a place among the drains.
        """
        async with self._drains.one():
            try:
                async with asyncio.timeout(seconds):
                    if rows:
                        await self._drain_page(self._lanes.lane(key), rows, hub)
                    is_done = are_all
                    while not is_done:
                        page = await self._inbox.page(key, INBOX_PAGE_ROWS)
                        if page:
                            await self._drain_page(self._lanes.lane(key), page, hub)
                        is_done = len(page) < INBOX_PAGE_ROWS
            except (StoreError, TimeoutError) as error:
                self._tell.drain_failed(key, error)
                return False
        return True

    def entity_ran(self, key: str) -> None:
        """Hear, from any thread, that the entity of a key is about to commit."""
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

    async def _drain_page(self, lane: Lane, page: Sequence[Waiting], hub: TaskHub) -> None:
        now, at = self._now(), _time()
        futures = {
            row.request.id: self._enter(
                lane, row.request, at + OVERDUE_SECONDS - (now - row.accepted_at).total_seconds()
            )
            for row in page
        }
        for request_id in futures:
            lane.waiting[request_id].row_seen = True
        self._serve(lane, hub, read_first=True)
        try:
            await asyncio.wait(futures.values())
        finally:
            answers = {i: f.result() for i, f in futures.items() if f.done() and not f.cancelled()}
            for request_id, future in futures.items():
                self._leave(lane, request_id, future)
            self._tell_answers(lane.key, answers)
        await self._acknowledge(lane, hub)
        if lane.removals:
            await asyncio.wait(lane.removals)

    def _tell_answers(self, key: str, answers: Mapping[str, Answer]) -> None:
        places = {i: each.place for i, each in answers.items() if isinstance(each, Entry)}
        self._tell.created(key, places)
        for request_id, each in answers.items():
            if isinstance(each, Dead):
                self._tell.dead_letter(each.name, each.code, request_id)

    def _enter(self, lane: Lane, request: Request, due: float) -> asyncio.Future[Answer]:
        waiter = lane.waiting.setdefault(request.id, Waiter(request, due))
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiter.callers.append(future)
        return future

    def _leave(
        self,
        lane: Lane,
        request_id: str,
        future: asyncio.Future[Answer],
        *,
        is_client: bool = False,
    ) -> None:
        future.cancel()
        waiter = lane.waiting.get(request_id)
        if waiter is not None and future in waiter.callers:
            waiter.callers.remove(future)
            waiter.clients -= is_client
            if not waiter.callers:
                del lane.waiting[request_id]

    # The loop

    def _serve(self, lane: Lane, hub: TaskHub, *, read_first: bool = False) -> None:
        lane.bell.set()
        if lane.loop is None:
            self._events = asyncio.get_running_loop()
            lane.loop = asyncio.create_task(self._rounds(lane, hub, read_first=read_first))

    async def _rounds(self, lane: Lane, hub: TaskHub, *, read_first: bool) -> None:
        """Go on while somebody waits. Reading first, what is listed needs no signal, and the first
        signal acknowledges what the outbox lists and is done.
        """
        pause = self._pace.first_pause
        try:
            while lane.waiting:
                try:
                    if not read_first:
                        await self._signal_and_pause(lane, hub, pause)
                    pause = await self._look_and_append(lane, hub, pause)
                    lane.failures, read_first = 0, False
                except Exception as error:  # noqa: BLE001 - or those who wait do so for nothing
                    self._tell.emit_failed(lane.key, error)
                    await self._back_off(lane)
        finally:
            lane.loop = None

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
        before, asked_at = frozenset(lane.order.outbox), _time()
        order = await self._read(lane, hub)
        outbox: Sequence[str] = ()
        if order is not None:
            lane.note_order(order, asked_at)
            self._tell.outbox_read(len(order.outbox))
            outbox = order.outbox
            self._learn(lane, before, hinted=hinted)
        rest = await self._give_way(lane, self._rest(lane, outbox))
        if not rest:
            return self._pace.next_pause(pause, hinted=hinted)
        await self._appender.advance(lane, rest)
        if lane.has_to_clear():
            await self._acknowledge(lane, hub)
        return self._pace.first_pause

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
            self._pace.listed(min(waits), hinted=hinted)

    # 1. Signals

    async def _signal_and_pause(self, lane: Lane, hub: TaskHub, pause: float) -> None:
        # An id that is not listed after a pause may have got its place from another process. Two
        # processes that repeat without this look knock each other's ids out of the outbox.
        late = lane.unlisted(_time() - self._pace.in_flight)[:LOG_ENTRIES_MAX]
        if late:
            await self._appender.look(lane, late)
            for request_id in late:
                if request_id in lane.waiting:
                    lane.waiting[request_id].signalled = None
        self._signal(lane, hub)
        await self._pause(lane, hub, pause)

    def _signal(self, lane: Lane, hub: TaskHub) -> bool:
        """Signal what is new, together with what is done; return whether there was anything."""
        if lane.signals >= SIGNALS_PER_KEY_MAX:
            return False
        now = _time()
        ids = lane.take_signal(now)
        if ids:
            self._spawn(self._send(lane, hub, ids, lane.take_done(now)))
        return bool(ids)

    async def _acknowledge(self, lane: Lane, hub: TaskHub) -> None:
        """Tell the entity what is done, without asking for anything."""
        if done := lane.take_done(_time()):
            await self._send(lane, hub, (), done)

    async def _send(
        self, lane: Lane, hub: TaskHub, ids: Sequence[str], done: Sequence[str]
    ) -> None:
        lane.signals += 1
        try:
            async with self._hub_calls:
                head = 0 if lane.head is None else lane.head.place
                await hub.create(lane.key, ids, done, head)
        except HubUnknown as error:  # repeated while its ids are not listed
            self._tell.signal_failed(lane.key, error)
        finally:
            lane.signals -= 1
            lane.bell.set()

    async def _pause(self, lane: Lane, hub: TaskHub, seconds: float) -> None:
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
                await asyncio.sleep(self._pace.after_hint)
                return
            if self._signal(lane, hub):
                end = min(end, _time() + self._pace.first_pause)

    def _ring(self, key: str) -> None:
        lane = self._lanes.known(key)
        if lane is not None:
            lane.entity_ran = True
            lane.bell.set()

    # 2. The entity

    async def _read(self, lane: Lane, hub: TaskHub) -> Order | None:
        """Return the committed order; None when it does not come before somebody is overdue."""
        due, now = lane.next_due(), _time()
        left = READ_SECONDS_MAX if due is None else due - now
        is_urgent = lane.has_client() or now < self._silent_until
        least = READ_SECONDS_MIN if is_urgent else DRAIN_READ_SECONDS
        try:
            async with asyncio.timeout(min(max(left, least), READ_SECONDS_MAX)), self._hub_calls:
                return await hub.order(lane.key)
        except (HubUnknown, TimeoutError) as error:
            self._tell.read_failed(lane.key, error)
            self._silent_until = _time() + SILENCE_SECONDS
            if left > 0:
                await asyncio.sleep(min(left, 2 * READ_SECONDS_MIN))
            return None

    # What the log said in this round

    def _settled(self, lane: Lane, answers: Mapping[str, Answer], *, is_ours: bool) -> None:
        """Wake whoever waits, remember what the entity has to hear, remove the inbox rows."""
        listed = frozenset(lane.order.outbox)
        told: list[str] = []
        removable: list[str] = []
        dead: list[tuple[Waiter, Answer]] = []
        for request_id, answer in answers.items():
            waiter = lane.waiting.pop(request_id, None)
            was_signalled = waiter is not None and waiter.signalled is not None
            if request_id in listed or was_signalled:
                told.append(request_id)
            # The rows of what others appended are theirs to remove, or the sweeper's.
            if is_ours or (waiter is not None and waiter.row_seen):
                removable.append(request_id)
            if waiter is not None and isinstance(answer, Dead):
                dead.append((waiter, answer))
            elif waiter is not None:
                waiter.wake(answer)
            elif isinstance(answer, Dead):
                # Nobody waits who would write the line, and an alarm hangs on it.
                self._tell_answers(lane.key, {request_id: answer})
        lane.note_done(told)
        if removable:
            self._remove(lane, removable, dead)

    def _remove(
        self, lane: Lane, request_ids: Sequence[str], dead: Sequence[tuple[Waiter, Answer]]
    ) -> None:
        task = self._spawn(self._removed(lane.key, request_ids, dead))
        lane.removals.add(task)
        task.add_done_callback(lane.removals.discard)

    async def _removed(
        self, key: str, request_ids: Sequence[str], dead: Sequence[tuple[Waiter, Answer]]
    ) -> None:
        """Remove inbox rows, and then wake whose request is dead: it may be sent again, and this
        must not remove the row that accepts it.
        """
        try:
            await self._inbox.remove(key, request_ids)
        except StoreError as error:
            self._tell.remove_failed(key, error)
        finally:
            for waiter, answer in dead:
                waiter.wake(answer)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _time() -> float:
    return asyncio.get_running_loop().time()


__all__ = ["Answer", "Dead", "Emitter"]
