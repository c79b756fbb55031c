"""Many histories, one after the other."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.faults import KINDS, MESSAGE, WRITE, Fault
from tests.simulation.history import ANYTHING, History, HistoryFailed, Profile
from tests.simulation.small import play
from tests.simulation.world import REAL, Variant

PAIRED: Final = {WRITE: WRITE, MESSAGE: (Fault.SWALLOWED, Fault.TWICE)}


@dataclass(slots=True)
class Totals:
    """What many histories consisted of, all told."""

    histories: int = 0
    steps: int = 0
    todos: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        faults = sum(self.faults.values())
        return (
            f"{self.histories} histories, {self.steps} steps checked, "
            f"{self.todos} TODOs, {faults} faults"
        )


def run_seeds(seeds: Iterable[int], totals: Totals) -> None:
    """Run the history of each seed. Raises HistoryFailed with the first that breaks a promise."""
    for seed in seeds:
        report = History(seed).run()
        totals.histories += 1
        totals.steps += report.steps
        totals.todos += report.todos
        totals.faults += report.faults


def first_failure(
    seeds: Iterable[int], variant: Variant = REAL, profile: Profile = ANYTHING
) -> HistoryFailed | None:
    """Return how the first history fails that does."""
    for seed in seeds:
        try:
            History(seed, variant, profile).run()
        except HistoryFailed as failure:
            return failure
    return None


def single_faults(schedule: int) -> Iterator[tuple[int, Fault]]:
    """Every call of the small history with each of its ways to fail."""
    _, written = play(schedule)
    for place, call in enumerate(written.calls):
        for fault in KINDS[call]:
            yield place, fault


def write_pairs(schedule: int) -> Iterator[dict[int, Fault]]:
    """Every two calls of it that change something, with each of their ways to fail that differ.

    The second is one of those that there are once the first has failed. (What a sender of a
    message is told makes no difference but a line in its log: single faults try that.)
    """
    _, written = play(schedule)
    for place, fault in _writes(written.calls):
        _, after = play(schedule, {place: fault})
        for later_place, later_fault in _writes(after.calls, place + 1):
            yield {place: fault, later_place: later_fault}


def _writes(calls: list[str], start: int = 0) -> Iterator[tuple[int, Fault]]:
    for place, call in enumerate(calls):
        if place >= start:
            for fault in PAIRED.get(KINDS[call], ()):
                yield place, fault
