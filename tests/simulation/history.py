"""A whole history drawn from one seed."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final

from store.ports.records import Request
from tests.simulation.clients import Plan, Sending, draw_sendings
from tests.simulation.faults import Atom, Drawn, Rates
from tests.simulation.ledger import Broken, Violation
from tests.simulation.limits import some_small
from tests.simulation.placements import PLACEMENTS, TOGETHER, Placement
from tests.simulation.places import STORE_CALL_SECONDS_MAX
from tests.simulation.samples import NAMED
from tests.simulation.troubles import CALL_SECONDS_MAX, PAUSED, Recurring, Troubles, fail_over
from tests.simulation.world import REAL, Rounds, Variant, World, inside

CALM_SECONDS_MAX: Final = 200.0
"""How long after the last fault everything accepted may take: what is late arrives within 40
seconds, a call that hangs ends within 30, and then a sweep comes within 10 and its period."""

HUB_SECONDS_MAX: Final = 1_300.0
"""Until what dead hosts had in flight has run, twice if need be."""

CALM_ROUND_SECONDS: Final = 5.0
"""Between two rounds of publishing then."""

IDLE_SECONDS: Final = 11.0
"""More than there are between two rounds of publishing."""

QUIET_SECONDS_MAX: Final = 1.0
"""For an answer, when nothing goes wrong."""

NEXT_REQUESTS_MAX: Final = 15
"""After which no outbox lists anything older: one of three processes has seen two of them, and
with the smallest limits each tells of few."""

MORE_REQUESTS: Final = 2
MANY_REQUESTS: Final = 3
"""Times as many, where only few kinds of calls fail, and where these are of publishing."""

SHARE_FAILING: Final = 0.6
"""Of requests, in histories in which dead letters may fail."""

STORM_SHORT: Final = (2.0, 12.0, 12.0)
STORM_LONG: Final = (25.0, 40.0)
"""Seconds in which things go wrong; long where only few kinds of calls fail."""

HANGING_SECONDS: Final = (STORE_CALL_SECONDS_MAX, 1.0, 1.0)
"""How long a call to the store may hang: with few of them that last long nothing else happens."""

PUBLISHING: Final = ("cursor", "output", "marker", "log.fence", "log.read", "log.head")
"""What calls begin with that nobody but a publisher makes."""

HANDED_OVER: Final = ("outbox", "hub.hand_over", "inbox.page")
MANY_GROUPS: Final = (8, 12)
"""Batches, and deliveries of events, where what becomes of them is the question."""

SHARE_UNPUBLISHED: Final = 0.4
"""Of histories in which nothing is published."""

SHARE_SMALL: Final = 0.4
"""Of histories in which half of the app's limits are small."""

SHARE_FAILED_OVER: Final = 0.1

TROUBLE_SHARES: Final = (0.0, 0.0, 0.0005, 0.003)
"""Of steps with one kind of trouble, from which that of a history is drawn."""

REPLAY: Final = f"{NAMED}python -m tests.simulation {{seed}}"


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

    placements: tuple[Placement, ...] = PLACEMENTS
    keys: tuple[int, ...] = (1, 2, 3)
    slow_shares: tuple[float, ...] = (0.0, 0.05, 0.3)
    """Of calls that take up to two seconds each way."""
    skews: tuple[float, ...] = (0.0, 3.0, 20.0)
    """Seconds by which clocks of processes are off, at most."""
    requests_max: int = 16
    rates: Rates | None = None
    """The only faults of calls; None leaves them to the seed."""
    has_trouble: bool = True
    """Whether anything happens to hosts, hub and store."""


ANYTHING: Final = Profile()

QUIET: Final = Profile(slow_shares=(0.0,), rates=(), has_trouble=False)
"""Nothing goes wrong: then there are budgets."""


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
    entries: int
    placement: str


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
        is_traced: bool = True,
    ) -> None:
        """`shown_as` is the seed that leads here, when that is another one. Traced or not, it is
        the same history.
        """
        self.seed = seed
        self.shown_as = seed if shown_as is None else shown_as
        self.profile = profile
        self._cut = cut
        self._chosen: list[Atom] = []
        self.chance = Random(f"{seed} history")
        self.faults = Drawn(seed, profile.rates, cut.without)
        schedule = Random(f"{seed} schedule {cut.schedule}")
        tears = self.chance.random() < 0.5
        tear = schedule if tears and self._keeps(("torn reads", 0)) else None
        publishing = self._draw_publishing()
        self.world = World(
            schedule,
            self.faults,
            variant,
            tear,
            is_quiet=profile is QUIET,
            is_traced=is_traced,
            publishing=publishing if publishing and self._keeps(("publishing", 0)) else None,
        )
        self.placement = self.chance.choice(profile.placements)
        drawn = profile.has_trouble and self.chance.random() < SHARE_FAILED_OVER
        self._fails_over = drawn and self._keeps(("account FAILED_OVER", 0))
        self._troubles = self._draw_troubles() if profile.has_trouble else []
        self._moment = 0

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
        """A history in which only calls of publishing fail is about these: many of them."""
        if self._is_about(PUBLISHING):
            return Rounds(0.5, timedelta(0))
        if self.chance.random() < SHARE_UNPUBLISHED:
            return None
        unmark_after = timedelta(seconds=self.chance.choice((0.0, 0.0, 1.0, 60.0)))
        return Rounds(self.chance.choice((0.3, 2.0, 10.0)), unmark_after)

    def _draw_troubles(self) -> list[Recurring]:
        """Events between steps: share of steps, and a chance of its own."""
        drawn = [
            Recurring(each, rate, Random(f"{self.seed} {each.name}"))
            for each in Troubles(self.world, self.chance).all()
            if (rate := self.chance.choice(TROUBLE_SHARES))
        ]
        # Who looked before an account fails over must not act long after: that is a known limit.
        return [each for each in drawn if not (self._fails_over and each.trouble.name == PAUSED)]

    def run(self) -> Report:
        """Run it. Raises HistoryFailed when a promise is broken."""
        with inside(self.world) as world:
            try:
                with self._limits():
                    self._run(world)
                self._clear_outboxes(world)
                self._stay_settled(world)
            except Violation as violation:
                raise HistoryFailed(self, violation) from violation
            except Exception as error:  # of the code under test, or of the simulation itself
                raise HistoryFailed(self, Violation(Broken.ERROR, repr(error))) from error
        entries = sum(len(rows.entries) for rows in world.tables.keys.values())
        faults = self.faults.count + world.ledger.count
        return Report(world.loop.steps, world.loop.time(), faults, entries, self.placement.name)

    def _limits(self) -> AbstractContextManager[None]:
        share = 0.5 if self.profile.has_trouble and self.chance.random() < SHARE_SMALL else 0.0
        if share and self._keeps(("small limits", 0)):
            return some_small(Random(f"{self.seed} limits"), share)
        return nullcontext()

    def _run(self, world: World) -> None:
        chance = self.chance
        world.network.slow_share = chance.choice(self.profile.slow_shares)
        if self.faults.is_focused:
            world.network.store_seconds_max = chance.choice(HANGING_SECONDS)
        if self._is_about(("inbox.overdue",)):
            world.sweep_every_seconds = 1.0
        world.entities.idle_share = chance.choice((0.0, 0.1)) if self.profile.has_trouble else 0.0
        world.tables.names_rows = chance.random() < 0.5
        world.patience = 0.9
        world.skew_seconds = chance.choice(self.profile.skews)
        storm_seconds = chance.choice(STORM_LONG if self.faults.is_focused else STORM_SHORT)
        for n, roles in enumerate(self.placement.hosts):
            if n == 0 or len(roles) == 1 or self._keeps(("host", n)):
                world.start(roles)
        world.start_timers()
        sendings = draw_sendings(chance, self._plan(storm_seconds), world.variant.samples)
        calls = world.send(
            [self._shorter(n, each) for n, each in enumerate(sendings) if self._keeps(("call", n))]
        )
        lost: list[Request] = []
        if self._fails_over:
            world.run(lambda: world.loop.time() > storm_seconds / 2, self._maybe_trouble)
            lost = fail_over(world, chance)
            self.faults.happened("account FAILED_OVER")
        world.run(lambda: world.loop.time() > storm_seconds, self._maybe_trouble)
        self._calm_down(world)
        world.settle(calls, CALM_SECONDS_MAX)
        if self.profile is QUIET:
            self._check_budgets(world)
        if lost:
            self._send_again(world, lost)

    def _check_budgets(self, world: World) -> None:
        """Raise Violation when something took too long, or a log is not in its entity's order."""
        slow = {n: s for n, s in world.ledger.answered_after.items() if s > QUIET_SECONDS_MAX}
        if slow:
            raise Violation(Broken.SLOW, f"{slow}")
        if self.placement is TOGETHER:
            world.ledger.check_order(world.entities.listed, world.tables)

    def _plan(self, seconds: float) -> Plan:
        chance, samples = self.chance, self.world.variant.samples
        keys = chance.sample(samples.keys, chance.choice(self.profile.keys))
        many = MANY_REQUESTS if self._is_about(PUBLISHING) else MORE_REQUESTS
        most = self.profile.requests_max * (many if self.faults.is_focused else 1)
        failing = SHARE_FAILING if "letter.put" in self.faults.kinds else 0.0
        rivals = chance.choice((0.0, 0.3, 1.0))
        plan = Plan(keys, chance.randint(1, most), rivals, seconds, failing)
        return replace(plan, groups=MANY_GROUPS) if self._is_about(HANDED_OVER) else plan

    def _is_about(self, calls: tuple[str, ...]) -> bool:
        """Whether only few kinds of calls fail, and some of these among them."""
        return self.faults.is_focused and any(e.startswith(calls) for e in self.faults.kinds)

    def _shorter(self, number: int, sending: Sending) -> Sending:
        """A call for many requests may be for fewer of them."""
        first, *others = sending.requests
        kept = [each for n, each in enumerate(others) if self._keeps((f"more of call {number}", n))]
        return Sending(
            *(sending.at, (first, *kept), sending.way, sending.seconds, sending.made_here)
        )

    def _send_again(self, world: World, lost: Sequence[Request]) -> None:
        """Whoever sends again what the account has lost gets its place, though the entity and the
        processes have seen it before, and may know it as done."""
        world.pass_time(CALL_SECONDS_MAX)
        calls = world.send([Sending(0.1 * n, (each,)) for n, each in enumerate(lost)])
        world.settle(calls, CALM_SECONDS_MAX)

    def _clear_outboxes(self, world: World) -> None:
        """What an outbox still lists is in the log, and word of that got lost, or what put it
        there was late. The next request of the key clears it; what it sends may itself be late."""
        world.patience = 1.0
        old: list[str] = []
        for number in range(NEXT_REQUESTS_MAX + 1):
            self._let_all_arrive(world)
            sent = {f"next{n}" for n in range(number)}
            old = sorted(key for key in world.entities.rows if not sent >= set(world.outbox(key)))
            if not old:
                return
            payload = world.variant.samples.payloads[0]
            requests = [Request(each, f"next{number}", payload) for each in old]
            calls = world.send([Sending(n, (each,)) for n, each in enumerate(requests)])
            world.settle(calls, CALM_SECONDS_MAX)
        raise Violation(Broken.LEFT, f"outboxes of {old}: {[world.outbox(each) for each in old]}")

    def _stay_settled(self, world: World) -> None:
        """Nobody sends anything any more: what hangs ends, and then nothing moves."""
        world.pass_time(CALL_SECONDS_MAX + IDLE_SECONDS)
        before = world.output.count
        world.pass_time(IDLE_SECONDS)
        world.settle((), 0.0)
        if world.output.count != before:
            raise Violation(Broken.RESTLESS, f"{world.output.count - before} events")

    def _let_all_arrive(self, world: World) -> None:
        """What is late comes, and what dead hosts had in flight runs."""
        deadline = world.loop.time() + HUB_SECONDS_MAX
        world.run(
            lambda: (
                (world.network.late_ones == 0 and world.orchestrations.running == 0)
                or world.loop.time() > deadline
            )
        )
        if world.orchestrations.running:
            raise Violation(Broken.STUCK, "an orchestration does not end")
        world.pass_time(2.0)

    def _calm_down(self, world: World) -> None:
        world.note("calm", "")
        self.faults.stop()
        world.network.slow_share = 0.0
        world.network.out_until = 0.0
        world.network.hub_hangs_until = 0.0
        world.entities.idle_share = 0.0
        world.restore_hub()
        if world.publishing is not None:
            world.publishing = replace(world.publishing, every_seconds=CALM_ROUND_SECONDS)
        world.run(lambda: not world.is_anybody_paused())

    def _maybe_trouble(self) -> None:
        self._moment += 1
        for each in self._troubles:
            if each.at <= self._moment:
                each.again()
                if each.trouble.can() and self.faults.happened(each.trouble.name):
                    each.trouble.happen()
