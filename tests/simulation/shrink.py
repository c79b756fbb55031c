"""Makes a history that fails smaller: leaves out calls of clients, faults, processes and options
while it still breaks the same promise.

Leaving something out moves what comes after, so a shorter history is tried on a few schedules.
"""

from dataclasses import dataclass, field
from typing import Final

from tests.simulation.faults import Atom
from tests.simulation.history import ANYTHING, Cut, History, HistoryFailed, Profile
from tests.simulation.world import REAL, Variant

SCHEDULES: Final = 3
"""On which a shorter history is tried."""

RUNS_MAX: Final = 800
"""Of one search: some ten seconds."""


@dataclass(slots=True)
class Search:
    """Looks for a small history of a seed that breaks the same promise."""

    seed: int
    variant: Variant = REAL
    profile: Profile = ANYTHING
    runs: int = 0
    _cut: Cut = field(init=False, default_factory=Cut)
    _best: HistoryFailed | None = field(init=False, default=None)

    def smallest(self) -> HistoryFailed | None:
        """Return how it fails, or None when the whole history does not."""
        self._best = self._fails(self._cut)
        if self._best is None:
            return None
        size = len(self._best.atoms)
        while size > 0 and self.runs < RUNS_MAX:
            if not self._leave_out_parts_of(size) or size > len(self._best.atoms):
                size //= 2
        return self._best

    def _leave_out_parts_of(self, size: int) -> bool:
        """Try to do without each part of so many atoms; say whether it worked for one."""
        assert self._best is not None
        atoms, smaller = self._best.atoms, False
        for first in range(0, len(atoms), size):
            part = frozenset(atoms[first : first + size])
            smaller |= any(self._do_without(part, schedule) for schedule in range(SCHEDULES))
        return smaller

    def _do_without(self, part: frozenset[Atom], schedule: int) -> bool:
        assert self._best is not None
        if part <= self._cut.without or self.runs >= RUNS_MAX:
            return False
        cut = Cut(self._cut.without | part, schedule)
        failure = self._fails(cut)
        if failure is None or failure.violation.broken is not self._best.violation.broken:
            return False
        if len(failure.atoms) >= len(self._best.atoms):
            return False
        self._cut, self._best = cut, failure
        return True

    def _fails(self, cut: Cut) -> HistoryFailed | None:
        self.runs += 1
        try:
            History(self.seed, self.variant, self.profile, cut).run()
        except HistoryFailed as failure:
            return failure
        return None
