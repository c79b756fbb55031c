"""Who sends requests: once or often, alone or with others, sometimes the same id for other things."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.simulation.ledger import Ledger
from tests.simulation.process import Gone, Instance
from todos import TodoRequest
from triggers.intake import Accepted, Created, NotAccepted, Overloaded
from triggers.waiting import wait_for_todo

WAIT_SECONDS: Final = 5.0
ATTEMPTS_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class Sending:
    """Requests that go together in one call, some time after the beginning."""

    at: float
    requests: tuple[TodoRequest, ...]


def draw_sendings(
    chance: Random, projects: int, requests: int, rivals: float, seconds: float
) -> list[Sending]:
    """Draw who sends what and when: repeats soon or late, rivals close behind their original."""
    first = [
        TodoRequest(chance.randint(1, projects), f"r{n}", f"title {n}") for n in range(requests)
    ]
    sendings: list[Sending] = []
    for request in first:
        at = chance.uniform(0, seconds) * chance.choice((0.02, 0.3, 1.0))
        sendings.append(Sending(at, (request,)))
        for _ in range(chance.choice((0, 0, 1, 2))):
            after = chance.choice((0.001, 0.02, 0.3, 10.0))
            sendings.append(Sending(at + chance.uniform(0, after), (request,)))
        if chance.random() < rivals:
            after = chance.choice((0.002, 0.02, 0.05, 1.0))
            other = TodoRequest(request.project_id, request.request_id, "other")
            sendings.append(Sending(at + chance.uniform(0, after), (other,)))
    for _ in range(chance.choice((0, 1, 2))):
        group = chance.sample(first, min(len(first), chance.randint(2, 6)))
        sendings.append(Sending(chance.uniform(0, seconds), (*group, group[0])))
    return sendings


class Client:
    """Sends, and notes what it is told."""

    def __init__(
        self,
        ledger: Ledger,
        chance: Random,
        instance: Callable[[], Coroutine[Any, Any, Instance]],
        patience: float,
        note: Callable[[str, str], None] = lambda _what, _how: None,
    ) -> None:
        """`patience` is the share of failures after which a client tries again."""
        self._ledger = ledger
        self._chance = chance
        self._instance = instance
        self._patience = patience
        self._note = note

    async def send(self, sending: Sending) -> None:
        """Send at the given time, and again after an error, for as long as patience lasts."""
        await asyncio.sleep(sending.at)
        for _ in range(ATTEMPTS_MAX):
            for request in sending.requests:
                self._ledger.sent(request)
            instance = await self._instance()
            self._note("client", " ".join(f"sends {_shown(each)}" for each in sending.requests))
            try:
                await instance.call(self._ask(instance, sending.requests))
            except (Gone, NotAccepted, Overloaded) as error:
                if isinstance(error, Overloaded):
                    for request in sending.requests:
                        self._ledger.turned_away(request)
                self._note("client", f"{_shown(sending.requests[0])}: {type(error).__name__}")
                if self._chance.random() >= self._patience:
                    return
                await asyncio.sleep(self._chance.choice((0.01, 0.3, 3.0)))
            else:
                return

    async def _ask(self, instance: Instance, requests: Sequence[TodoRequest]) -> None:
        """What a trigger does. Runs in the process; a promise counts from the moment it is due."""
        last = requests[-1]
        with instance.arrivals.expect(last.project_id, last.request_id) as arrival:
            outcomes = await instance.intake.accept(requests, instance.hub)
            for request, outcome in zip(requests, outcomes, strict=True):
                self._note("client", f"{_shown(request)}: {outcome}")
                if isinstance(outcome, Created):
                    self._ledger.shown(request, outcome.todo)
                elif isinstance(outcome, Accepted):
                    self._ledger.accepted(request)
                else:
                    self._ledger.refused(request)
            if isinstance(outcomes[-1], Accepted):
                todo = await wait_for_todo(instance.store.log, last, arrival, WAIT_SECONDS)
                if todo is not None:
                    self._note("client", f"{_shown(last)}: shown {todo.id}")
                    self._ledger.shown(last, todo)


def _shown(request: TodoRequest) -> str:
    return f"{request.project_id}/{request.request_id} {request.title!r}"
