"""All orders in which a few actors can take their steps, one run for each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
Actor = Callable[[], Coroutine[Any, Any, object]]

_actor: ContextVar[int] = ContextVar("actor")


class Gate:
    """Stops actors before each of their steps until it is their turn."""

    def __init__(self) -> None:
        self._stopped: dict[int, asyncio.Future[None]] = {}
        self._changed = asyncio.Event()

    async def step(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call when it is the turn of the actor that we are in; at once outside."""
        actor = _actor.get(None)
        if actor is not None:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._stopped[actor] = turn
            self._changed.set()
            await turn
        return await call()

    async def play(self, actors: Sequence[Actor], chosen: "Choice") -> AsyncIterator[int]:
        """Have the actors take their steps in an order; yield who did, after each step."""
        tasks = [asyncio.create_task(self._enter(n, actor)) for n, actor in enumerate(actors)]
        try:
            while True:
                await self._settled(tasks)
                ready = sorted(self._stopped)
                if not ready:
                    break
                actor = chosen(ready)
                self._stopped.pop(actor).set_result(None)
                await self._settled(tasks)
                yield actor
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._stopped.clear()

    async def _enter(self, number: int, actor: Actor) -> object:
        _actor.set(number)
        return await actor()

    async def _settled(self, tasks: Sequence[asyncio.Task[object]]) -> None:
        """Wait until every actor is stopped at the gate or has ended."""
        while True:
            self._changed.clear()
            going = [t for n, t in enumerate(tasks) if not t.done() and n not in self._stopped]
            if not going:
                return
            change = asyncio.ensure_future(self._changed.wait())
            await asyncio.wait((*going, change), return_when=asyncio.FIRST_COMPLETED)
            change.cancel()


Choice = Callable[[Sequence[int]], int]


class Exhaustive:
    """Makes the choices of one run after the other, until all have been made."""

    def __init__(self) -> None:
        self._path: list[tuple[int, int]] = []
        self._at = 0
        self.runs = 0

    def __call__(self, ready: Sequence[int]) -> int:
        if self._at == len(self._path):
            self._path.append((0, len(ready)))
        taken, options = self._path[self._at]
        assert options == len(ready), "a run did not repeat itself"
        self._at += 1
        return ready[taken]

    def next_run(self) -> bool:
        """Get ready for another run; False when there is none left."""
        self.runs += 1
        self._at = 0
        while self._path and self._path[-1][0] + 1 == self._path[-1][1]:
            self._path.pop()
        if not self._path:
            return False
        taken, options = self._path[-1]
        self._path[-1] = (taken + 1, options)
        return True


class Drawn:
    """Makes the choices of a number of runs by chance; some actors are faster than others."""

    def __init__(self, seed: int, runs: int) -> None:
        self.runs = 0
        self._chance = Random(seed)
        self._most = runs
        self._weights: dict[int, float] = {}

    def __call__(self, ready: Sequence[int]) -> int:
        weights = [self._weights.setdefault(n, self._chance.random() ** 2) for n in ready]
        return self._chance.choices(ready, weights)[0]

    def next_run(self) -> bool:
        self.runs += 1
        self._weights.clear()
        return self.runs < self._most
