"""Group commit for anything: while one run is under way, what arrives shares the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from telemetry import tracing
from telemetry.tracing import Origin

K = TypeVar("K", bound=Hashable)
I = TypeVar("I")  # noqa: E741 - item, beside K for key and R for result
R = TypeVar("R")


@dataclass(slots=True)
class _Lane(Generic[I, R]):
    waiting: deque[tuple[I, asyncio.Future[R], Origin]] = field(default_factory=deque)
    run: asyncio.Task[None] | None = None
    enough: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Pace:
    """After a run for more than one item, which shows that there is company to wait for, the next
    one begins `seconds` after it began, or as soon as `items` are waiting.
    """

    seconds: float
    items: int


AT_ONCE: Final = Pace(seconds=0.0, items=1)


class Coalescer(Generic[K, I, R]):
    """Run `work(key, items)` at most once at a time per key, with all items that have come.

    A lone item starts at once. Keys do not wait for each other. `work` answers one result per
    item, in order; when it raises, everybody in that run gets the exception. A caller that is
    cancelled leaves the run going, for the sake of the others.
    """

    def __init__(
        self,
        work: Callable[[K, Sequence[I]], Awaitable[Sequence[R]]],
        items_max: int,
        pace: Pace = AT_ONCE,
        name: str = "run",
    ) -> None:
        """Give at most `items_max` items to one run; keep `pace` from one run to the next.

        `name` is that of the span of a run, in which the callers' traces meet.
        """
        self._work = work
        self._pace = pace
        self._name = name
        self._items_max = items_max
        self._lanes: dict[K, _Lane[I, R]] = {}

    @property
    def under_way(self) -> int:
        """How many keys have a run, or wait for one."""
        return len(self._lanes)

    async def submit(self, key: K, items: Sequence[I]) -> list[R]:
        """Have `items` done in this order, in one or more runs; return their results."""
        loop = asyncio.get_running_loop()
        lane = self._lanes.setdefault(key, _Lane())
        futures = [loop.create_future() for _ in items]
        origin = tracing.here()
        lane.waiting.extend((*each, origin) for each in zip(items, futures, strict=True))
        if len(lane.waiting) >= self._pace.items:
            lane.enough.set()
        if lane.run is None:
            lane.run = asyncio.create_task(self._serve(key, lane))
        if len(futures) == 1:
            return [await futures[0]]
        settled = await asyncio.gather(*futures, return_exceptions=True)
        return [_result_or_raise(each) for each in settled]

    async def _serve(self, key: K, lane: _Lane[I, R]) -> None:
        try:
            while lane.waiting:
                began = asyncio.get_running_loop().time()
                count = min(len(lane.waiting), self._items_max)
                await self._run(key, [lane.waiting.popleft() for _ in range(count)])
                if count > 1:
                    await self._rest(lane, began)
        finally:
            # However this ends, nobody may wait in a lane that nobody serves.
            del self._lanes[key]
            for _, future, _ in lane.waiting:
                future.cancel()

    async def _rest(self, lane: _Lane[I, R], began: float) -> None:
        if self._pace.seconds and len(lane.waiting) < self._pace.items:
            lane.enough.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(began + self._pace.seconds):
                    await lane.enough.wait()

    async def _run(self, key: K, group: Sequence[tuple[I, asyncio.Future[R], Origin]]) -> None:
        try:
            with tracing.shared(self._name, [origin for _, _, origin in group]):
                results = await self._work(key, [item for item, _, _ in group])
            for (_, future, _), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)
        except Exception as error:  # noqa: BLE001 - handed to whoever is waiting
            for _, future, _ in group:
                if not future.done():
                    future.set_exception(error)
        finally:
            for _, future, _ in group:
                future.cancel()  # changes nothing unless the run itself was cancelled


def _result_or_raise(settled: R | BaseException) -> R:
    if isinstance(settled, BaseException):
        raise settled
    return settled
