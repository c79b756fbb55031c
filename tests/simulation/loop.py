"""An event loop whose time is made up and whose order is drawn from a seed.

Two runs with the same seed take the same steps. Whatever is ready may come next, in any order:
code that is right only because callbacks happen to run first in, first out, fails here.
"""

import asyncio
import contextlib
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from itertools import count
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
Callback = Callable[..., object]


class Process:
    """What lives, stands still and dies as one: its tasks take no step while it does not run, not
    even a `finally`."""

    def __init__(self) -> None:
        self.alive = True
        self.held: list[asyncio.Handle] | None = None
        """What is ready while the process stands still; None while it runs."""


OWNER: ContextVar[Process | None] = ContextVar("OWNER", default=None)
"""The process whose code is running; None for the world around all processes."""


class SimulatedLoop(asyncio.AbstractEventLoop):
    """Just enough of an event loop for asyncio's futures, tasks, timeouts and waits."""

    def __init__(self, chance: Random) -> None:
        self.steps = 0
        self.errors: list[dict[str, Any]] = []
        self._chance = chance
        self._now = 0.0
        self._ready: list[asyncio.Handle] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._serial = count()
        self._dead: list[asyncio.Handle] = []  # kept, so that no destructor runs their `finally`

    def time(self) -> float:
        return self._now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def call_soon(  # type: ignore[override]
        self, callback: Callback, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callback, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callback, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callback, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._serial), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Part of what asyncio.TimerHandle expects; a cancelled one is skipped when due."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what a callback raised; what asyncio only remarks on (an exception that nobody
        looked at, because its caller is dead) is no error."""
        if "handle" in context:
            self.errors.append(context)

    def mistake(self, error: BaseException) -> None:
        """Keep what the app logged though no fault explains it."""
        self.errors.append({"exception": error})

    def step(self) -> bool:
        """Run one callback, letting time pass when none is ready; False when nothing is left."""
        if not self._ready and not self._advance():
            return False
        while self._timers and self._timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(self._timers)[2])
        handle = self._pick()
        if not handle._cancelled:
            owner = handle._context.get(OWNER)  # type: ignore[attr-defined]
            if owner is not None and not owner.alive:
                self._dead.append(handle)
            elif owner is not None and owner.held is not None:
                owner.held.append(handle)
            else:
                self.steps += 1
                handle._run()
        return True

    def resume(self, process: Process) -> None:
        """Let a process that stood still go on with all that became ready meanwhile."""
        if process.held is not None:
            self._ready += process.held
            process.held = None

    def _pick(self) -> asyncio.Handle:
        last = self._ready.pop()
        if not self._ready:
            return last
        place = int(self._chance.random() * (len(self._ready) + 1))
        if place == len(self._ready):
            return last
        picked, self._ready[place] = self._ready[place], last
        return picked

    def _advance(self) -> bool:
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            return False
        self._now = max(self._now, self._timers[0][0])
        return True

    def close(self) -> None:
        """Close what never finished, so that collecting memory runs nothing and says nothing."""
        for task in asyncio.all_tasks(self):
            # A coroutine that awaits in its `finally` may do so: nobody is there to see it.
            with contextlib.suppress(RuntimeError):
                coroutine = task.get_coro()
                assert isinstance(coroutine, Coroutine)
                coroutine.close()


def simulated_loop(chance: Random) -> SimulatedLoop:
    """Make one. What it lacks, network and subprocesses, is not simulated."""
    return SimulatedLoop(chance)  # type: ignore[abstract]
