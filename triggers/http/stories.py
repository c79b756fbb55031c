"""The calls that tell how far requests have got: what is pending for a key, and one story.

Told is what the stores and the entity say at this moment. A time that nobody keeps is null, and
`detail` says why: the times of all steps are in telemetry (`infra/queries/story-of-a-request.kql`).
"""

import asyncio
from datetime import datetime
from typing import Any, Final

import azure.functions as func
import msgspec

from concurrency.places import Places
from entities.order import Order
from store.ports.deadletters import FOLD, DeadLetter, Name
from store.ports.inbox import Waiting
from store.ports.records import ERASED, Answered, Entry
from taskhub.port import HubUnknown
from triggers.engine import Engine
from triggers.http import parameters
from triggers.http.answers import Answers, ok
from triggers.http.kinds import FAILED, NOT_FOUND
from triggers.http.problems import Problem

SHOWN_MAX: Final = 100
"""Pending requests in one answer."""

LOOKS_MAX: Final = 4
"""Reads of entities at once for those who look. The durable client's session allows 30 calls, which
all domains share, and they are for those who wait."""

LOOK_SECONDS_MAX: Final = 1.0
"""For a place and a read together; after that nobody says whether the entity lists a request."""

NOT_KEPT: Final = "The time is kept while the request waits, and in telemetry."
NOT_STAMPED: Final = "The entity keeps an order and no times; telemetry has them."
NOT_TOLD: Final = "The entity did not answer."
PAST: Final = "It has its place; what the entity listed before is not kept."
NOT_LOGGED_AT: Final = "The store does not say when: the entry was restored or erased."
NO_HUB: Final = "This app does not publish."
NOT_PUBLISHED_AT: Final = "The time is not kept; the event has its own in the hub."


def places_to_look() -> Places:
    """Make the places of a process, for all of its domains together."""
    return Places(LOOKS_MAX, LOOK_SECONDS_MAX)


class Stories:
    """Of one domain. Looks, and changes nothing."""

    def __init__(self, engine: Engine, looks: Places) -> None:
        """Read from the store and the task hub of `engine`; `looks` are those of the process."""
        self._engine = engine
        self._domain = engine.domain
        self._store = engine.store
        self._answers = Answers(engine.domain, engine.wire)
        self._looks = looks

    async def pending(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """Show what is accepted and has no place yet, the oldest of those shown first."""
        key = self._engine.wire.key(req.route_params.get(self._domain.key.name, ""))
        found = await self._store.inbox.page(key, SHOWN_MAX + 1)
        order = await self._order(key, client) if found else None
        rows = sorted(found[:SHOWN_MAX], key=lambda each: each.accepted_at)
        name = {self._domain.key.name: self._engine.wire.key_value(key)}
        pending = [self._waiting(each, order) for each in rows]
        return ok({**name, "pending": pending, "more": len(found) > SHOWN_MAX})

    async def story(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """Tell what is known of one request. 404 when it was never accepted."""
        key = self._engine.wire.key(req.route_params.get(self._domain.key.name, ""))
        request_id = parameters.request_id(req, self._domain.request_id, of_client=False)
        # In the order in which a request moves, as `Reading.request` does and for its reason.
        waiting = await self._store.inbox.waiting(key, request_id)
        answered = (await self._store.log.find(key, [request_id])).get(request_id)
        if answered is not None:
            told = await self._logged(key, answered)
        elif waiting is not None:
            told = await self._accepted(key, waiting, client)
        else:
            letter = await self._store.deadletters.get(Name(FOLD, key, request_id))
            if letter is None:
                raise Problem(NOT_FOUND, "It was never accepted.")
            told = self._dead(letter)
        return ok({**self._answers.named(key, request_id), **told})

    async def _logged(self, key: str, answered: Answered) -> dict[str, Any]:
        # The row of the request does not say when; that of the entry does.
        entry = await self._store.log.get(key, answered.entry.place) or answered.entry
        steps = [
            _step("accepted", done=True, detail=NOT_KEPT),
            _step("ordered", done=None, detail=PAST),
            _step("logged", done=True, at=entry.logged_at, detail=NOT_LOGGED_AT),
            await self._published(key, entry),
        ]
        return {
            "status": "logged",
            "payload": _payload(answered.payload),
            "entry": self._engine.wire.shown(key, entry),
            "steps": steps,
        }

    async def _accepted(self, key: str, waiting: Waiting, client: Any) -> dict[str, Any]:
        order = await self._order(key, client)
        return {
            "status": "accepted",
            "payload": _payload(waiting.request.payload),
            "steps": [
                _step("accepted", done=True, at=waiting.accepted_at),
                _ordered(waiting.request.id, order),
                _step("logged", done=False),
                self._not_yet_published(),
            ],
        }

    def _dead(self, letter: DeadLetter) -> dict[str, Any]:
        at = letter.summary.stored_at
        of_request = self._domain.fold_failure < FAILED.status
        reason = letter.summary.reason if of_request else "The reason is in the dead letter."
        return {
            "status": "dead",
            "payload": None if letter.is_cut else _payload(letter.body.decode(errors="replace")),
            "reason": reason,
            "steps": [
                _step("accepted", done=True, detail=NOT_KEPT),
                _step("ordered", done=None, detail=NOT_STAMPED),
                _step("logged", done=False),
                _step("dead", done=True, at=at),
            ],
        }

    async def _published(self, key: str, entry: Entry) -> dict[str, Any]:
        if not self._engine.publishes:
            return self._not_yet_published()
        cursor = await self._store.publications.cursor(key)
        done = cursor.place >= entry.place
        return _step("published", done=done, detail=NOT_PUBLISHED_AT if done else None)

    def _not_yet_published(self) -> dict[str, Any]:
        if self._engine.publishes:
            return _step("published", done=False)
        return _step("published", done=None, detail=NO_HUB)

    async def _order(self, key: str, client: Any) -> Order | None:
        """Return what the entity has committed, None when it does not say in time."""
        try:
            async with asyncio.timeout(LOOK_SECONDS_MAX), self._looks.one():
                return await self._engine.hub_of(client).order(key)
        except (HubUnknown, TimeoutError):
            return None

    def _waiting(self, waiting: Waiting, order: Order | None) -> dict[str, Any]:
        request_id = waiting.request.id
        listed = None if order is None else request_id in order.outbox
        at = waiting.accepted_at.isoformat()
        return {self._domain.request_id: request_id, "acceptedAt": at, "ordered": listed}


def _ordered(request_id: str, order: Order | None) -> dict[str, Any]:
    if order is None:
        return _step("ordered", done=None, detail=NOT_TOLD)
    listed = request_id in order.outbox
    return _step("ordered", done=listed, detail=NOT_STAMPED if listed else None)


def _step(
    name: str, *, done: bool | None, at: datetime | None = None, detail: str | None = None
) -> dict[str, Any]:
    """Make a step; `detail` says why there is no time, and is left out where there is one."""
    stamp = None if at is None else at.isoformat()
    why = {} if detail is None or at is not None else {"detail": detail}
    return {"step": name, "done": done, "at": stamp, **why}


def _payload(text: str) -> Any:
    """Return what was asked; None when it was erased."""
    return None if text == ERASED else msgspec.json.decode(text)
