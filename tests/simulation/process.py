"""An instance of the app: the real intake, announcer, emitter and sweeper, in one process."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from activities.arrivals import Arrivals
from activities.emit import Emitter
from activities.hub import Hub
from activities.windows import Windows
from store.port import Store, StoreError
from tests.simulation.loop import OWNER, Process, SimulatedLoop
from triggers.announcer import Announcer
from triggers.intake import Intake
from triggers.sweeper import sweep

T = TypeVar("T")

SWEEP_AFTER: Final = timedelta(seconds=5)
SWEEP_EVERY_SECONDS: Final = 5.0


class Gone(Exception):
    """The process died before it answered."""


Sweep = Callable[[Store, Announcer, Hub, datetime, timedelta], Coroutine[Any, Any, int]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What an instance is made of; a mutant replaces one of them."""

    intake: Callable[[Store, Announcer, Callable[[], datetime]], Intake] = Intake
    announcer: Callable[[Windows], Announcer] = Announcer
    emitter: Callable[[Store, Arrivals, None, Windows], Emitter] = Emitter
    sweep: Sweep = sweep


REAL_PARTS: Final = Parts()


class Instance(Process):
    """One process, from its start to its death."""

    def __init__(
        self,
        parts: Parts,
        store: Store,
        hub: Hub,
        now: Callable[[], datetime],
        loop: SimulatedLoop,
    ) -> None:
        super().__init__()
        self.store = store
        self.hub = hub
        self.arrivals = Arrivals()
        windows = Windows()
        self.announcer = parts.announcer(windows)
        self.intake = parts.intake(store, self.announcer, now)
        self.emitter = parts.emitter(store, self.arrivals, None, windows)
        self._sweep = parts.sweep
        self._now = now
        self._loop = loop
        self._calls: dict[asyncio.Future[Any], None] = {}  # a set has no order to replay
        self._context = copy_context()
        self._context.run(OWNER.set, self)
        self._world = copy_context()

    def kill(self) -> None:
        """Die like kill -9: nothing of it runs any more, and its callers lose the connection."""
        self.alive = False
        for call in self._calls:
            if not call.done():
                call.set_exception(Gone())
        self._calls.clear()

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in this process on behalf of somebody outside. Raises Gone."""
        if not self.alive:
            work.close()
            raise Gone
        answer: asyncio.Future[T] = self._loop.create_future()
        self._calls[answer] = None
        task = self._loop.create_task(work, context=self._context.copy())
        task.add_done_callback(lambda done: _pass_on(done, answer), context=self._world)
        try:
            return await answer
        finally:
            self._calls.pop(answer, None)

    async def tick(self) -> None:
        """Sweep now and then, as the timer makes the app do it."""
        while self.alive:
            with suppress(Gone, StoreError):
                await self.call(self.sweep())
            await asyncio.sleep(SWEEP_EVERY_SECONDS)

    async def sweep(self) -> int:
        return await self._sweep(self.store, self.announcer, self.hub, self._now(), SWEEP_AFTER)


def _pass_on(done: asyncio.Task[T], answer: asyncio.Future[T]) -> None:
    if answer.done():
        return
    if done.cancelled():
        answer.set_exception(AssertionError("a call of the app ended as cancelled"))
    elif (error := done.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(done.result())
