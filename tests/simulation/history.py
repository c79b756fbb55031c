"""A whole history drawn from one seed."""

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from activities.settlements import REMEMBERED_SECONDS
from tests.simulation.clients import Sending, draw_sendings
from tests.simulation.faults import Atom, Drawn, Rates
from tests.simulation.ledger import Violation
from tests.simulation.limits import some_small
from tests.simulation.network import SECONDS_LATE
from tests.simulation.world import REAL, Rounds, Variant, World, inside
from todos import TodoRequest

LAST_SECONDS: Final = SECONDS_LATE[1] + REMEMBERED_SECONDS + 1.0
"""By then all that was late has arrived, and nobody trusts any more that lost word has."""

REPLAY: Final = "python -m tests.simulation {seed}"

PUBLISHING: Final = frozenset({"cursor.move", "output.send", "log.fence", "marker.remove"})
"""A history in which nothing else fails is about these: there are to be many of them."""


class HistoryFailed(AssertionError):
    """A promise was broken; says how to see it happen again."""

    def __init__(self, history: "History", violation: Violation) -> None:
        trace = "\n".join(history.world.trace[-60:])
        replay = REPLAY.format(seed=history.seed)
        super().__init__(f"seed {history.seed}: {violation}\n{trace}\nreplay: {replay}")
        self.seed = history.seed
        self.violation = violation
        self.atoms = history.atoms
        self.trace = history.world.trace


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
class Cut:
    """What a shorter version of a history leaves out, and which of its schedules it takes."""

    without: frozenset[Atom] = frozenset()
    schedule: int = 0


WHOLE: Final = Cut()


@dataclass(frozen=True, slots=True)
class Report:
    """What one history, or many, consisted of."""

    steps: int
    seconds: float
    faults: Counter[str]
    todos: int


class History:
    """Clients, crashes and trouble in the task hub, at rates that the seed decides."""

    def __init__(
        self, seed: int, variant: Variant = REAL, profile: Profile = ANYTHING, cut: Cut = WHOLE
    ) -> None:
        self.seed = seed
        self.profile = profile
        self._cut = cut
        self._chosen: list[Atom] = []
        self.chance = Random(f"{seed} history")
        self.faults = Drawn(seed, profile.rates, cut.without)
        schedule = Random(f"{seed} schedule {cut.schedule}")
        tears = self.chance.random() < 0.5
        publishing = self._draw_publishing()
        self.world = World(
            schedule,
            self.faults,
            variant,
            schedule if tears and self._keeps(("torn reads", 0)) else None,
            publishing=publishing if publishing and self._keeps(("publishing", 0)) else None,
        )
        self._troubles = self._draw_troubles()

    @property
    def atoms(self) -> list[Atom]:
        """What there was in it that might be left out."""
        return [*self._chosen, *self.faults.atoms]

    def _keeps(self, atom: Atom) -> bool:
        """Whether something that is no fault is part of it."""
        if atom in self._cut.without:
            return False
        self._chosen.append(atom)
        return True

    def _draw_publishing(self) -> Rounds | None:
        if self.faults.kinds & PUBLISHING == self.faults.kinds:
            return Rounds(every_seconds=0.3)
        if self.chance.random() < 0.2:
            return None
        unmark_after = timedelta(seconds=self.chance.choice((0.0, 0.0, 1.0, 60.0)))
        return Rounds(self.chance.choice((0.3, 2.0, 10.0)), unmark_after)

    def _draw_troubles(self) -> list[tuple[str, float, Random, Callable[[], None]]]:
        """Events between steps: name, share of steps, a chance of its own, what happens."""
        troubles = (
            ("process KILLED", self._crash),
            ("entity LOST", self._lose),
            ("entity ROLLED_BACK", self._roll_back),
            ("hub WIPED", self._wipe),
            ("store OUT", self._throttle),
        )
        return [
            (name, rate, Random(f"{self.seed} {name}"), happen)
            for name, happen in troubles
            if (rate := self.chance.choice((0.0, 0.0, 0.0005, 0.003)))
        ]

    def run(self) -> Report:
        """Run it. Raises HistoryFailed when a promise is broken."""
        small = self.chance.random() < 0.4
        drawn = some_small(Random(f"{self.seed} limits"))
        limits = drawn if small and self._keeps(("small limits", 0)) else nullcontext()
        with limits, inside(self.world) as world:
            try:
                self._run(world)
            except Violation as violation:
                raise HistoryFailed(self, violation) from violation
        todos = sum(len(rows.todos) for rows in world.tables.projects.values())
        faults = self.faults.count + world.ledger.count
        return Report(world.loop.steps, world.loop.time(), faults, todos)

    def _run(self, world: World) -> None:
        chance = self.chance
        world.network.slow_share = chance.choice(self.profile.slow_shares)
        world.hub.idle_share = chance.choice((0.0, 0.1))
        world.patience = 0.9
        world.skew_seconds = chance.choice((0.0, 3.0, 20.0))
        storm_seconds = chance.choice((2.0, 12.0, 12.0))
        for n in range(chance.choice(self.profile.instances)):
            if n == 0 or self._keeps(("process", n)):
                world.start_instance()
        sendings = draw_sendings(
            chance,
            projects=chance.choice(self.profile.projects),
            requests=chance.randint(1, 16),
            rivals=chance.choice((0.0, 0.3, 1.0)),
            seconds=storm_seconds,
        )
        calls = world.send([each for n, each in enumerate(sendings) if self._keeps(("call", n))])
        world.run(lambda: world.loop.time() > storm_seconds, self._maybe_trouble)
        self._calm_down(world)
        world.settle(calls)
        self._clear_outboxes(world)

    def _clear_outboxes(self, world: World) -> None:
        """What an outbox still holds is in the log, and word of that got lost, or what put it
        there was late. The next request of the project clears it."""
        end = world.loop.time() + LAST_SECONDS
        world.run(lambda: world.loop.time() > end)
        left = sorted({project_id for project_id, _ in world.outboxes()})
        world.patience = 1.0
        last = [Sending(n, (TodoRequest(each, "last", "last"),)) for n, each in enumerate(left)]
        world.settle(world.send(last), clear=True)

    def _calm_down(self, world: World) -> None:
        self.faults.stop()
        world.network.slow_share = 0.0
        world.network.out_until = 0.0
        if not world.is_anybody_alive():
            world.start_instance()

    def _maybe_trouble(self) -> None:
        for name, rate, chance, happen in self._troubles:
            if chance.random() < rate and self.faults.happened(name):
                happen()

    def _crash(self) -> None:
        world = self.world
        alive = [each for each in world.instances if each.alive]
        if alive:
            victim = self.chance.choice(alive)
            if victim.activities_running:
                self.faults.happened("activity KILLED")
            world.kill(victim)
            world.network.later(self.chance.uniform(0.0, 3.0), world.start_instance)

    def _lose(self) -> None:
        self._put_back(lambda project_id: self.world.hub.roll_back(project_id, lost=True))

    def _roll_back(self) -> None:
        self._put_back(self.world.hub.roll_back)

    def _put_back(self, how: Callable[[int], None]) -> None:
        if self.world.hub.entities:
            project_id = self.chance.choice(sorted(self.world.hub.entities))
            how(project_id)
            self.world.note("roll_back", f"{project_id}")

    def _wipe(self) -> None:
        self.world.hub.wipe()
        self.world.note("wipe", "the whole task hub")

    def _throttle(self) -> None:
        seconds = self.chance.choice((0.05, 0.5, 3.0))
        self.world.network.out_until = self.world.loop.time() + seconds
        self.world.note("throttle", f"the store, for {seconds} s")
