"""What one process knows of one key: who waits, and what it remembers between rounds.

All but `waiting` may be forgotten at any time: the log, the inbox and the entity say it again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from entities.order import OUTBOX_CHARACTERS_MAX, Order, characters
from store.ports.inbox import Waiting
from store.ports.records import Entry, Head, Request

KEYS_REMEMBERED_MAX: Final = 10_000
"""Lanes that nobody waits in; the least recently used go first."""

DONE_REMEMBERED_MAX: Final = 2_500
"""Ids per key that are known to be done and not known to have left the outbox: as many as an
outbox can list."""

TOLD_AGAIN_SECONDS: Final = 1.0
"""After which the entity is told once more of a done id that it goes on listing."""


@dataclass(frozen=True, slots=True)
class Dead:
    """The domain function failed on the request, which is a dead letter now."""

    request: Request
    row: Waiting | None
    """Of the inbox, as it was before the function failed; None when it was gone."""
    name: str
    """Of the letter."""
    code: str
    reason: str


Answer = Entry | Dead


@dataclass(slots=True)
class Waiter:
    """An ACCEPTED request that somebody here waits for."""

    request: Request
    due: float
    """Time of the loop at which it takes its place whatever the entity lists."""
    callers: list[asyncio.Future[Answer]] = field(default_factory=list)
    clients: int = 0
    """How many of the callers are clients; the others are drains."""
    row_seen: bool = False
    """Whether a drain found its inbox row, and so has to see that it goes."""
    signalled: float | None = None
    """Time of the loop; None while no signal is known to be under way."""

    def wake(self, answer: Answer) -> None:
        """Give the answer to all who wait for it."""
        for future in self.callers:
            if not future.done():
                future.set_result(answer)


@dataclass(slots=True)
class Lane:
    """One key in one process."""

    key: str
    waiting: dict[str, Waiter] = field(default_factory=dict)
    head: Head | None = None
    """As of one's own last append, read or fence; the ETag finds out when it is stale."""
    order: Order = field(default_factory=Order)
    """As the entity had committed it when it was read last."""
    done: dict[str, float | None] = field(default_factory=dict)
    """Known to be in the log or dropped, and when the entity was told. Serves to skip and to tell,
    no more: an id that waits here is not known to be done, whatever stands in this table."""
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    entity_ran: bool = False
    """Whether the entity function ran in this process since the last read."""
    signals: int = 0
    """Under way."""
    hub_calls: asyncio.Semaphore | None = None
    """What the key may still have under way, of signals and reads; made with the first."""
    loop: asyncio.Task[None] | None = None
    unasked: bool = False
    """Whether entries are being appended that the entity was not asked about: it may list them."""
    failures: int = 0
    removals: set[asyncio.Task[None]] = field(default_factory=set)

    def enter(self, request: Request, due: float) -> asyncio.Future[Answer]:
        """Wait for the answer to an ACCEPTED request; see `Waiter.due`."""
        waiter = self.waiting.setdefault(request.id, Waiter(request, due))
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiter.callers.append(future)
        return future

    def leave(
        self, request_id: str, future: asyncio.Future[Answer], *, is_client: bool = False
    ) -> None:
        """Wait no more."""
        future.cancel()
        waiter = self.waiting.get(request_id)
        if waiter is not None and future in waiter.callers:
            waiter.callers.remove(future)
            waiter.clients -= is_client
            if not waiter.callers:
                del self.waiting[request_id]

    def is_idle(self) -> bool:
        """Whether nobody waits, and nothing is known that the entity lists or has to hear."""
        return not (self.waiting or self.loop or self.done or self.order.outbox)

    def is_open(self, request_id: str) -> bool:
        """Whether an id may need its place."""
        return request_id in self.waiting or request_id not in self.done

    def overdue(self, now: float) -> list[str]:
        """Return the ids that have waited too long for the entity, by time of acceptance."""
        late = [(each.due, i) for i, each in self.waiting.items() if each.due <= now]
        return [request_id for _, request_id in sorted(late)]

    def next_due(self) -> float | None:
        """Return when the first one becomes overdue; None when nobody waits."""
        return min((each.due for each in self.waiting.values()), default=None)

    def has_client(self) -> bool:
        """Whether a client waits, and not only drains."""
        return any(each.clients for each in self.waiting.values())

    def unlisted(self, signalled_before: float) -> list[str]:
        """Return the ids that were signalled before that time and are still not listed."""
        listed = frozenset(self.order.outbox)
        return [
            i
            for i, each in self.waiting.items()
            if each.signalled is not None and each.signalled < signalled_before and i not in listed
        ]

    def take_signal(self, now: float) -> list[str]:
        """Return the ids to signal now, and note that they are: what the outbox does not list.

        At most half an outbox of one process is in flight, so that what is signalled fits.
        """
        listed = frozenset(self.order.outbox)
        room = OUTBOX_CHARACTERS_MAX // 2
        fresh: list[str] = []
        for request_id, each in self.waiting.items():
            if request_id in listed:
                continue
            room -= characters(request_id)
            if room < 0:
                break
            if each.signalled is None:
                fresh.append(request_id)
        for request_id in fresh:
            self.waiting[request_id].signalled = now
        return fresh

    def take_done(self, now: float) -> list[str]:
        """Return the done ids that the entity has to hear of, and note that it is told."""
        ids: list[str] = []
        room = OUTBOX_CHARACTERS_MAX
        for request_id, told in self.done.items():
            if told is None or told < now - TOLD_AGAIN_SECONDS:
                room -= characters(request_id)
                if room < 0:
                    break
                ids.append(request_id)
        for request_id in ids:
            self.done[request_id] = now
        return ids

    def note_done(self, request_ids: Iterable[str]) -> None:
        """Remember ids that are done, as far as the entity has to hear of them."""
        for request_id in request_ids:
            self.done.setdefault(request_id, None)
        while len(self.done) > DONE_REMEMBERED_MAX:
            del self.done[next(iter(self.done))]

    def note_order(self, order: Order, asked_at: float) -> None:
        """Remember what the entity has committed, and forget what it was told and does not list."""
        listed = frozenset(order.outbox)
        for request_id, told in list(self.done.items()):
            if told is not None and told < asked_at and request_id not in listed:
                del self.done[request_id]
        self.order = order


class Lanes:
    """The lanes of one domain in one process, the least recently used first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lanes: OrderedDict[str, Lane] = OrderedDict()

    def lane(self, key: str) -> Lane:
        """Return the lane of a key, made anew if need be."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key)
            self._forget()
        self._lanes.move_to_end(key)
        return lane

    def known(self, key: str) -> Lane | None:
        """Return the lane of a key if there is one."""
        return self._lanes.get(key)

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def _forget(self) -> None:
        surplus = max(0, len(self._lanes) - KEYS_REMEMBERED_MAX)
        for key in list(islice(self._lanes, surplus)):
            lane = self._lanes[key]
            if lane.loop is None and not lane.waiting and not lane.signals and not lane.removals:
                del self._lanes[key]
