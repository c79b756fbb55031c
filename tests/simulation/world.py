"""One history: clients, hosts, store and hub under one seed, checked step by step."""

import asyncio
import warnings
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

from activities import outbox
from domain.wire import Wire
from publishing.catch_up import UNMARK_AFTER
from store.ports.deadletters import FOLD, Name
from store.ports.records import StoreError
from taskhub.durable import DurableHub
from tests.durable_sdk import decide_of
from tests.simulation.app import App, Outside, Parts
from tests.simulation.clients import Client, Sending
from tests.simulation.decisions import Heard
from tests.simulation.durable_client import SimulatedCalls
from tests.simulation.entities import SECONDS_INVISIBLE, Entities
from tests.simulation.explained import ExplainedHub, order_in
from tests.simulation.faults import Faults
from tests.simulation.host import (
    DEATHS_MAX,
    DEATHS_SECONDS,
    RESTART_SECONDS,
    Gone,
    Host,
    Role,
    Worker,
)
from tests.simulation.ledger import Broken, Id, Ledger, Violation
from tests.simulation.loop import OWNER, SimulatedLoop, simulated_loop
from tests.simulation.mistakes import heard
from tests.simulation.network import Network
from tests.simulation.orchestrations import Orchestrations, Surroundings
from tests.simulation.output import OutputHub, SimulatedProducer
from tests.simulation.partitions import Partitions
from tests.simulation.samples import SAMPLES, Samples
from tests.simulation.store import SimulatedStore
from tests.simulation.tables import Tables
from triggers.durable import Names, names_of

BEGINNING: Final = datetime(2030, 1, 1, tzinfo=UTC)

SWEEP_AFTER: Final = timedelta(seconds=10)
SWEEP_EVERY_SECONDS: Final = 30.0
SWEEP_SECONDS_MAX: Final = 240.0

STEPS_PER_LOOK: Final = 8
"""Between two looks whether all is done, at least: a look at many keys takes long."""

STEPS_MAX: Final = 400_000
"""Of one history; beyond it something runs in circles."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The code under test; a test may replace a part of it."""

    parts: Parts = field(default_factory=Parts)
    orchestrator: Callable[[str], Any] = outbox.orchestration
    tables: Callable[[Callable[[str], object]], Tables] = Tables
    samples: Samples = SAMPLES


REAL: Final = Variant()


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often the timer publishes what was left behind, and how soon a marker may go."""

    every_seconds: float = 30.0
    unmark_after: timedelta = UNMARK_AFTER


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
    sweep_every_seconds: float = SWEEP_EVERY_SECONDS
    publishing: Rounds | None = None
    """None: nothing is published."""
    is_quiet: bool = False
    """Whether nothing goes wrong."""
    check_every: int = 1
    """Steps between two checks of all promises."""
    is_traced: bool = True
    """Whether to remember what happened."""
    hosts: list[Host] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    """What the app reported, by event."""
    loop: SimulatedLoop = field(init=False)
    ledger: Ledger = field(init=False)
    tables: Tables = field(init=False)
    network: Network = field(init=False)
    partitions: Partitions = field(init=False)
    names: Names = field(init=False)
    output: OutputHub = field(init=False)
    entities: Entities = field(init=False)
    orchestrations: Orchestrations = field(init=False)
    is_hub_still: bool = field(init=False, default=False)
    _notes: list[tuple[float, int, str, tuple[object, ...]]] = field(
        init=False, default_factory=list
    )
    _waiting: list[asyncio.Future[None]] = field(init=False, default_factory=list)
    _tell: Heard = field(init=False)

    def __post_init__(self) -> None:
        domain = self.variant.samples.domain
        self.names = names_of(domain.entity, domain.plural)
        self.loop = simulated_loop(self.chance)
        self.ledger = Ledger(self.variant.samples.decider, self.loop.time, self._is_dead)
        self.tables = self.variant.tables(self.ledger.changed)
        self.output = OutputHub(self.tables, Wire(domain).shown)
        if self.publishing is not None:
            self.ledger.output = self.output
        self.network = self.network_of(self.loop, self.chance, self.faults)
        if self.is_traced:
            self.network.trace = self.note
        self._tell = Heard(self.loop.mistake, self.network.trace)
        self.told = self._tell.count
        durable = partial(self.running, Role.DURABLE)
        self.partitions = Partitions(self.chance, self.loop.time, durable)
        self.entities = Entities(self.network, self.chance, self.owner, self.spawn)
        decide = decide_of(self.variant.orchestrator(self.names.activity))
        surroundings = Surroundings(
            *(self.network, self.chance, self.now, self.living, self.owner, self.spawn)
        )
        self.orchestrations = Orchestrations(decide, self.names, surroundings)

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.loop.time())

    def note(self, what: str, *how: object) -> None:
        owner = OWNER.get()
        number = owner.number if isinstance(owner, Worker) else 0
        self._notes.append((self.loop.time(), number, what, how))

    @property
    def trace(self) -> list[str]:
        """What happened, a line each."""
        return [_line(*each) for each in self._notes]

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done in the world."""
        self.loop.create_task(work, context=Context()).add_done_callback(_raise_its_error)

    def _told_done(self, key: str, ids: Sequence[str]) -> None:
        """Without faults an entity is told what is done, and nothing that still waits."""
        if self.is_quiet:
            rows = self.tables.rows(key)
            waits = [i for i in ids if i in rows.inbox and i not in rows.requests]
            dropped = [each for each in waits if not self._is_dead((key, each))]
            if dropped:
                self.ledger.broke(Broken.DROPPED, (key, dropped))

    def _is_dead(self, name: Id) -> bool:
        return Name(FOLD, *name) in self.tables.letters

    # Hosts

    def start(self, roles: frozenset[Role]) -> Host:
        host = Host(len(self.hosts) + 1, roles)
        self.hosts.append(host)
        self._start_worker(host)
        return host

    def _start_worker(self, host: Host) -> None:
        if not host.alive:
            return
        worker = Worker(self.loop, host.number)
        worker.too_slow = self._too_slow
        skew = timedelta(seconds=self.skew_seconds * self.chance.uniform(-1, 1))
        calls = SimulatedCalls(
            self.entities, self.orchestrations.start, self.network, self._told_done
        )
        hub = DurableHub(calls, self.names.entity, self.names.orchestration)
        rounds = self.publishing
        outside = Outside(
            samples=self.variant.samples,
            names=self.names,
            store=SimulatedStore(self.tables, self.network, self.tear),
            hub=ExplainedHub(hub, self.entities, partial(self.ledger.broke, Broken.UNEXPLAINED)),
            tell=self._tell,
            now=lambda: self.now() + skew,
            clock=self.loop.time,
            rng=self.chance,
            producer=SimulatedProducer(self.output, self.network) if rounds else None,
            unmark_after=rounds.unmark_after if rounds else UNMARK_AFTER,
        )
        worker.app = App(self.variant.parts, outside)
        host.worker = worker
        self.note("start", f"host {host.number} {' '.join(sorted(r.value for r in host.roles))}")
        self._somebody_runs()

    def _somebody_runs(self) -> None:
        while self._waiting:
            self._waiting.pop().set_result(None)

    def _too_slow(self, what: str) -> None:
        self.ledger.broke(Broken.TIME_LIMIT, what)

    def running(self, role: Role) -> list[Host]:
        """Return the hosts of a role that could run a function now."""
        return [each for each in self.hosts if role in each.roles and each.runs]

    async def living(self, role: Role) -> Host:
        """Pick one, waiting for one if need be."""
        while not (hosts := self.running(role)):
            waiter = self.loop.create_future()
            self._waiting.append(waiter)
            await waiter
        return self.chance.choice(hosts)

    def owner(self, instance: str) -> Host | None:
        """Return the host that works on an entity or orchestration now, if there is one."""
        return None if self.is_hub_still else self.partitions.owner(instance)

    def outbox(self, key: str) -> Sequence[str]:
        """Return the ids that the entity lists now."""
        return order_in(self.entities.row(key).current).outbox

    def kill(self, host: Host, restart_seconds: float) -> None:
        """Kill host and worker; another host takes its place."""
        self.note("kill", f"host {host.number}")
        if host.worker is not None:
            self.network.observer.died(host.worker)
        host.kill()
        self.network.later(restart_seconds, lambda: self.start(host.roles))

    def kill_worker(self, host: Host) -> None:
        """Kill the worker alone; the third time within half an hour ends the host."""
        assert host.worker is not None
        self.note("kill worker", f"host {host.number}")
        self.network.observer.died(host.worker)
        host.worker.kill()
        host.deaths.append(self.loop.time())
        if sum(each > self.loop.time() - DEATHS_SECONDS for each in host.deaths) >= DEATHS_MAX:
            self.faults.happened("host ENDED")
            self.kill(host, RESTART_SECONDS[1])
            return
        seconds = RESTART_SECONDS[len(host.deaths) > 1]
        self.network.later(seconds, lambda: self._start_worker(host))

    def pause(self, host: Host, seconds: float) -> None:
        """Let the worker stand still: nothing of it runs, and it is not dead."""
        worker = host.worker
        assert worker is not None
        self.note("pause", f"host {host.number} for {seconds} s")
        worker.held = []

        def go_on() -> None:
            self.note("resume", f"host {host.number}")
            self.loop.resume(worker)
            self._somebody_runs()

        self.network.later(seconds, go_on)
        if seconds > SECONDS_INVISIBLE:
            # Others take up its activities, and its own go on long after.
            self.network.later(SECONDS_INVISIBLE, lambda: worker.lose("emit"))

    def is_anybody_paused(self) -> bool:
        return any(
            e.alive and e.worker and e.worker.alive and e.worker.held is not None
            for e in self.hosts
        )

    def stand_still(self, seconds: float) -> None:
        """Have nothing of the hub move for so long; messages queue up."""
        self.note("stand still", f"the task hub, for {seconds} s")
        self.is_hub_still = self.orchestrations.still = True
        self.network.later(seconds, self.restore_hub)

    def restore_hub(self) -> None:
        """Everything of the hub is as it should be."""
        self.is_hub_still = self.orchestrations.still = False
        self.network.hub_has_tables = True

    # Timers: one run at a time, wherever it runs.

    def start_timers(self) -> None:
        self.spawn(self._tick(Role.SWEEP, lambda: self.sweep_every_seconds, _sweep))
        if self.publishing is not None:
            self.spawn(self._tick(Role.PUBLISH, self._round_seconds, App.publish))

    def _round_seconds(self) -> float:
        assert self.publishing is not None
        return self.publishing.every_seconds

    async def _tick(
        self,
        role: Role,
        seconds: Callable[[], float],
        run: Callable[[App], Coroutine[Any, Any, object]],
    ) -> None:
        while True:
            host = await self.living(role)
            assert host.worker is not None
            with suppress(Gone, StoreError):
                await host.worker.call(role.name, run(host.worker.app))
            await asyncio.sleep(seconds())

    # History

    def send(self, sendings: Sequence[Sending]) -> list[asyncio.Task[None]]:
        client = Client(self.ledger, self.chance, self.living, self.patience, self.network.trace)
        return [self.loop.create_task(client.send(each)) for each in sendings]

    def run(self, until: Callable[[], bool], between: Callable[[], object] = lambda: None) -> None:
        """Take steps until something holds; `between` steps things may happen.

        Raises Violation as soon as a promise is broken.
        """
        while not until():
            between()
            if not self.loop.step():
                return
            if self.loop.steps % self.check_every == 0:
                self.ledger.check(self.tables)
            if self.loop.errors:
                raise Violation(Broken.ERROR, f"{self.loop.errors[0]}")
            if self.loop.steps > STEPS_MAX:
                raise Violation(Broken.STUCK, "history does not end")

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self.loop.time() + seconds
        self.loop.call_later(seconds, lambda: None)
        self.run(lambda: self.loop.time() >= end)

    def settle(self, calls: Sequence[asyncio.Task[None]], seconds_max: float) -> None:
        """Let time pass without faults until all is done; raise Violation when it never is."""
        deadline = self.loop.time() + seconds_max
        self.run(
            lambda: (
                (
                    self.loop.steps % max(STEPS_PER_LOOK, len(self.tables.keys)) == 0
                    and self._is_settled(calls)
                )
                or self.loop.time() > deadline
            )
        )
        for call in calls:
            if call.done() and (error := call.exception()) is not None:
                raise error
        self.ledger.check(self.tables)
        self._check_settled()
        if not self._is_settled(calls):
            raise Violation(Broken.STUCK, "a call does not end")

    def _is_settled(self, calls: Sequence[asyncio.Task[None]]) -> bool:
        if not all(call.done() for call in calls):
            return False
        try:
            self._check_settled()
        except Violation:
            return False
        return True

    def _check_settled(self) -> None:
        self.ledger.check_settled(self.tables)
        if self.publishing is not None:
            self.output.check_settled()


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


def _line(time: float, worker: int, what: str, how: tuple[object, ...]) -> str:
    who = f"worker {worker}" if worker else ""
    return f"{time:9.4f} {who:10} {what:18} {' '.join(map(str, how))}"


async def _sweep(app: App) -> None:
    await app.sweep(SWEEP_AFTER, SWEEP_SECONDS_MAX)


def _raise_its_error(task: asyncio.Task[None]) -> None:
    """Make an exception that nobody awaits an error of the loop."""
    if not task.cancelled():
        task.result()
