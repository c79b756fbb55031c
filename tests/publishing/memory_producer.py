"""An output hub in memory, which fails on both sides of a send, or hangs."""

import asyncio
from collections.abc import Sequence
from enum import Enum

from typing_extensions import override

from publishing.events import Event
from publishing.producer import NotSent, Producer


class Way(Enum):
    """How a send goes."""

    WELL = "all events are in the hub, and the answer says so"
    BEFORE = "nothing is in the hub"
    PARTLY = "the first events are in the hub, and the answer says that it failed"
    AFTER = "all events are in the hub, and the answer is lost"
    HANGING = "no answer, until somebody gives up"


class MemoryProducer(Producer):
    """Keeps events by partition key."""

    def __init__(self) -> None:
        self.way = Way.WELL
        self.sends = 0
        self.events: dict[str, list[Event]] = {}
        self.hanging = asyncio.Event()

    @override
    async def send(self, partition_key: str, events: Sequence[Event]) -> None:
        self.sends += 1
        arrived = self.events.setdefault(partition_key, [])
        match self.way:
            case Way.WELL:
                arrived += events
                return
            case Way.AFTER:
                arrived += events
            case Way.PARTLY:
                arrived += events[: len(events) // 2]
            case Way.HANGING:
                self.hanging.set()
                await asyncio.Event().wait()
            case Way.BEFORE:
                pass
        raise NotSent(self.way.value)

    @override
    async def close(self) -> None:
        pass

    def places(self, key: str) -> list[int]:
        """What arrived, by place, repeats and all."""
        return [int(each.properties["sequence"]) for each in self.events.get(key, [])]

    def ids(self, key: str) -> list[object]:
        """What arrived, by request id."""
        return [each.properties["requestId"] for each in self.events.get(key, [])]

    def consumed(self, key: str) -> list[int]:
        """What a consumer sees that skips the places it has seen."""
        last, seen = 0, []
        for each in self.places(key):
            if each > last:
                last = each
                seen.append(each)
        return seen
