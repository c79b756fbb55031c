"""Many histories, one after the other or on several cores."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection, wait
from typing import Final

from tests.simulation.faults import KINDS, UNUSED
from tests.simulation.history import ANYTHING, History, HistoryFailed, Profile
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


@dataclass(frozen=True, slots=True)
class Failure:
    """Ends a sweep."""

    said: str
    seed: int | None = None
    """Whose history broke a promise; None when it was no history that failed."""


Part = Totals | Failure


def run_seeds(seeds: Iterable[int], totals: Totals) -> None:
    """Run the history of each seed. Raises HistoryFailed with the first that breaks a promise."""
    for seed in seeds:
        try:
            report = History(seed, is_traced=False).run()
        except HistoryFailed:
            History(seed).run()  # once more, writing down what happens
            raise
        totals.histories += 1
        totals.steps += report.steps
        totals.entries += report.entries
        totals.faults += report.faults
        totals.placements[report.placement] += 1


def run_part(seeds: Sequence[int]) -> Part:
    """Run some histories; return what they consisted of, or the first that failed."""
    totals = Totals()
    try:
        run_seeds(seeds, totals)
    except HistoryFailed as failure:
        return Failure(str(failure), failure.seed)
    return totals


def run_on_all_cores(
    seeds: Sequence[int], run: Callable[[Sequence[int]], Part] = run_part
) -> Iterator[Part]:
    """Yield what each part of the seeds came to, as they come; the processes end with it.

    Each process has a pipe of its own and shares no lock with any other, so that one may be
    killed at any moment.
    """
    parts = [seeds[n : n + SEEDS_PER_PART] for n in range(0, len(seeds), SEEDS_PER_PART)]
    count = min(os.cpu_count() or 1, len(parts))
    processes: list[Process] = []
    pipes: list[Connection] = []
    try:
        for n in range(count):
            pipe, theirs = Pipe(duplex=False)
            process = Process(target=_work, args=(parts[n::count], run, theirs), daemon=True)
            process.start()
            theirs.close()  # or nobody would notice that it has died
            processes.append(process)
            pipes.append(pipe)
        yield from _as_they_come(pipes)
    finally:
        # What is under way is of no use any more, after a failure or Ctrl-C.
        for process in processes:
            process.kill()
            process.join()


def _as_they_come(pipes: Sequence[Connection]) -> Iterator[Part]:
    left = list(pipes)
    while left:
        for pipe in wait(left):
            assert isinstance(pipe, Connection)
            try:
                part: Part | None = pipe.recv()
            except EOFError:
                yield Failure("a process of the sweep has died")
                return
            if part is None:
                left.remove(pipe)
            else:
                yield part


def _work(
    parts: Sequence[Sequence[int]], run: Callable[[Sequence[int]], Part], pipe: Connection
) -> None:
    """What one process does; None says that it is done."""
    stopping.leave_to_parent()
    for part in parts:
        pipe.send(run(part))
    pipe.send(None)


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
