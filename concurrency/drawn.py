"""A few of many that come one by one, drawn in bounded memory."""

from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Drawn(Generic[T]):
    """At most `items_max` of all that were added, each with the same chance."""

    def __init__(self, items_max: int, rng: Random) -> None:
        """Begin with none; `rng` draws."""
        self.items: list[T] = []
        self._items_max = items_max
        self._rng = rng
        self._seen = 0

    def add(self, item: T) -> None:
        """Take it, perhaps in the place of another."""
        self._seen += 1
        if len(self.items) < self._items_max:
            self.items.append(item)
        elif (at := self._rng.randrange(self._seen)) < self._items_max:
            self.items[at] = item
