"""What a run has seen, by area."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SHARE_MIN: Final = 0.99
"""At most one case in a hundred may differ."""


@dataclass(slots=True)
class Area:
    """A set, and how its cases went."""

    what: str
    equal: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)

    @property
    def compared(self) -> int:
        """How many cases were compared."""
        return len(self.equal) + len(self.different)


class Tally:
    """Counts while tests run. Not thread-safe: tests run one after another."""

    def __init__(self) -> None:
        self.areas: dict[str, Area] = {}

    def add(self, area: str, what: str, case: str, *, equal: bool) -> None:
        """Count one case."""
        found = self.areas.setdefault(area, Area(what))
        (found.equal if equal else found.different).append(case)

    @property
    def compared(self) -> int:
        """How many cases were compared in all."""
        return sum(area.compared for area in self.areas.values())

    @property
    def share(self) -> float:
        """The share of equal cases."""
        return sum(len(area.equal) for area in self.areas.values()) / max(1, self.compared)


def by_reason(tally: Tally, reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the cases that differ by the reason that is known for them."""
    grouped: dict[str, list[str]] = {}
    for area in tally.areas.values():
        for case in area.different:
            grouped.setdefault(reasons.get(case, "not explained"), []).append(case)
    return grouped
