"""Many histories, one after the other or on several cores; and every fault of a small one."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.faults import (
    EPISODE,
    GUARDED,
    KINDS,
    MESSAGE,
    SEND,
    UNUSED,
    WORK,
    WRITE,
    Fault,
)
from tests.simulation.history import ANYTHING, History, HistoryFailed, Profile
from tests.simulation.shrink import Search
from tests.simulation.small import play
from tests.simulation.world import REAL, Variant

PAIRED: Final = {
    WRITE: WRITE,
    GUARDED: (*WRITE, Fault.REPEATED),
    MESSAGE: (Fault.SWALLOWED, Fault.TWICE),
    SEND: (Fault.BEFORE, Fault.AFTER),
    WORK: (Fault.UNCOMMITTED,),
    EPISODE: (Fault.UNCOMMITTED, Fault.WORKER_DIED),
}

SEEDS_PER_PART: Final = 100

OTHER_KINDS: Final = (
    *("client REPEATED", "client OTHER_TITLE"),
    *("message DELAYED", "signals REORDERED", "queue IDLE"),
    *("process KILLED", "activity KILLED", "activity FAILED"),
    *("entity LOST", "entity ROLLED_BACK", "hub WIPED"),
    *("store OUT", "store THROTTLED"),
)
"""What goes wrong besides single calls and work items."""


def all_kinds() -> list[str]:
    """Everything that random histories are to be full of."""
    calls = [f"{call} {f.name}" for call in KINDS if call not in UNUSED for f in KINDS[call]]
    return sorted([*calls, *OTHER_KINDS])


@dataclass(slots=True)
class Totals:
    """What many histories consisted of, all told."""

    histories: int = 0
    steps: int = 0
    todos: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Totals") -> None:
        self.histories += other.histories
        self.steps += other.steps
        self.todos += other.todos
        self.faults += other.faults

    def seldom(self, times: int) -> list[str]:
        """Kinds of faults that were injected less often than that."""
        return [kind for kind in all_kinds() if self.faults[kind] < times]

    def __str__(self) -> str:
        faults = sum(self.faults.values())
        return (
            f"{self.histories} histories, {self.steps} steps checked, "
            f"{self.todos} TODOs, {faults} faults"
        )


def run_seeds(seeds: Iterable[int], totals: Totals) -> None:
    """Run the history of each seed. Raises HistoryFailed, made as small as it gets, with the
    first that breaks a promise."""
    for seed in seeds:
        try:
            report = History(seed).run()
        except HistoryFailed as failure:
            raise (Search(seed).smallest() or failure) from None
        totals.histories += 1
        totals.steps += report.steps
        totals.todos += report.todos
        totals.faults += report.faults


def run_on_all_cores(seeds: Sequence[int]) -> Iterator[Totals | str]:
    """Yield what each part of the seeds consisted of, or how a history failed."""
    parts = [seeds[n : n + SEEDS_PER_PART] for n in range(0, len(seeds), SEEDS_PER_PART)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(_run_part, parts)


def _run_part(seeds: Sequence[int]) -> Totals | str:
    totals = Totals()
    try:
        run_seeds(seeds, totals)
    except HistoryFailed as failure:
        return str(failure)
    return totals


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
