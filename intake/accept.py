"""Accepts requests: one inbox row each, and this write is what accepts them.

Every way in uses this code: POST, PUT, batches and events.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from concurrency.group_commit import GroupCommit
from concurrency.places import Places
from concurrency.turns import Turns, start
from domain.decider import Decider
from domain.decider import Unreadable as NewerRelease
from intake.admission import Admission
from store.ports.records import (
    ERASED,
    INBOX_PUT_CHARACTERS_MAX,
    INBOX_ROWS_MAX,
    Conflict,
    Entry,
    Request,
    StoreError,
    Unknown,
    Unreadable,
    Unusable,
)
from store.ports.store import Store
from telemetry import tracing
from telemetry.decisions import Decisions

ATTEMPTS_MAX: Final = 4
"""How often to start over when rows come and go meanwhile; each needs a new coincidence."""

KEYS_AT_ONCE_MAX: Final = 4
"""Keys of one call whose requests are being accepted side by side. Each takes 1.5 ms of CPU for two
calls of 10 ms: four at once take a fourth of a process, sixteen all of it, and a lone request met
the crowd at each of its steps. Four are 180 keys a second, as many as the drains work off."""

KEY_SECONDS_MAX: Final = 0.25
"""After that a key's place goes to the next one, and a key that hangs goes on without: of 300 keys
that hang, and are the first of their call, the others of the call notice no more than a delay."""

CALL_SECONDS_MAX: Final = 20.0
"""For a call, however many keys it has and whoever was before it: with a lane that hangs for
fifteen seconds a round, the last of 2,500 requests of a key would hear after minutes."""


class Reason(Enum):
    """Why a request can never be accepted."""

    OTHER_CONTENT = "the request id was used before, with other content"
    ERASED = "the request id was used before, and its content was erased"


@dataclass(frozen=True, slots=True)
class Accepted:
    """In the inbox; not seen in the log yet."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Was in the log already: the request is a repeat."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is stored of it."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class NotStored:
    """The store did not answer, or cannot be read. It may be stored, and nothing was promised:
    repeating with the same request id is safe, and needed.
    """

    unreadable: bool
    """Whether rows of the key are damaged or of a newer release: then repeating does not help."""
    unusable: bool = False
    """Whether that is so of the whole store, or it is of another domain: then nothing was stored."""


Outcome = Accepted | Replayed | Refused | NotStored


@dataclass(frozen=True, slots=True)
class _Owner:
    """Who has a request id: the payload that is in the inbox or the log under it."""

    payload: str
    entry: Entry | None
    is_new: bool = False
    """Whether its inbox row was inserted by this call."""


@dataclass(frozen=True, slots=True)
class _Asked:
    request: Request
    made_here: bool


class Intake:
    """The only writer of new inbox rows."""

    def __init__(
        self,
        store: Store,
        decider: Decider,
        tell: Decisions,
        now: Callable[[], datetime],
        turns: Turns | None = None,
    ) -> None:
        """Accept into `store`; `now` is aware and in UTC. Long calls take their turns in `turns`,
        with all other long work of the process.
        """
        self._inbox = store.inbox
        self._log = store.log
        self._decider = decider
        self._tell = tell
        self._now = now
        self._admission = Admission()
        self.turns = turns or Turns()
        self._batches: GroupCommit[str, _Asked, _Owner] = GroupCommit(
            self._owners, INBOX_ROWS_MAX, name="accept"
        )

    def check_room(self) -> None:
        """Raise Overloaded when nothing at all would be accepted now."""
        self._admission.check()

    async def accept(
        self, requests: Sequence[Request], *, made_here: bool = False
    ) -> list[Outcome]:
        """Accept requests of any keys; return their outcomes in the same order.

        `made_here`: the service made their ids just now, so nobody can have used them before and
        the log need not be asked. Raises Overloaded; then nothing is stored.
        """
        first: dict[str, dict[str, Request]] = {}
        for request in requests:
            first.setdefault(request.key, {}).setdefault(request.id, request)
        with self._admission.room_for(requests):
            owners = await self._all_owners(first, made_here=made_here)
        made = (self._outcome(each, owners[each.key]) for each in requests)
        if len(requests) == 1:
            outcomes = list(made)
            self._report(requests, outcomes, owners[requests[0].key])
        else:
            outcomes = await self.turns.collect(made)
            await self.turns.collect(self._reports(requests, outcomes, owners))
        return outcomes

    async def _all_owners(
        self, first: Mapping[str, Mapping[str, Request]], *, made_here: bool
    ) -> dict[str, Mapping[str, _Owner] | StoreError]:
        """Decide who owns each request id: one look per id, however often a call repeats it."""
        ends = asyncio.get_running_loop().time() + CALL_SECONDS_MAX

        async def one(
            key: str, place: AbstractAsyncContextManager[None]
        ) -> Mapping[str, _Owner] | StoreError:
            try:
                async with asyncio.timeout_at(ends), place:
                    return await self._owners_of(key, first[key], made_here=made_here)
            except TimeoutError:
                # They may still get there, but nothing has been promised.
                return Unknown(f"{key}: not accepted within {CALL_SECONDS_MAX:g} s")

        if len(first) == 1:
            (key,) = first
            return {key: await one(key, nullcontext())}
        places = Places(KEYS_AT_ONCE_MAX, KEY_SECONDS_MAX)
        found = await asyncio.gather(*await start(one(key, places.one()) for key in first))
        return dict(zip(first, found, strict=True))

    async def _owners_of(
        self, key: str, requests: Mapping[str, Request], *, made_here: bool
    ) -> Mapping[str, _Owner] | StoreError:
        try:
            asked = [_Asked(each, made_here) for each in requests.values()]
            owners = await self._batches.submit(key, asked)
        except StoreError as error:
            return error
        return dict(zip(requests, owners, strict=True))

    def _outcome(self, request: Request, owners: Mapping[str, _Owner] | StoreError) -> Outcome:
        if isinstance(owners, StoreError):
            return NotStored(isinstance(owners, Unreadable), isinstance(owners, Unusable))
        owner = owners[request.id]
        if owner.payload == ERASED:
            return Refused(Reason.ERASED)
        try:
            if not self._decider.same(owner.payload, request.payload):
                return Refused(Reason.OTHER_CONTENT)
        except NewerRelease:
            return NotStored(unreadable=True)
        return Accepted() if owner.entry is None else Replayed(owner.entry)

    # One key; group commit

    async def _owners(self, key: str, asked: Sequence[_Asked]) -> list[_Owner]:
        """Settle who owns the ids of requests of one key, of which some may share one."""
        tracing.about(key, [each.request.id for each in asked])
        requests: dict[str, Request] = {}
        for each in asked:
            requests.setdefault(each.request.id, each.request)
        unused = {each.request.id for each in asked if each.made_here}
        owners: dict[str, _Owner] = {}
        for _ in range(ATTEMPTS_MAX):
            left = [each for each in requests.values() if each.id not in owners]
            if not left:
                return [owners[each.request.id] for each in asked]
            owners |= await self._attempt(key, left, unused)
        if len(owners) == len(requests):
            return [owners[each.request.id] for each in asked]
        raise Unknown(f"rows of {key} keep changing")

    async def _attempt(
        self, key: str, requests: Sequence[Request], unused: set[str]
    ) -> dict[str, _Owner]:
        """Insert the inbox rows; then, whatever came of it, read the request rows LAST.

        In the other order a row that gets its place and is removed between the two reads would
        make room for a row with other content, accepted and never committed.
        """
        inserted, rows = await self._insert(key, requests)
        looked_up = [each.id for each in requests if each.id not in unused]
        logged = await self._log.find(key, looked_up) if looked_up else {}
        owners: dict[str, _Owner] = {}
        for request in requests:
            answered, row = logged.get(request.id), rows.get(request.id)
            if answered is not None:
                owners[request.id] = _Owner(answered.payload, answered.entry)
            elif row is not None:
                owners[request.id] = _Owner(row.payload, None, request.id in inserted)
        if superfluous := [each for each in logged if each in rows]:
            await self._tidy(key, superfluous)
        return owners

    async def _insert(
        self, key: str, requests: Sequence[Request]
    ) -> tuple[set[str], dict[str, Request]]:
        """Try to insert; return which rows are this call's, and all rows that are there now."""
        inserted: set[str] = set()
        rows: dict[str, Request] = {}
        fresh = list(requests)
        for _ in range(ATTEMPTS_MAX):
            try:
                for piece in _transactions(fresh):
                    await self._inbox.put(piece, self._now())
                    inserted |= {each.id for each in piece}
            except StoreError as error:
                rows = await self._inbox.get(key, [each.id for each in requests])
                fresh = [each for each in requests if each.id not in rows]
                if not fresh:
                    return inserted, rows
                if not isinstance(error, Conflict):
                    raise  # they may still get there, but nothing has been promised
            else:
                return inserted, rows | {each.id: each for each in fresh}
        return inserted, rows

    async def _tidy(self, key: str, request_ids: Sequence[str]) -> None:
        """Remove the inbox rows of requests that were seen in the log."""
        try:
            await self._inbox.remove(key, request_ids)
        except StoreError as error:
            self._tell.remove_failed(key, error)

    def _reports(
        self,
        requests: Sequence[Request],
        outcomes: Sequence[Outcome],
        owners: Mapping[str, Mapping[str, _Owner] | StoreError],
    ) -> Iterator[None]:
        """Write the lines, key by key."""
        by_key: dict[str, tuple[list[Request], list[Outcome]]] = {}
        for request, outcome in zip(requests, outcomes, strict=True):
            asked, became = by_key.setdefault(request.key, ([], []))
            asked.append(request)
            became.append(outcome)
        for key, (asked, became) in by_key.items():
            self._report(asked, became, owners[key])
            yield

    def _report(
        self,
        requests: Sequence[Request],
        outcomes: Sequence[Outcome],
        owners: Mapping[str, _Owner] | StoreError,
    ) -> None:
        """Write the lines about requests of one key, in the invocation that asked."""
        key = requests[0].key
        if isinstance(owners, StoreError):
            self._tell.not_accepted(key, [each.id for each in requests], owners)
            return
        pairs = list(zip(requests, outcomes, strict=True))
        accepted = dict.fromkeys(r.id for r, o in pairs if isinstance(o, Accepted))
        self._tell.accepted(key, [each for each in accepted if owners[each].is_new])
        repeated = [r.id for r, o in pairs if isinstance(o, Accepted) and not owners[r.id].is_new]
        self._tell.repeated(key, repeated)
        replayed = {r.id: o.entry.place for r, o in pairs if isinstance(o, Replayed)}
        self._tell.replayed(key, replayed)
        if unknown := [r.id for r, o in pairs if isinstance(o, NotStored)]:
            error = Unreadable(f"{key}: kept by a release that knows more")
            self._tell.not_accepted(key, unknown, error)
        for reason in Reason:
            refused = [r.id for r, o in pairs if isinstance(o, Refused) and o.reason is reason]
            self._tell.refused(key, reason.name, refused)


def _transactions(requests: Sequence[Request]) -> list[list[Request]]:
    """Cut requests of one key into what one transaction each may hold."""
    pieces: list[list[Request]] = []
    room = 0
    for request in requests:
        size = len(request.payload)
        if not pieces or size > room or len(pieces[-1]) == INBOX_ROWS_MAX:
            pieces.append([])
            room = INBOX_PUT_CHARACTERS_MAX
        pieces[-1].append(request)
        room -= size
    return pieces
