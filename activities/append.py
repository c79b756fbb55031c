"""The commit point: one transaction makes the next ids of a key true.

Any number of copies may run at once, on anything an entity says, however old or wrong: the head's
version lets one of them through, the request rows keep a request from getting two places, and
after any failure the log is read and believed; nothing is ever undone.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from activities.lane import Answer, Dead, Lane
from domain.decider import Decider, Folded, FoldFailed
from domain.decider import Unreadable as NewerRelease
from store.ports.deadletters import FOLD, DeadLetter, Name, Summary
from store.ports.records import (
    APPEND_CHARACTERS_MAX,
    LOG_ENTRIES_MAX,
    Answered,
    Conflict,
    Entry,
    Head,
    Request,
    RowConflict,
    StoreError,
    Unreadable,
)
from store.ports.store import Store
from telemetry import tracing
from telemetry.decisions import Decisions

POINT_READS_MAX: Final = 4
"""Inbox rows that are read one by one; more are read with a page."""

INBOX_PAGE_ROWS: Final = 1_000

FOLD_SECONDS_MAX: Final = 0.02
"""For which one append may hold the event loop with the domain function; what is left goes into
the next one. A state of 11 KB takes 3 ms a request."""

SPARE_FOLD_SECONDS_MAX: Final = 0.005
"""The same for keys that nobody waits for, all of which have one turn together: an answer to a
client takes some twenty passes of the loop, and none of them is to find eight drains in its way."""

FAILURES_MAX: Final = 3
"""Appends of one round that another writer was in the way of; then the entity is asked again."""

FOLD_FAILED: Final = "fold-failed"


class Settled(Protocol):
    """Hears what became of requests."""

    def __call__(self, lane: Lane, answers: Mapping[str, Answer], *, is_ours: bool) -> None:
        """Take answers by request id. `is_ours`: this process is to remove their inbox rows."""


@dataclass(slots=True)
class Appender:
    """Appends to the logs of one domain, and tells `settled` what the log said."""

    store: Store
    decider: Decider
    tell: Decisions
    now: Callable[[], datetime]
    settled: Settled
    append_seconds: float = 0.01
    """What an append took of late."""
    _spare: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Of the keys that nobody waits for, one folds at a time."""

    async def advance(self, lane: Lane, rest: Sequence[str]) -> None:
        """Give the requests `rest`, in this order, their places, as far as they need them.

        Ends early when the log turns out to be elsewhere again and again. Raises StoreError.
        """
        if lane.head is None:
            await self._read_tail(lane, lane.order.head, rest)
        requests = await self._content(lane, [each for each in rest if lane.is_open(each)])
        waited_for = frozenset(lane.waiting)
        failures = 0
        while failures < FAILURES_MAX and lane.head is not None:
            # Settled meanwhile: what was waited for is not any more, what was not is known done.
            left = [
                each
                for each in requests
                if (each.id in lane.waiting if each.id in waited_for else each.id not in lane.done)
            ]
            if not left:
                return
            failures += not await self._append(lane, left[:LOG_ENTRIES_MAX])

    async def append_unseen(self, lane: Lane, rest: Sequence[str]) -> None:
        """The same without a look at which of them have their places: it costs the head row alone,
        and the request rows stop what has one. Raises StoreError.
        """
        if rest and lane.head is None:
            lane.head = await self.store.log.head(lane.key)
        await self.advance(lane, rest)

    async def _content(self, lane: Lane, ids: Sequence[str]) -> list[Request]:
        """Return the requests: from memory, or from the inbox, which is read AFTER the entity was.

        An id without either is dropped: its row was there when it was announced, so it has its
        place, or was refused. The entity is told; the id is never appended.
        """
        known = {i: lane.waiting[i].request for i in ids if i in lane.waiting}
        foreign = [each for each in ids if each not in known]
        if foreign:
            known |= await self._from_inbox(lane.key, foreign)
            lane.note_done(each for each in foreign if each not in known)
        return [known[each] for each in ids if each in known]

    async def _from_inbox(self, key: str, ids: Sequence[str]) -> dict[str, Request]:
        found: dict[str, Request] = {}
        if len(ids) > POINT_READS_MAX:
            page = await self.store.inbox.page(key, INBOX_PAGE_ROWS)
            wanted = frozenset(ids)
            found = {e.request.id: e.request for e in page if e.request.id in wanted}
            if len(page) < INBOX_PAGE_ROWS:
                return found
        # Absence in a full page proves nothing.
        missing = [each for each in ids if each not in found]
        return found | await self.store.inbox.get(key, missing) if missing else found

    async def _append(self, lane: Lane, requests: Sequence[Request]) -> bool:
        """Append the first of these; return whether it was confirmed. `lane.head` is None after
        that when the log has to be looked at again.
        """
        head = lane.head
        assert head is not None
        if lane.has_client():
            answered, after, failed = self._fold(head, requests, FOLD_SECONDS_MAX)
        else:
            async with self._spare:
                await asyncio.sleep(0)  # clients come first
                answered, after, failed = self._fold(head, requests, SPARE_FOLD_SECONDS_MAX)
        if not answered:
            await self._fold_again(lane, requests[0])
            return False
        ids = [each.entry.request_id for each in answered]
        try:
            append = self.store.log.append(lane.key, head, after, answered)
            began = asyncio.get_running_loop().time()
            lane.head = await tracing.step("append", lane.key, ids, append)
            took = asyncio.get_running_loop().time() - began
            self.append_seconds += (took - self.append_seconds) / 8
        except StoreError as error:
            await self._believe_log(lane, head, ids, error)
            return False
        self.tell.appended(len(ids))
        self.settled(lane, {e.entry.request_id: e.entry for e in answered}, is_ours=True)
        if failed is not None:  # not once more with the next append: it may take seconds each time
            await self._fold_again(lane, failed)
        return True

    def _fold(
        self, head: Head, requests: Sequence[Request], seconds: float
    ) -> tuple[list[Answered], Head, Request | None]:
        """Fold the domain function over requests, as far as it succeeds, for that long, and no
        further than a transaction holds; return the one that it failed on, too.
        """
        answered: list[Answered] = []
        failed: Request | None = None
        place, state, room = head.place, head.state, APPEND_CHARACTERS_MAX
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        for request in requests:
            if answered and clock() >= end:
                break
            try:
                folded = self._folded(request, Head(place, state, None))
            except FoldFailed:
                failed = request
                break
            room -= len(request.payload) + 2 * len(folded.output)
            if answered and room < len(folded.state):
                break
            place, state = place + 1, folded.state
            entry = Entry(place, request.id, folded.version, folded.output, folded.refused)
            answered.append(Answered(entry, request.payload))
        return answered, Head(place, state, None), failed

    def _folded(self, request: Request, head: Head) -> Folded:
        """Raises FoldFailed, and Unreadable when a newer release wrote the payload or the state:
        then no request is at fault, and the key waits until that release is back.
        """
        try:
            return self.decider.fold(request.payload, head.place + 1, head.state)
        except NewerRelease as error:
            raise Unreadable(f"{request.key}: {error}") from error

    async def _fold_again(self, lane: Lane, request: Request) -> None:
        """Fold on the head as it is now: on a stale one a failure means nothing.

        If it fails there too, and has no place, the request becomes a dead letter. The letter
        comes before the inbox row goes: a crash between the two leaves both, and the next emitter
        does it again. The row is read before all of that: only this one may go, and none that
        accepts the request anew meanwhile.
        """
        row = await self.store.inbox.waiting(request.key, request.id)
        if row is not None and row.request != request:
            row = None  # the id was accepted anew, for something else
        lane.head = await self.store.log.head(lane.key)
        try:
            self._folded(request, lane.head)
        except FoldFailed as error:
            # On the head that another process appended it to it did not fail.
            if await self._find(lane, [request.id]):
                return
            letter = _letter(request, str(error), self.now())
            # Without its row it is a dead letter already, and its id may be another request's.
            if row is not None:
                await self.store.deadletters.put(letter)
                self.tell.buried(FOLD_FAILED)
            dead = Dead(request, row, str(letter.summary.name), FOLD_FAILED, str(error))
            self.settled(lane, {request.id: dead}, is_ours=True)

    async def _believe_log(
        self, lane: Lane, head: Head, ids: Sequence[str], error: StoreError
    ) -> None:
        """After a failure: look what the log says, and believe it.

        412 or an unknown outcome: what follows the last known head; 409: the request rows. Raises
        `error` again when nothing was written and no other writer was in the way.
        """
        if isinstance(error, RowConflict):
            asked = ids if error.request_id is None else [error.request_id]
            found = await self._find(lane, asked)
            if not found:
                # The row in the way was an entry's: the head is not what it was, or is damaged.
                lane.head = await self.store.log.head(lane.key)
                if lane.head == head:
                    raise error
        else:
            lane.head = None
            # What an unknown outcome has written is ours, and so are its inbox rows.
            is_ours = not isinstance(error, Conflict)
            found = await self._read_tail(lane, head.place, ids, is_ours=is_ours)
        self.tell.append_not_confirmed(lane.key, len(ids), len(found), error)
        if not found and not isinstance(error, Conflict):
            raise error  # a store that takes no writes is left alone for longer and longer

    async def _read_tail(
        self, lane: Lane, after: int, wanted: Sequence[str], *, is_ours: bool = False
    ) -> set[str]:
        """Learn the head, and which of the wanted ids have their places; return those."""
        tail = await self.store.log.tail(lane.key, after)
        ids = {*wanted, *lane.waiting}
        found = {e.request_id: e for e in tail.entries if e.request_id in ids}
        lane.head = tail.head
        self._settle(lane, found.values(), is_ours=is_ours)
        seen = set(found)
        if tail.head is None:
            # Further behind than one page: the head row alone, and the request rows tell.
            lane.head = await self.store.log.head(lane.key)
            seen |= await self._find(lane, [i for i in wanted if i not in seen][:LOG_ENTRIES_MAX])
        return seen.intersection(wanted)

    async def _find(self, lane: Lane, ids: Sequence[str]) -> set[str]:
        found = await self.store.log.find(lane.key, ids)
        self._settle(lane, [each.entry for each in found.values()], is_ours=False)
        return set(found)

    async def look_at_tail(self, lane: Lane, ids: Sequence[str]) -> None:
        """Settle those of these ids that got their places behind the last known head."""
        after = lane.order.head if lane.head is None else lane.head.place
        await self._read_tail(lane, after, ids)

    async def look(self, lane: Lane, ids: Sequence[str]) -> None:
        """Settle those of these ids that have their request rows."""
        await self._find(lane, ids)

    def _settle(self, lane: Lane, entries: Iterable[Entry], *, is_ours: bool) -> None:
        self.settled(lane, {each.request_id: each for each in entries}, is_ours=is_ours)


def _letter(request: Request, reason: str, stored_at: datetime) -> DeadLetter:
    body = request.payload.encode()
    summary = Summary(
        name=Name(FOLD, request.key, request.id),
        code=FOLD_FAILED,
        reason=reason,
        request_id=request.id,
        enqueued_at=None,
        stored_at=stored_at,
        body_bytes=len(body),
    )
    return DeadLetter(summary, None, {}, body)
