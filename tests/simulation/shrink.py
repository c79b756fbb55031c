"""Makes a history that fails smaller: leaves out calls of clients, faults, processes and options
while it still breaks the same promise.

A large history is fragile: whatever is left out moves what comes after. So histories with few
requests are looked through first for one that breaks the promise too, and each shorter one is
tried on a few schedules. All of it follows from the seed, so the seed replays it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from tests.simulation.faults import Atom
from tests.simulation.history import ANYTHING, Cut, History, HistoryFailed, Profile
from tests.simulation.world import REAL, Variant

SCHEDULES: Final = 3
"""On which a shorter history is tried."""

SCHEDULES_AT_THE_END: Final = 30
"""On which what is left is tried."""

RUNS_MAX: Final = 800
"""Of one search: about a minute at most."""

SMALL_RUNS_MAX: Final = 200
"""Of these, for histories that are small from the beginning."""

REQUESTS_FEW: Final = 3

Start = tuple[int | str, Profile]
"""From what a history is drawn."""


@dataclass(slots=True)
class Search:
    """Looks for a small history that breaks the same promise as that of a seed."""

    seed: int
    variant: Variant = REAL
    profile: Profile = ANYTHING
    runs: int = 0
    _start: Start = field(init=False)
    _cut: Cut = field(init=False, default_factory=Cut)
    _best: HistoryFailed | None = field(init=False, default=None)

    def smallest(self) -> HistoryFailed | None:
        """Return how it fails, or None when the whole history does not."""
        self._start = (self.seed, self.profile)
        self._best = self._fails(self._start, self._cut)
        if self._best is None:
            return None
        self._begin_small()
        size = len(self._best.atoms)
        while size > 0 and self.runs < RUNS_MAX:
            if not self._leave_out_parts_of(size) or size > len(self._best.atoms):
                size //= 2
        self._try_other_schedules()
        return self._best

    def _try_other_schedules(self) -> None:
        """What is left may happen sooner, or with less between its parts."""
        for schedule in range(SCHEDULES_AT_THE_END):
            self._try(Cut(self._cut.without, schedule))

    def _begin_small(self) -> None:
        """Go on from a history with few requests, if one of them breaks the same promise."""
        for start in self._small_starts():
            if self.runs >= min(RUNS_MAX, SMALL_RUNS_MAX):
                return
            failure = self._fails(start, Cut())
            if failure is not None and self._is_smaller(failure):
                self._start, self._best = start, failure

    def _small_starts(self) -> Iterator[Start]:
        few = replace(self.profile, keys=(1,), requests_max=REQUESTS_FEW)
        for number in range(SMALL_RUNS_MAX):
            yield f"{self.seed}-{number}", few

    def _leave_out_parts_of(self, size: int) -> bool:
        """Try to do without each part of so many atoms; say whether it worked for one."""
        assert self._best is not None
        atoms, smaller = self._best.atoms, False
        for first in range(0, len(atoms), size):
            part = frozenset(atoms[first : first + size])
            smaller |= any(self._do_without(part, schedule) for schedule in range(SCHEDULES))
        return smaller

    def _do_without(self, part: frozenset[Atom], schedule: int) -> bool:
        if part <= self._cut.without:
            return False
        return self._try(Cut(self._cut.without | part, schedule))

    def _try(self, cut: Cut) -> bool:
        if self.runs >= RUNS_MAX:
            return False
        failure = self._fails(self._start, cut)
        if failure is None or not self._is_smaller(failure):
            return False
        self._cut, self._best = cut, failure
        return True

    def _is_smaller(self, failure: HistoryFailed) -> bool:
        """Whether it breaks the same promise with less; of equals, the one with less to read."""
        assert self._best is not None
        if failure.violation.broken is not self._best.violation.broken:
            return False
        less = (len(failure.atoms), len(failure.trace))
        return less < (len(self._best.atoms), len(self._best.trace))

    def _fails(self, start: Start, cut: Cut) -> HistoryFailed | None:
        self.runs += 1
        seed, profile = start
        try:
            History(seed, self.variant, profile, cut, shown_as=self.seed).run()
        except HistoryFailed as failure:
            return failure
        return None
