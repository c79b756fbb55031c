"""Accepts requests: one inbox row each, and this write is what accepts them.

All ways in use this code. Requests of one project that arrive while its inbox is being written
share the next transaction (group commit).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from activities.coalescing import Coalescer
from activities.hub import Hub
from store.port import INBOX_ROWS_MAX, Conflict, Store, StoreError, Unknown
from telemetry import decisions, tracing
from todos import ID_MAX, Todo, TodoRequest, is_answer, last_id
from triggers.announcer import Announcer

REQUESTS_WAITING_MAX: Final = 5_000
"""Requests of this process between arrival and acceptance. At 1,000 a second that is five
seconds of work: whoever comes later is better off elsewhere, or later."""

PROJECT_SHARE: Final = 2
"""One project may take the half of that, so that one whose partition is slow does not have all
others turned away too. What is the first of its project is let in whatever its size."""

ATTEMPTS_MAX: Final = 4
"""How often to start over when rows come and go under our hands; each needs a new coincidence."""

ROOM_CHECKED_BELOW: Final = 10_000_000
"""Ids left in a project under which every request counts. Above it one look an hour is enough:
no project gets ten million TODOs in an hour."""

ROOM_REMEMBERED_SECONDS: Final = 3_600.0

PROJECTS_REMEMBERED_MAX: Final = 50_000

log = logging.getLogger(__name__)


class Reason(Enum):
    """Why a request can never be accepted."""

    OTHER_CONTENT = "the request id was used before, with other content"
    PROJECT_FULL = f"the project has given out its last id, {ID_MAX}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """In the inbox; not seen in the log yet."""


@dataclass(frozen=True, slots=True)
class Created:
    """Was in the log already: the request is a repeat."""

    todo: Todo


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is stored of it."""

    reason: Reason


Outcome = Accepted | Created | Refused


class Overloaded(Exception):
    """Too much is waiting in this process. Nothing was stored."""


class NotAccepted(Exception):
    """The store did not answer. Repeating with the same request id is safe, and needed."""


class Intake:
    """The one door to the inbox."""

    def __init__(self, store: Store, announcer: Announcer, now: Callable[[], datetime]) -> None:
        """Accept into `store`, send word through `announcer`; `now` is aware and in UTC."""
        self._store = store
        self._announcer = announcer
        self._now = now
        self._doors: Coalescer[int, TodoRequest, Outcome] = Coalescer(
            self._admit, INBOX_ROWS_MAX, name="accept"
        )
        self._waiting = 0
        self._waiting_of: Counter[int] = Counter()
        self._room_seen: dict[int, datetime] = {}

    async def accept(self, requests: Sequence[TodoRequest], hub: Hub) -> list[Outcome]:
        """Accept requests of any projects; return their outcomes in the same order.

        Raises Overloaded (nothing is stored) and NotAccepted (some may be; repeat them all).
        """
        with self._room_for(requests):
            outcomes = await self._accept(requests)
        pairs = list(zip(requests, outcomes, strict=True))
        await self._announcer.announce([r for r, o in pairs if isinstance(o, Accepted)], hub)
        failure = next((o for o in outcomes if isinstance(o, StoreError)), None)
        if failure is not None:
            raise NotAccepted from failure
        return [o for o in outcomes if not isinstance(o, StoreError)]

    @contextmanager
    def _room_for(self, requests: Sequence[TodoRequest]) -> Iterator[None]:
        """Take room in this process, or raise Overloaded."""
        asked = Counter(each.project_id for each in requests)
        share = REQUESTS_WAITING_MAX // PROJECT_SHARE
        waiting = self._waiting_of
        if self._waiting and self._waiting + len(requests) > REQUESTS_WAITING_MAX:
            raise Overloaded
        if any(waiting[each] and waiting[each] + count > share for each, count in asked.items()):
            raise Overloaded
        self._waiting += len(requests)
        waiting.update(asked)
        try:
            yield
        finally:
            self._waiting -= len(requests)
            waiting.subtract(asked)
            for each in asked:
                if not waiting[each]:
                    del waiting[each]

    async def _accept(self, requests: Sequence[TodoRequest]) -> list[Outcome | StoreError]:
        places: dict[int, list[int]] = {}
        for place, request in enumerate(requests):
            places.setdefault(request.project_id, []).append(place)
        if len(places) == 1:
            return list(await self._knock(requests[0].project_id, requests))
        answers = await asyncio.gather(
            *(self._knock(p, [requests[i] for i in at]) for p, at in places.items())
        )
        outcomes: dict[int, Outcome | StoreError] = {}
        for at, answer in zip(places.values(), answers, strict=True):
            outcomes.update(zip(at, answer, strict=True))
        return [outcomes[place] for place in range(len(requests))]

    async def _knock(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> Sequence[Outcome | StoreError]:
        try:
            return await self._doors.submit(project_id, requests)
        except StoreError as error:
            decisions.not_accepted(project_id, [each.request_id for each in requests], error)
            return [error] * len(requests)

    async def _admit(self, project_id: int, requests: Sequence[TodoRequest]) -> list[Outcome]:
        """Decide about requests of one project, of which some may bear the same request id."""
        first: dict[str, TodoRequest] = {}
        for request in requests:
            first.setdefault(request.request_id, request)
        tracing.about(project_id, list(first))
        decided = await self._decide(project_id, list(first.values()))
        again = [each for each in requests if each is not first[each.request_id]]
        _tell(decided, [each for each in again if each == first[each.request_id]], {})
        outcomes: list[Outcome] = []
        for request in requests:
            if request == first[request.request_id]:
                outcomes.append(decided[request.request_id])
            else:
                outcomes.append((await self._decide(project_id, [request]))[request.request_id])
        return outcomes

    async def _decide(self, project_id: int, requests: Sequence[TodoRequest]) -> dict[str, Outcome]:
        decided = await self._refuse_beyond_last_id(project_id, requests)
        _tell(decided, requests, {})
        for _ in range(ATTEMPTS_MAX):
            left = [each for each in requests if each.request_id not in decided]
            if not left:
                return decided
            decided |= await self._attempt(project_id, left)
        if len(decided) == len(requests):
            return decided
        msg = f"rows of project {project_id} keep changing"
        raise Unknown(msg)

    async def _attempt(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, Outcome]:
        """Insert the inbox rows; then, whatever came of it, read the request rows LAST.

        In the other order a row that is numbered and removed between the two reads would leave
        its place to a row with other content, accepted and never committed.
        """
        mine = await self._insert(project_id, requests)
        logged = await self._store.log.find(project_id, [each.request_id for each in requests])
        outcomes: dict[str, Outcome] = {}
        for request in requests:
            todo, row = logged.get(request.request_id), mine.get(request.request_id)
            if todo is not None:
                same = is_answer(todo, request)
                outcomes[request.request_id] = (
                    Created(todo) if same else Refused(Reason.OTHER_CONTENT)
                )
            elif row is not None:
                outcomes[request.request_id] = (
                    Accepted() if row == request else Refused(Reason.OTHER_CONTENT)
                )
        if superfluous := [each for each in logged if each in mine]:
            await self._tidy(project_id, superfluous)
        _tell(outcomes, requests, mine)
        return outcomes

    async def _insert(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, TodoRequest]:
        """Try to insert; return the rows that are there now, whoever wrote them."""
        fresh = list(requests)
        rows: dict[str, TodoRequest] = {}
        for _ in range(ATTEMPTS_MAX):
            try:
                await self._store.inbox.put(project_id, fresh, self._now())
            except StoreError as error:
                rows = await self._store.inbox.get(project_id, [e.request_id for e in requests])
                fresh = [each for each in requests if each.request_id not in rows]
                if not fresh:
                    return rows
                if not isinstance(error, Conflict):
                    raise  # they may still get there, but nobody has been promised anything
            else:
                return rows | {each.request_id: each for each in fresh}
        return rows

    async def _tidy(self, project_id: int, request_ids: Sequence[str]) -> None:
        """Remove the inbox rows of requests that were seen in the log."""
        try:
            await self._store.inbox.remove(project_id, request_ids)
        except StoreError as error:
            log.warning("inbox_remove_failed project=%s", project_id, exc_info=error)

    async def _refuse_beyond_last_id(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, Outcome]:
        """Refuse what would need an id that does not exist. Repeats are welcome for ever.

        Exact for one process. Two that accept the very last ids of a project at the same moment
        may accept too many; those stay in the inbox and `emit` reports them.
        """
        if self._is_roomy(project_id):
            return {}
        left = ID_MAX - last_id((await self._store.log.head(project_id)).state)
        if left > ROOM_CHECKED_BELOW:
            self._remember_roomy(project_id)
            return {}
        ids = [each.request_id for each in requests]
        known = {
            *await self._store.log.find(project_id, ids),
            *await self._store.inbox.get(project_id, ids),
        }
        left -= await self._store.inbox.count(project_id, at_most=left)
        new = [each for each in ids if each not in known]
        return {each: Refused(Reason.PROJECT_FULL) for each in new[max(left, 0) :]}

    def _is_roomy(self, project_id: int) -> bool:
        seen = self._room_seen.get(project_id)
        return seen is not None and (self._now() - seen).total_seconds() < ROOM_REMEMBERED_SECONDS

    def _remember_roomy(self, project_id: int) -> None:
        self._room_seen.pop(project_id, None)
        self._room_seen[project_id] = self._now()
        while len(self._room_seen) > PROJECTS_REMEMBERED_MAX:
            del self._room_seen[next(iter(self._room_seen))]


def _tell(
    outcomes: Mapping[str, Outcome],
    requests: Sequence[TodoRequest],
    rows: Mapping[str, TodoRequest],
) -> None:
    """Say what was decided about requests of one project; `rows` are those in the inbox."""
    accepted: list[str] = []
    repeated: list[str] = []
    for request in requests:
        project_id, request_id = request.project_id, request.request_id
        match outcomes.get(request_id):
            case Accepted():
                # What was inserted just now is this very object; what was there is read anew.
                new = rows.get(request_id) is request
                (accepted if new else repeated).append(request_id)
            case Created(todo):
                decisions.replayed(project_id, todo.id, request_id)
            case Refused(reason):
                decisions.refused(project_id, reason.name, request_id)
    if accepted:
        decisions.accepted(requests[0].project_id, accepted)
    if repeated:
        decisions.repeated(requests[0].project_id, repeated)
