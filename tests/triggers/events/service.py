"""Everything behind the trigger `events`, over a real store."""

import asyncio
from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from activities.hand_over import HandOver
from store.ports.deadletters import DeadLetter
from store.ports.store import Store
from tests.domain_under_test import DOMAIN, KEY, WIRE
from tests.engine.parts import EngineUnderTest, MemoryHub, now
from tests.triggers.events.deliveries import HUB, Sent, deliver
from triggers.engine import Engine
from triggers.events.receive import Receiver


class DrainingHub(MemoryHub):
    """Runs what is handed over, as the orchestration does."""

    def __init__(self) -> None:
        super().__init__()
        self.engine: EngineUnderTest | None = None

    @override
    async def hand_over(self, keys: Sequence[str]) -> None:
        await super().hand_over(keys)
        assert self.engine is not None
        await asyncio.gather(*(self.engine.drains.drain(e, self, 30) for e in keys))


class EventService:
    """One process that receives events."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.hub = DrainingHub()
        self.engine = EngineUnderTest(store, self.hub)
        self.hub.engine = self.engine
        parts: Any = self.engine
        engine = Engine(
            domain=DOMAIN,
            wire=WIRE,
            store=parts,
            tell=self.engine.tell,
            intake=self.engine.intake,
            emitter=self.engine.emitter,
            drains=self.engine.drains,
            hand_over=HandOver(self.engine.tell),
            hub_of=lambda _: self.hub,
        )
        self.receiver = Receiver(engine, now, HUB)

    async def receive(self, *events: Sent) -> None:
        """Have one batch delivered, and what follows from it done."""
        await self.receiver.receive(deliver(events), self.hub)
        for key in {key for keys in self.hub.handed_over for key in keys}:
            await self.engine.drains.drain(key, self.hub, 30)

    async def receive_all(self, events: Sequence[Sent], batch: int) -> None:
        """Have events delivered in batches of a size."""
        for first in range(0, len(events), batch):
            await self.receive(*events[first : first + batch])

    async def request_ids(self, key: str = KEY) -> list[str]:
        """The log of a key, as the request ids that it answers."""
        return await self.engine.logged(key)

    async def letters(self) -> list[DeadLetter]:
        """All dead letters."""
        names = [each.name async for page in self.store.deadletters.pages() for each in page]
        found = [await self.store.deadletters.get(name) for name in names]
        return [each for each in found if each is not None]

    async def codes(self) -> dict[str, str]:
        """Why which event is dead, by its sequence number."""
        letters = await self.letters()
        return {e.summary.name.position.partition("-")[0]: e.summary.code for e in letters}
