"""Work on many items that holds the event loop for a short time only."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, Final, TypeVar

TURN_SECONDS_MAX: Final = 0.001
"""For which such work holds the event loop. An answer takes some twenty passes of the loop, and
none of them is to find a turn of several milliseconds in its way."""

STARTS_MAX: Final = 50
"""Tasks that are started in one pass of the loop: the first steps of a thousand take 30 ms."""

T = TypeVar("T")


class Turns:
    """One turn for all who collect here: they take it one after the other.

    After each the event loop is left to others for as long as the turn took. Were the next one
    to begin with the next pass, whoever needs twenty passes would pay for twenty turns.
    """

    def __init__(self) -> None:
        """Belongs to the event loop of its first use."""
        self._turn = asyncio.Lock()
        self._next = 0.0
        """When the loop has been left to others for long enough."""

    async def collect(self, made: Iterator[T]) -> list[T]:
        """Return what an iterator makes, which does its work when it is asked for the next."""
        items: list[T] = []
        while await self._go_on(made, items):
            pass
        return items

    async def _go_on(self, made: Iterator[T], items: list[T]) -> bool:
        """Collect for one turn; return whether more may follow."""
        clock = asyncio.get_running_loop().time
        async with self._turn:
            await asyncio.sleep(max(0.0, self._next - clock()))
            began = clock()
            try:
                for item in made:
                    items.append(item)
                    if clock() >= began + TURN_SECONDS_MAX:
                        return True
            finally:
                ended = clock()
                self._next = ended + (ended - began)
        return False


async def start(works: Iterable[Coroutine[Any, Any, T]]) -> list[asyncio.Task[T]]:
    """Start a task for each, a few in one pass of the loop; cancelled meanwhile, it cancels them."""
    tasks: list[asyncio.Task[T]] = []
    try:
        for work in works:
            tasks.append(asyncio.create_task(work))
            if len(tasks) % STARTS_MAX == 0:
                await asyncio.sleep(0)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    return tasks
