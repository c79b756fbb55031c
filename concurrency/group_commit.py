"""Group commit: while one run is under way, what arrives for the same key shares the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from telemetry import tracing
from telemetry.tracing import Origin

K = TypeVar("K", bound=Hashable)
I = TypeVar("I")  # noqa: E741 - item, beside K for key and R for result
R = TypeVar("R")


@dataclass(slots=True)
class _Lane(Generic[I, R]):
    waiting: deque[tuple[I, asyncio.Future[R], Origin]] = field(default_factory=deque)
    is_served: bool = False


class GroupCommit(Generic[K, I, R]):
    """Run `work(key, items)` at most once at a time per key, with all items that have arrived.

    A lone item starts at once. Keys do not wait for each other. `work` answers one result per
    item, in order; when it raises, everybody in that run gets the exception. A caller that is
    cancelled leaves the run going, for the sake of the others.
    """

    def __init__(
        self,
        work: Callable[[K, Sequence[I]], Awaitable[Sequence[R]]],
        items_max: int,
        name: str = "run",
    ) -> None:
        """Give at most `items_max` items to one run; `name` is that of the span of a run."""
        self._work = work
        self._items_max = items_max
        self._name = name
        self._lanes: dict[K, _Lane[I, R]] = {}
        self._runs: set[asyncio.Task[None]] = set()

    async def submit(self, key: K, items: Sequence[I]) -> list[R]:
        """Have `items` done in this order, in one or more runs; return their results."""
        loop = asyncio.get_running_loop()
        lane = self._lanes.setdefault(key, _Lane())
        futures = [loop.create_future() for _ in items]
        origin = tracing.here()
        lane.waiting.extend((*each, origin) for each in zip(items, futures, strict=True))
        if not lane.is_served:
            lane.is_served = True
            run = asyncio.create_task(self._serve(key, lane))
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)
        if len(futures) == 1:
            return [await futures[0]]
        settled = await asyncio.gather(*futures, return_exceptions=True)
        return [_result_or_raise(each) for each in settled]

    async def _serve(self, key: K, lane: _Lane[I, R]) -> None:
        try:
            while lane.waiting:
                count = min(len(lane.waiting), self._items_max)
                await self._run(key, [lane.waiting.popleft() for _ in range(count)])
        finally:
            # However this ends, nobody may wait in a lane that nobody serves.
            del self._lanes[key]
            for _, future, _ in lane.waiting:
                future.cancel()

    async def _run(self, key: K, group: Sequence[tuple[I, asyncio.Future[R], Origin]]) -> None:
        try:
            with tracing.shared(self._name, [origin for _, _, origin in group]):
                results = await self._work(key, [item for item, _, _ in group])
            for (_, future, _), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)
        except Exception as error:  # noqa: BLE001 - handed to the waiters
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
