"""FIDELITY.md: how much of what was recorded this host answers alike, written from a run."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from localhost.conformance.corpus import read_differences
from localhost.knowledge import BINDINGS, ELSEWHERE, HOST_JSON, IN_SOURCE, Basis

PAGE: Final = Path(__file__).parents[1] / "FIDELITY.md"
SHARE_MIN: Final = 0.99
"""At most one case in a hundred may differ."""
RECORDED_ON: Final = "28 November 2026"
RECORDED_FROM: Final = (
    "Azure Functions host 4.1037 (on .NET 10, Kestrel, Linux), Python worker 4.34 (CPython 3.11), "
    "azure-functions-durable 1.7.0, Durable extension 3.19 (DurableTask.AzureStorage 2.11.2, Core "
    "3.11.2), extension bundle 4.38.0, Azurite 3.35"
)


@dataclass(slots=True)
class Area:
    """A set, and how its cases went."""

    what: str
    compared: int = 0
    different: list[str] = field(default_factory=list)


class Tally:
    """Counts while tests run. Not thread-safe: tests run one after another."""

    def __init__(self) -> None:
        self.areas: dict[str, Area] = {}

    def add(self, area: str, what: str, case: str, *, equal: bool) -> None:
        """Count one case."""
        found = self.areas.setdefault(area, Area(what))
        found.compared += 1
        if not equal:
            found.different.append(case)

    @property
    def compared(self) -> int:
        """How many cases were compared in all."""
        return sum(area.compared for area in self.areas.values())

    @property
    def share(self) -> float:
        """The share of equal cases."""
        return 1 - sum(len(area.different) for area in self.areas.values()) / max(1, self.compared)


def write_page(tally: Tally) -> None:
    """Write the page from a run of all cases."""
    PAGE.write_text("\n".join(_lines(tally)) + "\n", encoding="utf-8")


def _lines(tally: Tally) -> Iterator[str]:
    today = datetime.now(UTC).date().isoformat()
    yield "# Fidelity"
    yield ""
    yield "How far this host answers as the real one does. Written by `make conformance`; do not edit."
    yield ""
    yield f"Recorded on {RECORDED_ON} from {RECORDED_FROM}."
    yield f"Compared on {today} with Python {platform.python_version()}."
    yield ""
    yield f"**{tally.share:.1%} of {tally.compared} recorded answers are equal.**"
    yield ""
    yield "| area | covers | compared | equal | differ |"
    yield "|---|---|---|---|---|"
    for name, area in tally.areas.items():
        share = 1 - len(area.different) / area.compared
        row = f"{area.what} | {area.compared} | {share:.1%} | {len(area.different)}"
        yield f"| {name} | {row} |"
    yield ""
    yield from _differences(tally)
    yield from _unrecorded()


def _differences(tally: Tally) -> Iterator[str]:
    known, grouped = read_differences(), dict[str, list[str]]()
    for area in tally.areas.values():
        for case in area.different:
            reason = known[case].reason if case in known else "not explained"
            grouped.setdefault(reason, []).append(case)
    yield "## What differs"
    yield ""
    yield "Each case is listed in `conformance/differences.json`; any other difference fails the run,"
    yield "and so does one that is gone but still listed."
    yield ""
    for reason, cases in grouped.items():
        yield f"- {reason}: {', '.join(cases)}"
    yield ""


def _unrecorded() -> Iterator[str]:
    yield "## What is not recorded"
    yield ""
    yield "| part | known from | note |"
    yield "|---|---|---|"
    parts = (*BINDINGS.values(), *HOST_JSON.values(), *IN_SOURCE.values(), *ELSEWHERE)
    for basis in (Basis.READ, Basis.GUESSED, Basis.NOT_BUILT):
        for part in parts:
            if part.basis is basis:
                yield f"| {part.name} | {part.basis} | {part.note} |"
    yield ""
    yield "*read*: from the source of host and extensions. *not built*: answered 501 or refused with"
    yield "its name. `python -m localhost check APP` says which of all this an app uses."
