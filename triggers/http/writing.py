"""The calls that ask for entries: one with a key, one with an address, many at once."""

from collections.abc import Iterator
from typing import Any

import azure.functions as func

from activities.lane import Dead
from domain.invalid import Invalid
from domain.request import Request
from domain.sizes import BATCH_BODY_BYTES_MAX
from intake.accept import Accepted, NotStored, Refused, Replayed
from store.ports.records import Entry
from taskhub.port import TaskHub
from triggers.engine import Engine
from triggers.http import answers, parameters, problems
from triggers.http.answers import Answers
from triggers.http.idempotency_key import HEADER, make_key, parse_key, render_key
from triggers.http.outcomes import REPLAYED, Outcomes, invalid
from triggers.http.preferences import Preferences, parse_preferences


class Writing:
    """Of one domain. Whatever goes wrong ends as a problem, never as an exception."""

    def __init__(self, engine: Engine) -> None:
        """Accept through the intake, wait with the emitter."""
        self._engine = engine
        self._domain = engine.domain
        self._wire = engine.wire
        self._answers = Answers(engine.domain, engine.wire)
        self._outcomes = Outcomes(self._answers)
        self._turns = engine.intake.turns

    async def post(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """Ask for one; the request id is the idempotency key."""
        named: dict[str, str] = {}
        try:
            body = parameters.json_body(req)
            given = req.headers.get(HEADER.lower())
            key = make_key() if given is None else parse_key(given)
            # From here on the key is in every answer, however it ends: a client that did not
            # choose one needs it to repeat the request.
            named[HEADER] = render_key(key)
            preferences = parse_preferences(req.headers.get("prefer"))
            request = self._wire.request(body, key)
            hub = self._engine.hub_of(client)
            made_here = given is None
            return await self._create(request, preferences, hub, named, made_here=made_here)
        except Exception as error:  # noqa: BLE001 - the table of problems has an entry for each
            return problems.answer(error, named)

    async def put(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """Ask for one whose address names the request."""
        named: dict[str, str] = {}
        try:
            body = parameters.json_body(req)
            preferences = parse_preferences(req.headers.get("prefer"))
            key = self._wire.key(req.route_params.get(self._domain.key.name, ""))
            request_id = parameters.request_id(req, self._domain.request_id, of_client=True)
            request = self._wire.payload(body, key, request_id)
            hub = self._engine.hub_of(client)
            return await self._create(request, preferences, hub, named, made_here=False)
        except Exception as error:  # noqa: BLE001 - as in post
            return problems.answer(error, named)

    async def post_batch(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """Ask for many: a result for each item, in order; no waiting."""
        try:
            body = parameters.json_body(req, BATCH_BODY_BYTES_MAX)
            items = await self._turns.collect(self._items(body))
            requests = [each for each in items if isinstance(each, Request)]
            results = iter(await self._accept_all(requests, self._engine.hub_of(client)))
            told = [invalid(e) if isinstance(e, Invalid) else next(results) for e in items]
            return answers.respond(202, {"results": told}, {})
        except Exception as error:  # noqa: BLE001 - as in post
            return problems.answer(error)

    async def _create(
        self,
        request: Request,
        preferences: Preferences,
        hub: TaskHub,
        headers: dict[str, str],
        *,
        made_here: bool,
    ) -> func.HttpResponse:
        (outcome,) = await self._engine.intake.accept([request], made_here=made_here)
        if isinstance(outcome, NotStored):
            raise problems.not_stored(outcome)
        if isinstance(outcome, Refused):
            raise problems.reused(self._domain, outcome.reason)
        entry: Entry | None
        if isinstance(outcome, Replayed):
            headers |= REPLAYED
            entry = outcome.entry
        else:
            entry = await self._wait(request, preferences.wait_seconds, hub)
        applied = preferences.applied(accepted_only=entry is None)
        if applied is not None:
            headers["Preference-Applied"] = applied
        if entry is None:
            return self._answers.waiting(request.key, request.id, headers)
        return self._outcomes.entry(request.key, entry, headers)

    async def _wait(self, request: Request, seconds: float, hub: TaskHub) -> Entry | None:
        """Wait for the entry of an accepted request; hand it over when the time is over."""
        if seconds:
            answer = await self._engine.emitter.answer(request, hub, seconds)
            if isinstance(answer, Dead):
                raise problems.failed_fold(self._domain, answer.reason)
            if answer is not None:
                return answer
        else:
            await self._engine.emitter.announce([request], hub)
        await self._engine.hand_over.hand_over([request.key], hub)
        return None

    def _items(self, body: bytes) -> Iterator[Request | Invalid]:
        """Read, unless it is for nothing: of a process that is full no batch gets in."""
        self._engine.intake.check_room()
        for item in self._wire.items(body):
            yield item
            self._engine.intake.check_room()

    async def _accept_all(self, requests: list[Request], hub: TaskHub) -> list[dict[str, Any]]:
        if not requests:
            return []
        outcomes = await self._engine.intake.accept(requests)
        if all(isinstance(each, NotStored) for each in outcomes):
            assert isinstance(outcomes[0], NotStored)
            raise problems.not_stored(outcomes[0])
        pairs = list(zip(requests, outcomes, strict=True))
        accepted = [request for request, outcome in pairs if isinstance(outcome, Accepted)]
        await self._engine.emitter.announce(accepted, hub)
        await self._engine.hand_over.hand_over(list(dict.fromkeys(e.key for e in accepted)), hub)
        return await self._turns.collect(self._outcomes.result(*each) for each in pairs)
