"""Work on many items that holds the event loop for a short time only."""

import asyncio
from collections.abc import Iterator
from typing import Final, TypeVar

TURN_SECONDS_MAX: Final = 0.002
"""For which such work holds the event loop; then others have their turn. An answer takes some
twenty passes of the loop, and crowds of items may come one after the other."""

T = TypeVar("T")


class Turns:
    """One turn for all who collect here: they take it one after the other."""

    def __init__(self) -> None:
        """Belongs to the event loop of its first use."""
        self._turn = asyncio.Lock()

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
            await asyncio.sleep(0)  # others come first, while several wait for this turn
            ends = clock() + TURN_SECONDS_MAX
            for item in made:
                items.append(item)
                if clock() >= ends:
                    return True
        return False
