"""Holds every look at the order against what the entity was, and against the faults injected."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from entities.order import Order
from taskhub.port import TaskHub
from tests.simulation.entities import Entities


class ExplainedHub(TaskHub):
    """The real hub. What it says of an entity must have been so during the call."""

    def __init__(
        self, hub: TaskHub, entities: Entities, unexplained: Callable[[object], object]
    ) -> None:
        self._hub, self._entities, self._unexplained = hub, entities, unexplained

    async def create(self, key: str, ids: Sequence[str], done: Sequence[str], head: int) -> None:
        await self._hub.create(key, ids, done, head)

    async def hand_over(self, keys: Sequence[str]) -> None:
        await self._hub.hand_over(keys)

    async def order(self, key: str) -> Order:
        row = self._entities.row(key)
        first, wrong = len(row.timeline) - 1, len(row.wrong)
        order = await self._hub.order(key)
        explained = map(order_in, (*row.timeline[first:], *row.wrong[wrong:]))
        if order not in explained:
            self._unexplained((key, order, row.timeline[first:]))
        return order


def order_in(text: str) -> Order:
    """Read a state by other means than the code under test."""
    state: Any = json.loads(text)
    return Order(state["head"], tuple(state["outbox"])) if state else Order()
