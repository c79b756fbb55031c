"""Chooses histories: all with few deviations from the usual order, then random ones.

A deviation is a switch to another task, a fault, or another way for an effect to happen. Most
mistakes need two or three of them (Musuvathi and Qadeer, "Iterative context bounding", PLDI 2007),
so going by their number finds a short history first. A history that reaches a state where another
one has been is left there: what may follow is looked at once.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from workshop.simulator.history import History
from workshop.simulator.process import NO_FAULTS, Faults
from workshop.simulator.world import Broken, World

RUNS_MAX: Final = 1_200
"""Histories of one scenario, bounded by number so that the same code gets the same answer."""

RANDOM_SHARE: Final = 0.25
"""How many random histories come on top, when not all histories fit."""

SHORTEN_STEPS_MAX: Final = 50_000
"""Spent on finding a shorter history, once one is found."""

RANDOM_DEVIATION: Final = 0.25
"""The probability of not doing the usual, at each step of a random history."""

Build = Callable[[World], None]
Choose = Callable[[int, int], int]
"""(step, number of moves) -> the move"""

Deviations = tuple[tuple[int, int], ...]
"""(step, the move that was made instead of move 0)"""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A small world with the faults that may happen in it."""

    name: str
    build: Build
    faults: Faults = NO_FAULTS
    runs_max: int = RUNS_MAX


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken promise and the history that breaks it."""

    broken: str
    history: History
    deviations: Deviations


@dataclass(frozen=True, slots=True)
class Explored:
    """What was looked at, and the shortest history found that breaks a promise."""

    fault: Fault | None
    states: int
    random_runs: int
    """Random histories; 0 when the scenario can reach no further states."""


@dataclass(frozen=True, slots=True)
class Run:
    """One history: how many moves each step had, which were made, what was broken."""

    widths: list[int]
    made: list[int]
    fault: Fault | None

    @property
    def deviations(self) -> Deviations:
        """The steps that did not do the usual, with what they did."""
        return tuple((step, move) for step, move in enumerate(self.made) if move)


def explore(scenario: Scenario) -> Explored:
    """Look at histories until one breaks a promise, all were seen, or there were enough."""
    seen: set[int] = set()
    waiting: deque[Deviations] = deque([()])
    best: Fault | None = None
    runs = 0
    steps_left = SHORTEN_STEPS_MAX
    while waiting and runs < scenario.runs_max and steps_left > 0:
        deviations = waiting.popleft()
        if best and len(deviations) > len(best.deviations):
            break
        after = deviations[-1][0] if deviations else -1
        run = replay(scenario, deviations, seen)
        runs += 1
        steps_left -= len(run.widths) if best else 0
        if run.fault:
            best = shorter(best, run.fault)
        elif not best:
            for step in range(after + 1, len(run.widths)):
                waiting += [(*deviations, (step, move)) for move in range(1, run.widths[step])]
    if best:
        return Explored(shorten(scenario, best), len(seen), 0)
    extra = int(scenario.runs_max * RANDOM_SHARE) if waiting else 0
    return Explored(explore_at_random(scenario, extra), len(seen), extra)


def explore_at_random(scenario: Scenario, runs: int) -> Fault | None:
    """Return the first fault of so many random histories, shortened; always the same ones."""
    chance = random.Random(17)  # noqa: S311 - chooses histories, guards nothing

    def choose(_step: int, moves: int) -> int:
        return chance.randrange(moves) if chance.random() < RANDOM_DEVIATION else 0

    for _ in range(runs):
        run = perform(scenario, choose)
        if run.fault:
            return shorten(scenario, run.fault)
    return None


def shorten(scenario: Scenario, fault: Fault) -> Fault:
    """Leave out deviations, or add one, for as long as the history gets shorter and breaks."""
    steps_left = SHORTEN_STEPS_MAX
    for deviations in neighbours(scenario, fault.deviations):
        run = replay(scenario, deviations)
        steps_left -= len(run.widths)
        if run.fault and shorter(fault, run.fault) is run.fault:
            return shorten(scenario, run.fault)
        if steps_left < 0:
            break
    return fault


def neighbours(scenario: Scenario, deviations: Deviations) -> Iterator[Deviations]:
    """Yield the histories with one deviation less, and those with one more or another."""
    for left_out in range(len(deviations)):
        yield deviations[:left_out] + deviations[left_out + 1 :]
    by_step = dict(deviations)
    for step, width in enumerate(replay(scenario, deviations).widths):
        for move in range(width):
            if move != by_step.get(step, 0):
                changed = {**by_step, step: move}
                yield tuple(sorted((at, each) for at, each in changed.items() if each))
                # What came later may have meant moves that are at other steps now.
                yield tuple(
                    sorted((at, each) for at, each in changed.items() if each and at <= step)
                )


def replay(scenario: Scenario, deviations: Deviations, seen: set[int] | None = None) -> Run:
    """Perform the history that does the usual but for these deviations.

    With `seen`, what comes before the last deviation is taken to be checked, and `seen` grows.
    """
    by_step = dict(deviations)
    new_from = deviations[-1][0] if seen is not None and deviations else 0
    # After something was left out a step may have fewer moves than before.
    return perform(
        scenario, lambda step, moves: min(by_step.get(step, 0), moves - 1), seen, new_from
    )


def perform(
    scenario: Scenario, choose: Choose, seen: set[int] | None = None, new_from: int = 0
) -> Run:
    """Make moves until a promise is broken, all has come to rest, or it is as in a history before."""
    world = World(scenario.faults)
    widths: list[int] = []
    made: list[int] = []
    broken: str | None = None
    try:
        scenario.build(world)
        while moves := world.moves():
            move = choose(len(widths), len(moves)) if len(moves) > 1 else 0
            widths.append(len(moves))
            made.append(move)
            moves[move]()
            world.check_length(len(widths))
            if len(widths) > new_from:  # before that it is a history that was checked
                world.check()
                if seen is not None and is_known(world, seen):
                    break
        else:
            world.check_end()
    except Broken as error:
        broken = str(error)
    finally:
        world.close()
    run = Run(widths, made, None)
    fault = Fault(broken, world.history, run.deviations) if broken else None
    return Run(widths, made, fault)


def is_known(world: World, seen: set[int]) -> bool:
    """Whether another history has been here."""
    state = world.fingerprint()
    known = state in seen
    seen.add(state)
    return known


def shorter(one: Fault | None, other: Fault) -> Fault:
    """Return the one with fewer lines, then with fewer deviations; of two equals the first."""
    if one is None:
        return other
    return min(one, other, key=lambda each: (len(each.history), len(each.deviations)))
