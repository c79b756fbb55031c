"""The calls that look: at a key, its log, a request."""

from collections.abc import Awaitable, Callable
from typing import Final

import azure.functions as func

from domain.invalid import Invalid
from domain.names import words
from store.ports.deadletters import FOLD, Name
from store.ports.records import ERASED
from triggers.engine import Engine
from triggers.http import parameters, problems
from triggers.http.answers import Answers, ok
from triggers.http.kinds import NOT_FOUND
from triggers.http.outcomes import Outcomes
from triggers.http.problems import Problem

PENDING_MAX: Final = 10_000
"""Inbox rows that are counted; a client that has more waiting knows enough."""

CACHED: Final = "private, max-age=3600, immutable"
"""An entry never changes. An hour, not a year: a store that was failed over by force may have lost
its last minutes, and then a place is given out again; and an entry may be erased."""


class Reading:
    """Of one domain. Looks into the store, and answers with what is committed there."""

    def __init__(self, engine: Engine) -> None:
        """Read from the store of `engine`."""
        self._domain = engine.domain
        self._store = engine.store
        self._wire = engine.wire
        self._answers = Answers(engine.domain, engine.wire)
        self._outcomes = Outcomes(self._answers)

    async def key(self, req: func.HttpRequest) -> func.HttpResponse:
        """How far a key has got; one that nobody used has nothing in it."""
        key = self._key(req)
        # The inbox first: a request that moves meanwhile is counted twice rather than not at all.
        pending = await self._store.inbox.count(key, PENDING_MAX)
        head = await self._store.log.head(key)
        name = {self._domain.key.name: self._wire.key_value(key)}
        return ok({**name, "last": head.place, "pending": pending})

    async def log(self, req: func.HttpRequest) -> func.HttpResponse:
        """A page of the log.

        Whoever wants to follow a key remembers the last place seen and asks with `after`: places
        are dense, so that is each entry exactly once.
        """
        key = self._key(req)
        after, limit = parameters.page(req)
        entries = await self._store.log.read(key, after, limit)
        return self._answers.page(key, entries, limit)

    async def entry(self, req: func.HttpRequest) -> func.HttpResponse:
        """One entry; a place that cannot be is not found either, and we say why."""
        key = self._key(req)
        try:
            place = parameters.place(req, self._domain.place)
        except Invalid as invalid:
            detail = f"No {words(self._domain.name)} has such a place."
            raise Problem(NOT_FOUND, detail, invalid.errors) from None
        entry = await self._store.log.get(key, place)
        if entry is None:
            detail = f"There is no {words(self._domain.name)} at {place} (yet)."
            raise Problem(NOT_FOUND, detail)
        if entry.output == ERASED:
            raise problems.erased()
        return ok(self._wire.shown(key, entry), CACHED)

    async def request(self, req: func.HttpRequest) -> func.HttpResponse:
        """What became of a request."""
        key = self._key(req)
        request_id = parameters.request_id(req, self._domain.request_id, of_client=False)
        # The inbox first, the log after it, the dead letters LAST. A request leaves the inbox only
        # after it is in one of them; in another order one that moves between two reads is in
        # none, and we would say 404 about a request that we promised to keep.
        rows = await self._store.inbox.get(key, [request_id])
        found = await self._store.log.find(key, [request_id])
        if request_id in found:
            entry = found[request_id].entry
            if entry.refused or entry.output == ERASED:
                raise self._outcomes.problem(key, entry)
            return ok(self._wire.answer(key, entry))
        if request_id in rows:
            return self._answers.waiting(key, request_id)
        letter = await self._store.deadletters.get(Name(FOLD, key, request_id))
        if letter is not None:
            raise problems.failed_fold(self._domain, letter.summary.reason)
        raise Problem(NOT_FOUND, "It was never accepted. Sending it with this request id is safe.")

    def _key(self, req: func.HttpRequest) -> str:
        return self._wire.key(req.route_params.get(self._domain.key.name, ""))


async def guarded(
    call: Callable[[func.HttpRequest], Awaitable[func.HttpResponse]], req: func.HttpRequest
) -> func.HttpResponse:
    """Turn whatever a call raises into a problem."""
    try:
        return await call(req)
    except Exception as error:  # noqa: BLE001 - the table of problems has an entry for each
        return problems.answer(error)
