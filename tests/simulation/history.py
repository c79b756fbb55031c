"""A whole history drawn from one seed."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.simulation.clients import draw_sendings
from tests.simulation.faults import Drawn, Rates
from tests.simulation.ledger import Violation
from tests.simulation.limits import some_small
from tests.simulation.world import REAL, Variant, World, inside

REPLAY: Final = "python -m tests.simulation {seed}"


class HistoryFailed(AssertionError):
    """A promise was broken; says how to see it happen again."""

    def __init__(self, seed: int, violation: Violation, trace: list[str]) -> None:
        last = "\n".join(trace[-40:])
        replay = REPLAY.format(seed=seed)
        super().__init__(f"seed {seed}: {violation}\n{last}\nreplay: {replay}")
        self.seed = seed
        self.violation = violation


@dataclass(frozen=True, slots=True)
class Profile:
    """From what a seed draws; a test narrows it to see more of some kind of trouble."""

    instances: tuple[int, ...] = (1, 2, 3)
    projects: tuple[int, ...] = (1, 2, 3)
    slow_shares: tuple[float, ...] = (0.0, 0.05, 0.3)
    """Of calls that take up to two seconds each way."""
    rates: Rates | None = None
    """The only faults of calls; None leaves them to the seed."""


ANYTHING: Final = Profile()


@dataclass(frozen=True, slots=True)
class Report:
    """What one history, or many, consisted of."""

    steps: int
    seconds: float
    faults: Counter[str]
    todos: int


class History:
    """Clients, crashes and trouble in the task hub, at rates that the seed decides."""

    def __init__(self, seed: int, variant: Variant = REAL, profile: Profile = ANYTHING) -> None:
        self.seed = seed
        self.profile = profile
        self.chance = Random(seed)
        self.faults = Drawn(self.chance, profile.rates)
        tear = self.chance if self.chance.random() < 0.5 else None
        self.world = World(self.chance, self.faults, variant, tear)
        self._crash_rate = self.chance.choice((0.0, 0.001, 0.01))
        self._trouble_rate = self.chance.choice((0.0, 0.001, 0.01))
        self._troubles = (
            self._roll_back,
            self._roll_back,
            self._wipe,
        )

    def run(self) -> Report:
        """Run it. Raises HistoryFailed when a promise is broken."""
        limits = some_small(self.chance) if self.chance.random() < 0.4 else nullcontext()
        with limits, inside(self.world) as world:
            try:
                self._run(world)
            except Violation as violation:
                raise HistoryFailed(self.seed, violation, world.trace) from violation
        todos = sum(len(rows.todos) for rows in world.tables.projects.values())
        return Report(world.loop.steps, world.loop.time(), self.faults.count, todos)

    def _run(self, world: World) -> None:
        chance = self.chance
        world.network.slow_share = chance.choice(self.profile.slow_shares)
        world.hub.uncommitted_share = chance.choice((0.0, 0.1, 0.5))
        world.hub.idle_share = chance.choice((0.0, 0.1))
        world.patience = 0.9
        world.skew_seconds = chance.choice((0.0, 3.0, 20.0))
        storm_seconds = chance.choice((2.0, 20.0))
        for _ in range(chance.choice(self.profile.instances)):
            world.start_instance()
        calls = world.send(
            draw_sendings(
                chance,
                projects=chance.choice(self.profile.projects),
                requests=chance.randint(1, 16),
                rivals=chance.choice((0.0, 0.3, 1.0)),
                seconds=storm_seconds,
            )
        )
        world.run(lambda: world.loop.time() > storm_seconds, self._maybe_trouble)
        self._calm_down(world)
        world.settle(calls)

    def _calm_down(self, world: World) -> None:
        self.faults.stop()
        world.network.slow_share = 0.0
        world.hub.uncommitted_share = 0.0
        if not any(each.alive for each in world.instances):
            world.start_instance()

    def _maybe_trouble(self) -> None:
        world = self.world
        if self.chance.random() < self._crash_rate:
            alive = [each for each in world.instances if each.alive]
            if alive:
                world.kill(self.chance.choice(alive))
                self.faults.count["crash"] += 1
                world.network.later(self.chance.uniform(0.0, 3.0), world.start_instance)
        if self.chance.random() < self._trouble_rate:
            self.chance.choice(self._troubles)()

    def _roll_back(self) -> None:
        if self.world.hub.entities:
            project_id = self.chance.choice(sorted(self.world.hub.entities))
            self.world.hub.roll_back(project_id)
            self.world.note("roll_back", f"{project_id}")
            self.faults.count["roll_back"] += 1

    def _wipe(self) -> None:
        self.world.hub.wipe()
        self.world.note("wipe", "")
        self.faults.count["wipe"] += 1
