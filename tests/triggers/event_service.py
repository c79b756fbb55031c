"""The trigger `events` over a real store, and a task hub that works or does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from activities.arrivals import Arrivals
from activities.emit import Emitter
from activities.hub import Wanted
from activities.windows import Windows
from store.app_port import AppStore
from store.deadletters_port import DeadLetter
from tests.triggers.deliveries import HUB, Sent, deliver
from tests.triggers.memory_hub import MemoryHub
from todos import TodoRequest
from triggers.announcer import Announcer
from triggers.event_hubs import EventCalls
from triggers.intake import Intake


def now() -> datetime:
    return datetime.now(UTC)


class CountingHub(MemoryHub):
    """Notes what it was asked."""

    def __init__(self, emitter: Emitter) -> None:
        super().__init__(emitter)
        self.started: list[Wanted] = []
        self.signalled: list[int] = []

    async def create(self, project_id: int, requests: Sequence[TodoRequest]) -> None:
        self.signalled.append(project_id)
        await super().create(project_id, requests)

    async def start(self, wanted: Wanted) -> None:
        self.started.append(wanted)
        await super().start(wanted)


@dataclass(frozen=True)
class EventService:
    """Everything behind the trigger."""

    store: AppStore
    hub: CountingHub
    calls: EventCalls

    @classmethod
    def over(cls, store: AppStore) -> "EventService":
        windows = Windows()
        intake = Intake(store, Announcer(windows), now)
        hub = CountingHub(Emitter(store, Arrivals(), windows=windows))
        return cls(store, hub, EventCalls(intake, store.deadletters, HUB, now))

    async def receive(self, *events: Sent) -> None:
        """Have one batch delivered, and everything done that follows from it."""
        await self.calls.receive(deliver(events), self.hub)
        await self.hub.idle()

    async def titles(self, project_id: int) -> list[str]:
        """The TODOs of a project, by id."""
        todos = await self.store.log.read(project_id, 0, 100_000)
        assert [each.id for each in todos] == list(range(1, len(todos) + 1))
        return [each.title for each in todos]

    async def request_ids(self, project_id: int) -> list[str]:
        """The requests that they answer."""
        return [each.request_id for each in await self.store.log.entries(project_id, 0, 100_000)]

    async def letters(self) -> list[DeadLetter]:
        """All dead letters."""
        keys = [each.key async for page in self.store.deadletters.pages() for each in page]
        found = [await self.store.deadletters.get(key) for key in keys]
        return [each for each in found if each is not None]

    async def codes(self) -> dict[int | None, str]:
        """Why which event is dead, by its sequence number."""
        return {e.summary.key.sequence_number: e.summary.code for e in await self.letters()}

    async def receive_all(self, events: Sequence[Sent], batch: int) -> None:
        """Have events delivered in batches of a size."""
        for first in range(0, len(events), batch):
            await self.receive(*events[first : first + batch])
