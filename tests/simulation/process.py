"""An instance of the app: the real intake, announcer, emitter, sweeper and publisher in one process."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar

from activities.arrivals import Arrivals
from activities.emit import Emitter
from activities.feed import Feed
from activities.hub import Hub
from activities.windows import Windows
from publishing.backlog import Backlog
from publishing.follower import Follower
from publishing.producer import Producer
from publishing.publisher import Publisher
from store.port import Store, StoreError
from tests.simulation.activity import Activity
from tests.simulation.loop import OWNER, Process, SimulatedLoop
from tests.simulation.store import SimulatedStore
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
    """What an instance is made of; a test may replace one of them."""

    intake: Callable[[Store, Announcer, Callable[[], datetime]], Intake] = Intake
    announcer: Callable[[Windows], Announcer] = Announcer
    emitter: Callable[[Store, Arrivals, Feed | None, Windows], Emitter] = Emitter
    sweep: Sweep = sweep


REAL_PARTS: Final = Parts()


@dataclass(frozen=True, slots=True)
class Publishing:
    """Where to, and how soon a marker may go."""

    producer: Producer
    chance: Random
    every_seconds: Callable[[], float]
    unmark_after: timedelta


class Instance(Process):
    """One process, from its start to its death."""

    def __init__(
        self,
        parts: Parts,
        store: SimulatedStore,
        hub: Hub,
        now: Callable[[], datetime],
        loop: SimulatedLoop,
        *,
        publishing: Publishing | None = None,
        number: int = 1,
    ) -> None:
        super().__init__()
        self.number = number
        self.store = store
        self.hub = hub
        self.arrivals = Arrivals()
        self.activities_running = 0
        windows = Windows()
        self.announcer = parts.announcer(windows)
        self.intake = parts.intake(store, self.announcer, now)
        self._parts = parts
        self._now = now
        self._loop = loop
        feed = self._follow(publishing) if publishing else None
        self.emitter = parts.emitter(store, self.arrivals, feed, windows)
        self._activity = Activity(self.emitter, hub)
        self._calls: dict[asyncio.Future[Any], None] = {}  # a set has no order to replay
        self._context = copy_context()
        self._context.run(OWNER.set, self)
        self._world = copy_context()

    def _follow(self, publishing: Publishing) -> Feed:
        todos, publications = self.store.log, self.store.publications
        publisher = Publisher(todos, publications, publishing.producer)
        self._backlog = Backlog(todos, publications, publisher, self._now, publishing.chance)
        self._publishing = publishing
        return Follower(publisher, publications, self._now, self._loop.time)

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

    async def emit(self, text: str) -> str:
        """Run the activity on its input, both JSON; return what it answers. Raises Gone."""
        self.activities_running += 1
        try:
            return await self.call(self._activity.run(text))
        finally:
            self.activities_running -= 1

    async def tick(self) -> None:
        """Sweep now and then, as the timer makes the app do it."""
        while self.alive:
            with suppress(Gone, StoreError):
                await self.call(self.sweep())
            await asyncio.sleep(SWEEP_EVERY_SECONDS)

    async def tick_publishing(self) -> None:
        """Publish what was left behind, as the other timer does."""
        while self.alive:
            with suppress(Gone, StoreError):
                await self.call(self._backlog.publish(self._publishing.unmark_after))
            await asyncio.sleep(self._publishing.every_seconds())

    async def sweep(self) -> int:
        return await self._parts.sweep(
            self.store, self.announcer, self.hub, self._now(), SWEEP_AFTER
        )


def _pass_on(done: asyncio.Task[T], answer: asyncio.Future[T]) -> None:
    if answer.done():
        return
    if done.cancelled():
        answer.set_exception(AssertionError("a call of the app ended as cancelled"))
    elif (error := done.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(done.result())
