"""A task hub in memory that works, or stands still."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from typing_extensions import override

from entities.order import Order, create
from taskhub.port import TaskHub

if TYPE_CHECKING:
    from activities.drain import Drains


class HangingRead:
    """Stands for reads of entities that are never answered; counts them."""

    def __init__(self) -> None:
        self.under_way = self.most = 0

    async def __call__(self, *_: object) -> Order:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.under_way -= 1
        raise AssertionError


class MemoryHub(TaskHub):
    """Entities by key. `works = False`: signals and hand-overs vanish."""

    def __init__(self) -> None:
        self.works = True
        self.orders: dict[str, Order] = {}
        self.handed_over: list[str] = []
        self.drains: Drains | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    async def create(self, key: str, ids: Sequence[str], done: Sequence[str], head: int) -> None:
        await asyncio.sleep(0)
        if self.works:
            self.orders[key] = create(self.orders.get(key, Order()), ids, done, head)

    @override
    async def order(self, key: str) -> Order:
        await asyncio.sleep(0)
        return self.orders.get(key, Order()) if self.works else Order()

    @override
    async def hand_over(self, keys: Sequence[str]) -> None:
        self.handed_over += keys
        if self.works and self.drains is not None:
            for key in keys:
                task = asyncio.create_task(self._drain(self.drains, key))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _drain(self, drains: "Drains", key: str) -> None:
        for _ in range(10):
            if await drains.drain(key, self, 10.0):
                return

    async def idle(self) -> None:
        """Wait until everything that was handed over is done."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
