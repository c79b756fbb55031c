"""A whole history drawn from one seed."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from activities.settlements import REMEMBERED_SECONDS
from tests.simulation.clients import Sending, draw_sendings
from tests.simulation.faults import Atom, Drawn, Rates
from tests.simulation.ledger import Broken, Violation
from tests.simulation.limits import KEEPS_NOTHING_BACK, some_small
from tests.simulation.world import REAL, Rounds, Variant, World, inside
from todos import TodoRequest

TRUST_SECONDS: Final = REMEMBERED_SECONDS + 1.0
"""After that nobody trusts any more that word has arrived which got lost."""

NEXT_REQUESTS_MAX: Final = 3
"""After which no outbox holds anything."""

IDLE_AFTER_SECONDS: Final = 3.0
IDLE_SECONDS: Final = 11.0
"""More than there are between two rounds of publishing."""

REPLAY: Final = "python -m tests.simulation {seed}"

PUBLISHING: Final = frozenset({"cursor.move", "output.send", "log.fence", "marker.remove"})
"""A history in which nothing else fails is about these: there are to be many of them."""


class HistoryFailed(AssertionError):
    """A promise was broken; says how to see it happen again."""

    def __init__(self, history: "History", violation: Violation) -> None:
        trace = "\n".join(history.world.trace[-60:])
        self.seed = int(history.shown_as)
        replay = REPLAY.format(seed=self.seed)
        super().__init__(f"seed {self.seed}: {violation}\n{trace}\nreplay: {replay}")
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
    requests_max: int = 16
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
class Trouble:
    """Something that may happen between any two steps."""

    name: str
    happen: Callable[[], None]
    can: Callable[[], object]
    """Whether there is anything that it could happen to; what happens to nothing is not counted."""


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
        self,
        seed: int | str,
        variant: Variant = REAL,
        profile: Profile = ANYTHING,
        cut: Cut = WHOLE,
        *,
        shown_as: int | None = None,
    ) -> None:
        """`shown_as` is the seed that leads here, when that is another one."""
        self.seed = seed
        self.shown_as = seed if shown_as is None else shown_as
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

    def _draw_troubles(self) -> list[tuple["Trouble", float, Random]]:
        """Events between steps: share of steps, and a chance of its own."""
        troubles = (
            Trouble("process KILLED", self._crash, self.world.is_anybody_alive),
            Trouble("entity LOST", self._lose, self.world.hub.committed),
            Trouble("entity ROLLED_BACK", self._roll_back, self.world.hub.committed),
            Trouble("hub WIPED", self._wipe, self.world.is_hub_in_use),
            Trouble("store OUT", self._throttle, lambda: True),
        )
        return [
            (each, rate, Random(f"{self.seed} {each.name}"))
            for each in troubles
            if (rate := self.chance.choice((0.0, 0.0, 0.0005, 0.003)))
        ]

    def run(self) -> Report:
        """Run it. Raises HistoryFailed when a promise is broken."""
        with self._limits(), inside(self.world) as world:
            try:
                self._run(world)
            except Violation as violation:
                raise HistoryFailed(self, violation) from violation
            except Exception as error:  # of the code under test, or of the simulation itself
                raise HistoryFailed(self, Violation(Broken.ERROR, repr(error))) from error
        todos = sum(len(rows.todos) for rows in world.tables.projects.values())
        faults = self.faults.count + world.ledger.count
        return Report(world.loop.steps, world.loop.time(), faults, todos)

    def _limits(self) -> AbstractContextManager[None]:
        share = 0.5 if self.chance.random() < 0.4 else 0.0
        always = KEEPS_NOTHING_BACK if self.faults.kinds == {"hub.settle"} else frozenset()
        if (share or always) and self._keeps(("small limits", 0)):
            return some_small(Random(f"{self.seed} limits"), share, always)
        return nullcontext()

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
            requests=chance.randint(1, self.profile.requests_max),
            rivals=chance.choice((0.0, 0.3, 1.0)),
            seconds=storm_seconds,
        )
        calls = world.send(
            [self._shorter(n, each) for n, each in enumerate(sendings) if self._keeps(("call", n))]
        )
        world.run(lambda: world.loop.time() > storm_seconds, self._maybe_trouble)
        self._calm_down(world)
        world.settle(calls)
        self._clear_outboxes(world)
        self._stay_settled(world)

    def _shorter(self, number: int, sending: Sending) -> Sending:
        """A call for many requests may be for fewer of them."""
        first, *others = sending.requests
        kept = [each for n, each in enumerate(others) if self._keeps((f"more of call {number}", n))]
        return Sending(sending.at, (first, *kept))

    def _clear_outboxes(self, world: World) -> None:
        """What an outbox still holds is in the log, and word of that got lost, or what put it
        there was late. The next request of the project clears it; what it sends may itself be late
        once more."""
        world.patience = 1.0
        left: list[int] = []
        for number in range(NEXT_REQUESTS_MAX):
            world.run(lambda: world.network.late_ones == 0)
            self._pass(world, TRUST_SECONDS)
            left = sorted({project_id for project_id, _ in world.outboxes()})
            if not left:
                return
            requests = [TodoRequest(each, f"next{number}", "next") for each in left]
            world.settle(world.send([Sending(n, (each,)) for n, each in enumerate(requests)]))
        raise Violation(Broken.LEFT, f"outboxes of {left}")

    def _stay_settled(self, world: World) -> None:
        """Nobody sends anything any more: what is on its way arrives, and then nothing moves."""
        self._pass(world, IDLE_AFTER_SECONDS)
        before = world.output.count
        self._pass(world, IDLE_SECONDS)
        world.ledger.check_settled(world.tables, world.outboxes())
        if world.output.count != before:
            raise Violation(Broken.RESTLESS, f"{world.output.count - before} events")

    def _pass(self, world: World, seconds: float) -> None:
        end = world.loop.time() + seconds
        world.run(lambda: world.loop.time() > end)

    def _calm_down(self, world: World) -> None:
        self.faults.stop()
        world.is_calm = True
        world.network.slow_share = 0.0
        world.network.out_until = 0.0
        world.hub.idle_share = 0.0
        if not world.is_anybody_alive():
            world.start_instance()

    def _maybe_trouble(self) -> None:
        for trouble, rate, chance in self._troubles:
            if chance.random() < rate and trouble.can() and self.faults.happened(trouble.name):
                trouble.happen()

    def _crash(self) -> None:
        world = self.world
        victim = self.chance.choice([each for each in world.instances if each.alive])
        if victim.activities_running:
            self.faults.happened("activity KILLED")
        world.kill(victim)
        world.network.later(self.chance.uniform(0.0, 3.0), world.start_instance)

    def _lose(self) -> None:
        self._put_back(lambda project_id: self.world.hub.roll_back(project_id, lost=True))

    def _roll_back(self) -> None:
        self._put_back(self.world.hub.roll_back)

    def _put_back(self, how: Callable[[int], None]) -> None:
        project_id = self.chance.choice(self.world.hub.committed())
        how(project_id)
        self.world.note("roll_back", f"{project_id}")

    def _wipe(self) -> None:
        self.world.hub.wipe()
        self.world.note("wipe", "the whole task hub")

    def _throttle(self) -> None:
        seconds = self.chance.choice((0.05, 0.5, 3.0))
        self.world.network.out_until = self.world.loop.time() + seconds
        self.world.note("throttle", f"the store, for {seconds} s")
