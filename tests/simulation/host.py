"""A host and its worker: where the functions of one placement run, and how they stop running.

The worker is the Python process with the app in it; it may die alone, and the host starts another.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from enum import Enum
from typing import Any, Final, TypeVar

from tests.simulation.loop import OWNER, Process, SimulatedLoop
from tests.simulation.places import ACTIVITIES_AT_ONCE, ENTITIES_AT_ONCE

T = TypeVar("T")

FUNCTION_SECONDS_MAX: Final = 600.0
"""functionTimeout of host.json; beyond it the worker is killed with all that runs in it."""

DEATHS_MAX: Final = 3
DEATHS_SECONDS: Final = 1_800.0
"""The third death of a worker within so long ends the host."""

RESTART_SECONDS: Final = (0.6, 6.8)
"""Until there is a worker again, after its first death and after later ones."""

WAKE_ALL: Final = 10_000


class Role(Enum):
    """Groups of functions that are placed together."""

    HTTP = "http"
    DURABLE = "durable"
    EVENTS = "events"
    SWEEP = "sweep"
    PUBLISH = "publish"


class Gone(Exception):
    """The process died before it answered."""


class HostGone(Gone):
    """With its host: what it had in flight is invisible for five minutes."""


class Worker(Process):
    """One process with the app in it, from its start to its death."""

    def __init__(self, loop: SimulatedLoop, number: int) -> None:
        super().__init__()
        self.number = number
        self.app: Any = None
        """What the process consists of."""
        self.too_slow: Callable[[str], object] = lambda _what: None
        """Hears of a function that ran into its time limit."""
        self._loop = loop
        self._calls: dict[asyncio.Future[Any], str] = {}
        self._world = copy_context()
        self._context = copy_context()
        self._context.run(OWNER.set, self)

    def kill(self, error: type[Gone] = Gone) -> None:
        """Die like kill -9: nothing of it runs any more, and its callers lose the connection."""
        self.alive = False
        for call in self._calls:
            if not call.done():
                call.set_exception(error())
        self._calls.clear()

    def lose(self, what: str) -> None:
        """Let calls of a function go on with nobody to hear of them."""
        for call, name in self._calls.items():
            if name == what and not call.done():
                call.set_exception(HostGone())

    def within(self, work: Callable[[], T]) -> T:
        """Run something that does not wait, as code of this process."""
        return self._context.copy().run(work)

    async def call(self, what: str, work: Coroutine[Any, Any, T]) -> T:
        """Run a function of this process on behalf of somebody outside. Raises Gone."""
        if not self.alive:
            work.close()
            raise Gone
        answer: asyncio.Future[T] = self._loop.create_future()
        self._calls[answer] = what
        task = self._loop.create_task(work, context=self._context.copy())
        task.add_done_callback(lambda done: _pass_on(done, answer), context=self._world)
        limit = self._loop.call_later(
            FUNCTION_SECONDS_MAX, lambda: self.too_slow(what), context=self._world
        )
        try:
            return await answer
        finally:
            limit.cancel()
            self._calls.pop(answer, None)


class Host:
    """One host process, from its start to its death."""

    def __init__(self, number: int, roles: frozenset[Role]) -> None:
        self.number = number
        self.roles = roles
        self.alive = True
        self.worker: Worker | None = None
        self.deaths: list[float] = []
        """Of workers: when."""
        self.activities = asyncio.Semaphore(ACTIVITIES_AT_ONCE)
        self.entities = asyncio.Semaphore(ENTITIES_AT_ONCE)
        self.activities_running = 0

    @property
    def runs(self) -> bool:
        """Whether it could run a function now."""
        worker = self.worker
        return self.alive and worker is not None and worker.alive and worker.held is None

    def kill(self) -> None:
        """Die, and the worker too. Who waits for a place here looks for another host."""
        self.alive = False
        if self.worker is not None and self.worker.alive:
            self.worker.kill(HostGone)
        for _ in range(WAKE_ALL if self.activities.locked() else 0):
            self.activities.release()
        for _ in range(WAKE_ALL if self.entities.locked() else 0):
            self.entities.release()


def _pass_on(done: asyncio.Task[T], answer: asyncio.Future[T]) -> None:
    if answer.done():
        return
    if done.cancelled():
        answer.set_exception(AssertionError("a call of the app ended as cancelled"))
    elif (error := done.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(done.result())
