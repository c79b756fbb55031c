"""A hub, a trigger and time, as tests need them."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, List  # noqa: UP035 - see Events

import azure.functions as func

from localhost.eventhubs.events import NewEvent
from localhost.eventhubs.faults import EventHubFaults, Point
from localhost.eventhubs.hub import Hub
from localhost.eventhubs.options import EventHubOptions
from localhost.eventhubs.service import EventHubsService
from localhost.functions import Function
from localhost.rpc.messages import InvocationRequest, InvocationResponse
from localhost.runner import Invoke
from localhost.taskhub import WorkerDied
from localhost.timers import Clock

Events = List[func.EventHubEvent]  # noqa: UP006
"""The SDK refuses `list[...]` for a parameter that gets many events."""

PATIENCE_SECONDS = 10.0
START = datetime(2026, 7, 1, 10, tzinfo=UTC)


class ManualClock(Clock):
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.time = START
        self.sleeps: list[float] = []
        """Every sleep that was asked for."""
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self._changed = asyncio.Condition()

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        waker = asyncio.get_running_loop().create_future()
        sleeper = self.time + timedelta(seconds=seconds), waker
        self._sleepers.append(sleeper)
        async with self._changed:
            self._changed.notify_all()
        self._wake()
        try:
            await waker
        finally:
            self._sleepers.remove(sleeper)

    async def until_asleep(self, count: int) -> None:
        """Come back once `count` sleeps have been asked for."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self.sleeps) >= count)

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self._wake()

    def _wake(self) -> None:
        for due, waker in self._sleepers:
            if due <= self.time and not waker.done():
                waker.set_result(None)


class Watched(EventHubFaults):
    """Tells the test which points were passed, and injects what the plan says."""

    def __init__(self, **plan: Any) -> None:
        super().__init__(**plan)
        self.points: list[Point] = []
        self._waiters: list[tuple[Point, int, asyncio.Future[None]]] = []

    def passed(self, point: Point) -> None:
        self.points.append(point)
        for wanted, count, waiter in self._waiters:
            if self.points.count(wanted) >= count and not waiter.done():
                waiter.set_result(None)
        super().passed(point)

    async def until(self, point: Point, count: int = 1) -> None:
        if self.points.count(point) < count:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append((point, count, waiter))
            await asyncio.wait_for(waiter, PATIENCE_SECONDS)


class Dying:
    """A worker that dies before its first answers arrive."""

    def __init__(self, worker: Invoke, deaths: int) -> None:
        self._worker = worker
        self._deaths = deaths

    async def __call__(self, request: InvocationRequest, function: Function) -> InvocationResponse:
        answer = await self._worker(request, function)
        if self._deaths:
            self._deaths -= 1
            raise WorkerDied("python exited with code 137 (0x89)")
        return answer


class Received:
    """Collects the batches that a function of the test gets."""

    def __init__(self) -> None:
        self.batches: list[Any] = []
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def __call__(self, batch: Any) -> None:
        self.batches.append(batch)
        self._queue.put_nowait(batch)

    async def next(self) -> Any:
        return await asyncio.wait_for(self._queue.get(), PATIENCE_SECONDS)

    async def bodies(self, count: int) -> list[bytes]:
        """Return the bodies of the next batches, at least `count`, in the order of delivery."""
        found: list[bytes] = []
        while len(found) < count:
            batch = await self.next()
            found += [event.get_body() for event in batch]
        return found

    @property
    def is_idle(self) -> bool:
        return self._queue.empty()


@dataclass(frozen=True, slots=True)
class Running:
    """Hubs and trigger at work."""

    service: EventHubsService
    clock: ManualClock
    faults: Watched
    functions: Sequence[Function]
    out: io.StringIO
    crash: Callable[[], Awaitable[None]]
    """Ends everything as a killed process does, except that the file is closed."""

    def hub(self, name: str = "hub") -> Hub:
        return self.service._hub(name)

    async def send(self, *bodies: bytes, key: str | None = "7", hub: str = "hub") -> None:
        await self.hub(hub).send([NewEvent(body, key) for body in bodies])

    def checkpoints(self, hub: str = "hub", group: str = "$Default") -> list[int | None]:
        found = [partition.checkpoint_of(group) for partition in self.hub(hub).partitions]
        return [None if item is None else item.sequence_number for item in found]

    def checkpoint(self, key: str = "7", hub: str = "hub", group: str = "$Default") -> int | None:
        found = self.hub(hub).partition_of(key).checkpoint_of(group)
        return None if found is None else found.sequence_number


DEFAULTS = EventHubOptions()


@dataclass(frozen=True, slots=True)
class Setup:
    """How a run differs from the defaults."""

    options: EventHubOptions = DEFAULTS
    faults: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    partitions: int = 4
    start: bool = True
    stop_seconds_max: float = PATIENCE_SECONDS
    deaths: int = 0
    """How many of the first runs end with the death of their worker, after they did their work."""


Run = Callable[..., Awaitable[Running]]


def event_hub_app(
    function: Callable[..., Any],
    *,
    retry: dict[str, Any] | None = None,
    name: str = "events",
    app: func.FunctionApp | None = None,
    **trigger: Any,
) -> func.FunctionApp:
    """Return an app with one Event Hubs function; `trigger` overrides its binding."""
    app = app or func.FunctionApp()
    settings: dict[str, Any] = {
        "arg_name": "batch",
        "connection": "EventHubs",
        "event_hub_name": "hub",
        "cardinality": "many",
        "data_type": "binary",
        **trigger,
    }
    settings = {key: value for key, value in settings.items() if value is not None}
    decorated: Any = app.event_hub_message_trigger(**settings)(function)
    if retry is not None:
        decorated = app.retry(**retry)(decorated)
    app.function_name(name)(decorated)
    return app


def collecting_app(received: Received, **trigger: Any) -> func.FunctionApp:
    """Return an app whose function only collects what it gets."""

    async def events(batch: Events) -> None:
        received(batch)

    return event_hub_app(events, **trigger)


def numbered(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


UNLIMITED: dict[str, Any] = {
    "strategy": "exponential_backoff",
    "max_retry_count": "-1",
    "minimum_interval": "00:00:01",
    "maximum_interval": "00:00:08",
}
"""A retry policy."""
