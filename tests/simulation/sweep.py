"""Many histories, one after the other or on several cores."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.faults import KINDS, UNUSED
from tests.simulation.history import ANYTHING, History, HistoryFailed, Profile
from tests.simulation.shrink import Search
from tests.simulation.world import REAL, Variant
from tools import stopping

SEEDS_PER_PART: Final = 50

OTHER_KINDS: Final = (
    *("client REPEATED", "client OTHER_CONTENT"),
    *("message DELAYED", "signals REORDERED", "signals INVISIBLE", "queue IDLE", "timer EARLY"),
    *("host KILLED", "worker KILLED", "host PAUSED", "activity KILLED", "activity INVISIBLE"),
    *("activity FAILED", "episode INVISIBLE", "entity LOST", "entity ROLLED_BACK"),
    *("hub WIPED", "hub WENT_BACK", "hub STANDS_STILL", "hub HUNG", "hub WITHOUT_TABLES"),
    *("call HANGS", "call WITHOUT_TABLES", "store OUT", "store THROTTLED", "rows UNREADABLE"),
    "account FAILED_OVER",
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
    entries: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    placements: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Totals") -> None:
        self.histories += other.histories
        self.steps += other.steps
        self.entries += other.entries
        self.faults += other.faults
        self.placements += other.placements

    def seldom(self, times: int) -> list[str]:
        """Kinds of faults that were injected less often than that."""
        return [kind for kind in all_kinds() if self.faults[kind] < times]

    def __str__(self) -> str:
        faults = sum(self.faults.values())
        return (
            f"{self.histories} histories, {self.steps} steps checked, "
            f"{self.entries} entries, {faults} faults"
        )


def run_seeds(seeds: Iterable[int], totals: Totals, *, shrink: bool = True) -> None:
    """Run the history of each seed. Raises HistoryFailed, made as small as it gets unless `shrink`
    is off, with the first that breaks a promise.
    """
    for seed in seeds:
        try:
            report = History(seed).run()
        except HistoryFailed as failure:
            raise ((Search(seed).smallest() if shrink else None) or failure) from None
        totals.histories += 1
        totals.steps += report.steps
        totals.entries += report.entries
        totals.faults += report.faults
        totals.placements[report.placement] += 1


def run_on_all_cores(seeds: Sequence[int]) -> Iterator[Totals | str]:
    """Yield what each part of the seeds consisted of, or how a history failed."""
    parts = [seeds[n : n + SEEDS_PER_PART] for n in range(0, len(seeds), SEEDS_PER_PART)]
    pool = ProcessPoolExecutor(os.cpu_count(), initializer=stopping.leave_to_parent)
    try:
        yield from pool.map(_run_part, parts)
    finally:
        # What is under way is of no use any more after a failure.
        for process in list((pool._processes or {}).values()):
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)


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
