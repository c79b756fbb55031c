"""Who sends requests: once or often, alone or with others, sometimes the same id for other things.

What a client does, and what the trigger does for it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf
from random import Random
from typing import Any, Final

from activities.emit import Dead
from intake.accept import Accepted, NotStored, Outcome, Refused, Replayed
from intake.admission import Overloaded
from store.ports.records import Entry, Request
from tests.simulation.app import App
from tests.simulation.host import Gone, Host, Role
from tests.simulation.ledger import Ledger
from tests.simulation.samples import Samples

ATTEMPTS_MAX: Final = 6


class Way(Enum):
    """How requests come in."""

    POST = "one, and its sender waits for the answer"
    BATCH = "many, and their sender is answered 202"
    EVENTS = "many, which come again until all of them are stored"


@dataclass(frozen=True, slots=True)
class Sending:
    """Requests that go together in one call, some time after the beginning."""

    at: float
    requests: tuple[Request, ...]
    way: Way = Way.POST
    seconds: float = 5.0
    """How long a POST waits."""
    made_here: bool = False
    """Whether the service made the id."""


class NotAccepted(Exception):
    """503: nothing was promised."""


@dataclass(frozen=True, slots=True)
class Plan:
    """From what the calls of a history are drawn."""

    keys: Sequence[str]
    requests: int
    rivals: float
    """Share of request ids that somebody uses for something else too."""
    seconds: float
    failing: float = 0.0
    """Share of requests that the domain function is sure to fail on, if it ever does."""
    groups: Sequence[int] = (0, 1, 2)
    """How many batches there are, and how many deliveries of events."""


def draw_sendings(chance: Random, plan: Plan, samples: Samples) -> list[Sending]:
    """Draw who sends what and when: repeats soon or late, rivals close behind their original."""
    first = [
        Request(chance.choice(plan.keys), f"r{n}", samples.payload(chance, plan.failing))
        for n in range(plan.requests)
    ]
    sendings: list[Sending] = []
    for request in first:
        at = chance.uniform(0, plan.seconds) * chance.choice((0.02, 0.3, 1.0))
        seconds = chance.choice((0.0, 0.0, 5.0, 5.0, 30.0))
        if chance.random() < 0.25:
            sendings.append(Sending(at, (request,), Way.POST, seconds, made_here=True))
            continue
        sendings.append(Sending(at, (request,), Way.POST, seconds))
        for _ in range(chance.choice((0, 1, 1, 2))):
            after = chance.choice((0.001, 0.02, 0.3, 10.0))
            sendings.append(Sending(at + chance.uniform(0, after), (request,)))
        if chance.random() < plan.rivals:
            after = chance.choice((0.002, 0.02, 0.05, 1.0))
            other = Request(request.key, request.id, samples.other(request.payload))
            sendings.append(Sending(at + chance.uniform(0, after), (other,)))
    repeatable = [each.requests[0] for each in sendings if not each.made_here]
    for way in (Way.BATCH, Way.EVENTS):
        for _ in range(chance.choice(plan.groups) if repeatable else 0):
            group = chance.sample(repeatable, min(len(repeatable), chance.randint(1, 6)))
            at = chance.uniform(0, plan.seconds) * chance.choice((0.02, 1.0))
            sendings.append(Sending(at, (*group, group[0]), way))
    return sendings


class Client:
    """Sends, and notes what it is told."""

    def __init__(
        self,
        ledger: Ledger,
        chance: Random,
        living: Callable[[Role], Coroutine[Any, Any, Host]],
        patience: float,
        note: Callable[..., None] = lambda *_: None,
    ) -> None:
        """`patience` is the share of failures after which a client tries again."""
        self._ledger = ledger
        self._chance = chance
        self._living = living
        self._patience = patience
        self._note = note

    async def send(self, sending: Sending) -> None:
        """Send at the given time, and again after an error, for as long as patience lasts."""
        await asyncio.sleep(sending.at)
        is_event = sending.way is Way.EVENTS
        for _ in range(ATTEMPTS_MAX):
            for request in sending.requests:
                self._ledger.sent(request)
            host = await self._living(Role.EVENTS if is_event else Role.HTTP)
            worker = host.worker
            assert worker is not None
            self._note("client", sending.way.name, *map(_shown, sending.requests))
            try:
                await worker.call(sending.way.name, self._ask(worker.app, sending))
            except (Gone, NotAccepted, Overloaded) as error:
                if isinstance(error, Overloaded):
                    for request in sending.requests:
                        self._ledger.turned_away(request)
                self._note("client", _shown(sending.requests[0]), type(error).__name__)
                if not is_event and self._chance.random() >= self._patience:
                    return
                await asyncio.sleep(self._chance.choice((0.01, 0.3, 3.0)))
            else:
                return

    async def _ask(self, app: App, sending: Sending) -> None:
        """What a trigger does. Runs in the process; a promise counts from the moment it is due."""
        requests, began = sending.requests, asyncio.get_running_loop().time()
        outcomes = await app.intake.accept(requests, made_here=sending.made_here)
        for request, outcome in zip(requests, outcomes, strict=True):
            self._told(request, outcome)
        accepted = [r for r, o in zip(requests, outcomes, strict=True) if o == Accepted()]
        if sending.way is not Way.POST:
            await app.emitter.announce(accepted, app.hub)
        elif not accepted or await self._is_answered(app, sending):
            self._waited(sending, began)
            accepted = []
        else:
            self._waited(sending, -inf)
        await app.hand_over.hand_over(list({each.key: None for each in accepted}), app.hub)
        if any(isinstance(each, NotStored) for each in outcomes):
            raise NotAccepted

    def _told(self, request: Request, outcome: Outcome) -> None:
        self._note("client", _shown(request), outcome)
        if isinstance(outcome, Replayed):
            self._ledger.shown(request, outcome.entry)
        elif isinstance(outcome, Accepted):
            self._ledger.accepted(request)
        elif isinstance(outcome, Refused):
            self._ledger.refused(request)

    async def _is_answered(self, app: App, sending: Sending) -> bool:
        (request,) = sending.requests
        answer = await app.emitter.answer(request, app.hub, sending.seconds)
        self._note("client", _shown(request), answer)
        if isinstance(answer, Entry):
            self._ledger.shown(request, answer)
        return isinstance(answer, Entry | Dead)

    def _waited(self, sending: Sending, began: float) -> None:
        if sending.way is Way.POST and sending.seconds:
            seconds = asyncio.get_running_loop().time() - began
            self._ledger.waited(sending.requests[0], seconds)


def _shown(request: Request) -> str:
    return f"{request.key}/{request.id} {request.payload}"
