"""One history: clients, processes, store and hub under one seed, checked step by step."""

import asyncio
import warnings
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from activities.hub import DurableHub
from activities.outbox import outbox
from activities.settlements import Settlements
from entities.project import decode_state, entity
from tests.simulation.clients import Client, Sending
from tests.simulation.faults import Faults
from tests.simulation.hub import SimulatedClient, TaskHub
from tests.simulation.ledger import Broken, Ledger, Violation
from tests.simulation.loop import OWNER, SimulatedLoop, simulated_loop
from tests.simulation.mistakes import heard
from tests.simulation.network import Network
from tests.simulation.orchestrations import Orchestrations, Outbox, Surroundings
from tests.simulation.output import OutputHub, SimulatedProducer
from tests.simulation.process import REAL_PARTS, Instance, Parts, Publishing
from tests.simulation.store import SimulatedStore, Tables

BEGINNING: Final = datetime(2030, 1, 1, tzinfo=UTC)

CALM_SECONDS_MAX: Final = 120.0
"""How long after the last fault everything may take: what is late arrives within 40 seconds,
the sweeper comes every 5, and an orchestration gives up after 12."""

CALM_ROUND_SECONDS: Final = 2.5
"""Between two rounds of publishing once faults are over. With the smallest of limits a round
publishes one TODO of one project, and all have to get there while it is calm."""

STEPS_MAX: Final = 200_000
"""Of one history; beyond it something runs in circles."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The code under test; a test may replace a part of it."""

    parts: Parts = REAL_PARTS
    outbox: Outbox = outbox
    entity: Callable[[Any], None] = entity
    tables: Callable[[Callable[[int], object]], Tables] = Tables


REAL: Final = Variant()


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often the timer publishes what was left behind, and how soon a marker may go."""

    every_seconds: float = 2.0
    unmark_after: timedelta = timedelta(0)


@dataclass(slots=True)
class World:
    """Everything there is in one history."""

    chance: Random
    faults: Faults
    variant: Variant = REAL
    tear: Random | None = None
    network_of: Callable[[SimulatedLoop, Random, Faults], Network] = Network
    patience: float = 1.0
    """Share of failures after which a client tries again."""
    skew_seconds: float = 0.0
    """How far the clocks of processes are off, at most."""
    is_calm: bool = False
    """Whether faults are over."""
    publishing: Rounds | None = None
    """None: nothing is published."""
    trace: list[str] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    loop: SimulatedLoop = field(init=False)
    ledger: Ledger = field(init=False)
    tables: Tables = field(init=False)
    network: Network = field(init=False)
    hub: TaskHub = field(init=False)
    output: OutputHub = field(init=False)
    orchestrations: Orchestrations = field(init=False)
    _waiting_for_one: list[asyncio.Future[None]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.loop = simulated_loop(self.chance)
        self.ledger = Ledger(is_published=self.publishing is not None)
        self.tables = self.variant.tables(self.ledger.changed)
        self.output = OutputHub(self.ledger.published)
        self.network = self.network_of(self.loop, self.chance, self.faults)
        self.network.trace = self.note
        self.hub = TaskHub(
            self.network, self.chance, self.variant.entity, self._start, self.is_anybody_alive
        )
        surroundings = Surroundings(
            *(self.loop, self.network, self.chance, self.now),
            *(self.living, self.is_anybody_alive, self._spawn, self.hub),
        )
        self.orchestrations = Orchestrations(self.variant.outbox, surroundings)

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.loop.time())

    def note(self, what: str, how: str) -> None:
        owner = OWNER.get()
        who = f"process {owner.number}" if isinstance(owner, Instance) else ""
        self.trace.append(f"{self.loop.time():9.4f} {who:10} {what:14} {how}")

    def _start(self, text: str) -> None:
        self.orchestrations.start(text)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.create_task(work, context=Context()).add_done_callback(_raise_its_error)

    # Processes.

    def start_instance(self) -> Instance:
        store = SimulatedStore(self.tables, self.network, self.tear)
        client: Any = SimulatedClient(self.hub, self.network)
        hub = DurableHub(client, Settlements())
        skew = timedelta(seconds=self.skew_seconds * self.chance.uniform(-1, 1))
        instance = Instance(
            *(self.variant.parts, store, hub, lambda: self.now() + skew, self.loop),
            publishing=self._publishing(),
            number=len(self.instances) + 1,
        )
        self.instances.append(instance)
        self.note("start", f"process {instance.number}")
        while self._waiting_for_one:
            self._waiting_for_one.pop().set_result(None)
        self._spawn(instance.tick())
        if self.publishing is not None:
            self._spawn(instance.tick_publishing())
        return instance

    def _publishing(self) -> Publishing | None:
        if self.publishing is None:
            return None
        producer = SimulatedProducer(self.output, self.network)
        return Publishing(producer, self.chance, self._round_seconds, self.publishing.unmark_after)

    def _round_seconds(self) -> float:
        assert self.publishing is not None
        if self.is_calm:
            return CALM_ROUND_SECONDS
        return self.publishing.every_seconds

    def kill(self, instance: Instance) -> None:
        self.note("kill", f"process {instance.number}")
        instance.kill()

    def is_anybody_alive(self) -> bool:
        return any(each.alive for each in self.instances)

    def is_hub_in_use(self) -> bool:
        """Whether the hub holds anything that could be lost."""
        queued = any(row.queue for row in self.hub.entities.values())
        return queued or bool(self.hub.committed()) or self.orchestrations.is_running()

    async def living(self) -> Instance:
        """Pick any process that is alive, once there is one."""
        while not (alive := [each for each in self.instances if each.alive]):
            waiter = self.loop.create_future()
            self._waiting_for_one.append(waiter)
            await waiter
        return self.chance.choice(alive)

    # History.

    def send(self, sendings: Sequence[Sending]) -> list[asyncio.Task[None]]:
        client = Client(self.ledger, self.chance, self.living, self.patience, self.note)
        return [self.loop.create_task(client.send(each)) for each in sendings]

    def run(self, until: Callable[[], bool], between: Callable[[], object] = lambda: None) -> None:
        """Take steps until something holds; `between` steps things may happen.

        Raises Violation as soon as a promise is broken.
        """
        while not until():
            between()
            if not self.loop.step():
                return
            self.ledger.check(self.tables)
            if self.loop.errors:
                raise Violation(Broken.ERROR, f"{self.loop.errors[0]}")
            if self.loop.steps > STEPS_MAX:
                raise Violation(Broken.STUCK, "history does not end")

    def settle(self, calls: Sequence[asyncio.Task[None]]) -> None:
        """Let time pass without faults until all is done; raise Violation when it never is."""
        deadline = self.loop.time() + CALM_SECONDS_MAX
        self.note("calm", "")
        self.run(lambda: self._is_settled(calls) or self.loop.time() > deadline)
        for call in calls:
            if call.done() and (error := call.exception()) is not None:
                raise error
        self.ledger.check_settled(self.tables, self.outboxes())
        if not self._is_settled(calls):
            raise Violation(Broken.STUCK, "a call or an orchestration does not end")

    def _is_settled(self, calls: Sequence[asyncio.Task[None]]) -> bool:
        if self.orchestrations.is_running() or not all(call.done() for call in calls):
            return False
        try:
            self.ledger.check_settled(self.tables, self.outboxes())
        except Violation:
            return False
        return True

    def outboxes(self) -> Iterator[tuple[int, str]]:
        for project_id in self.hub.entities:
            for entry in decode_state(project_id, self.hub.read(project_id)).outbox:
                yield project_id, entry.request.request_id


@contextmanager
def inside(world: World) -> Iterator[World]:
    """Make the world's loop the running one, and have it hear of the app's mistakes."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(world.loop)
    with heard(world.loop.mistake), warnings.catch_warnings():
        # Of an activity that was started by an episode which was never committed.
        warnings.filterwarnings("ignore", "Potential duplicate Task completion")
        try:
            yield world
        finally:
            world.loop.close()  # of what never finished a word in the log means nothing
            asyncio._set_running_loop(before)


def _raise_its_error(task: asyncio.Task[None]) -> None:
    """Make an exception that nobody awaits an error of the loop."""
    if not task.cancelled():
        task.result()
