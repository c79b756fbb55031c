"""Puts the events of a batch where they belong: the inbox, the log, or the dead letters."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from intake.accept import Accepted, NotStored, Outcome, Refused
from store.ports.records import Request, StoreError
from taskhub.port import TaskHub
from triggers.engine import Engine
from triggers.events.event import Delivered, Event, events_of
from triggers.events.letters import letter_of
from triggers.events.requests import REFUSALS, UNAVAILABLE, Dead, request_of

LETTERS_AT_ONCE_MAX: Final = 16
"""Dead letters of one batch that are written side by side; each may have 1 MiB."""

TRIES_UNREADABLE_MAX: Final = 3
"""Deliveries of an event whose key has rows that cannot be read: asking again does not help."""

TRIES_SILENT_MAX: Final = 20
"""Deliveries of an event whose key does not answer while others of the batch do, or the store says
that it works: ten minutes, with the pauses of the trigger. A store that answers nobody holds up the
partition for as long as that lasts."""

CHECK_SECONDS_MAX: Final = 5.0

EVENTS_REMEMBERED_MAX: Final = 10_000

Pair = tuple[Event, Request]


class Undelivered(Exception):
    """Some events could not be put anywhere yet: the host delivers the batch again."""


class Receiver:
    """Of one domain, in one process."""

    def __init__(self, engine: Engine, now: Callable[[], datetime], hub_name: str) -> None:
        """`now` is aware; `hub_name` is for events that come from no partition."""
        self._wire = engine.wire
        self._intake = engine.intake
        self._emitter = engine.emitter
        self._hand_over = engine.hand_over
        self._store = engine.store
        self._deadletters = engine.store.deadletters
        self._tell = engine.tell
        self._now = now
        self._hub_name = hub_name
        self._tries: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    async def receive(self, delivered: Delivered, hub: TaskHub) -> None:
        """Return when every event is in the inbox, in the log or among the dead letters.

        Raises Undelivered, Overloaded or StoreError otherwise. The events of a key that cannot be
        served become dead letters after bounded tries, so that its neighbours go on.
        """
        pairs: list[Pair] = []
        dead: list[tuple[Event, Dead]] = []
        for event in events_of(delivered, self._hub_name):
            try:
                pairs.append((event, request_of(event, self._wire)))
            except Dead as reason:
                dead.append((event, reason))
        outcomes = await self._intake.accept([request for _, request in pairs]) if pairs else []
        await self._announce(pairs, outcomes, hub)
        dead += [
            (event, Dead(REFUSALS[outcome.reason], outcome.reason.value))
            for (event, _), outcome in zip(pairs, outcomes, strict=True)
            if isinstance(outcome, Refused)
        ]
        given_up, waiting = await self._not_stored(pairs, outcomes)
        await self._bury([*dead, *given_up])
        if waiting:
            raise Undelivered(f"{waiting} of {len(pairs)} events were not accepted")

    async def _announce(
        self, pairs: Sequence[Pair], outcomes: Sequence[Outcome], hub: TaskHub
    ) -> None:
        accepted = [
            request
            for (_, request), outcome in zip(pairs, outcomes, strict=True)
            if isinstance(outcome, Accepted)
        ]
        await self._emitter.announce(accepted, hub)
        await self._hand_over.hand_over(list(dict.fromkeys(e.key for e in accepted)), hub)

    async def _not_stored(
        self, pairs: Sequence[Pair], outcomes: Sequence[Outcome]
    ) -> tuple[list[tuple[Event, Dead]], int]:
        """Return the events to give up on, and how many are to be delivered again."""
        tries = [
            self._count(event) if isinstance(outcome, NotStored) else 0
            for (event, _), outcome in zip(pairs, outcomes, strict=True)
        ]
        others_work = 0 in tries
        if pairs and not others_work and max(tries) >= TRIES_SILENT_MAX:
            others_work = await self._store_works()
        given_up: list[tuple[Event, Dead]] = []
        waiting = 0
        for (event, request), outcome, count in zip(pairs, outcomes, tries, strict=True):
            if not isinstance(outcome, NotStored):
                continue
            if outcome.unreadable and count >= TRIES_UNREADABLE_MAX:
                words = f"rows of {request.key} are damaged, or of a newer release"
                given_up.append((event, Dead(UNAVAILABLE, words)))
            elif others_work and count >= TRIES_SILENT_MAX:
                words = f"the store did not answer for {request.key} in {count} tries"
                given_up.append((event, Dead(UNAVAILABLE, words)))
            else:
                waiting += 1
        return given_up, waiting

    async def _store_works(self) -> bool:
        """Ask it, where no event of the batch tells: all may be of the one key that is silent."""
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                return not await self._store.check()
        except (TimeoutError, StoreError):
            return False

    def _count(self, event: Event) -> int:
        name = (event.hub, event.partition, event.position)
        tries = self._tries.pop(name, 0) + 1
        self._tries[name] = tries
        while len(self._tries) > EVENTS_REMEMBERED_MAX:
            self._tries.popitem(last=False)
        return tries

    async def _bury(self, dead: Sequence[tuple[Event, Dead]]) -> None:
        places = asyncio.Semaphore(LETTERS_AT_ONCE_MAX)

        async def one(event: Event, reason: Dead) -> None:
            letter = letter_of(event, reason, self._now())
            async with places:
                await self._deadletters.put(letter)
            summary = letter.summary
            self._tell.buried(reason.code)
            self._tell.dead_letter(str(summary.name), reason.code, summary.request_id)

        await asyncio.gather(*(one(event, reason) for event, reason in dead))
