"""FIDELITY.md: how much of what was recorded this host answers alike, written from a run."""

import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from localhost.conformance.tally import Tally, by_reason
from localhost.knowledge import BINDINGS, ELSEWHERE, HOST_JSON, IN_SOURCE, Basis, Part

PAGE: Final = Path(__file__).parents[1] / "FIDELITY.md"
RECORDED_ON: Final = "28 November 2026"
RECORDED_FROM: Final = (
    "Azure Functions host 4.1037 (on .NET 10, Kestrel, Linux), Python worker 4.34 (CPython 3.11), "
    "azure-functions-durable 1.7.0, Durable extension 3.19 (DurableTask.AzureStorage 2.11.2, Core "
    "3.11.2), extension bundle 4.38.0, Azurite 3.35"
)


def write_page(tally: Tally, reasons: Mapping[str, str]) -> None:
    """Write the page from a run of all cases."""
    PAGE.write_text("\n".join(_lines(tally, reasons)) + "\n", encoding="utf-8")


def _lines(tally: Tally, reasons: Mapping[str, str]) -> Iterator[str]:
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
        equal, all_ = len(area.equal), area.compared
        yield f"| {name} | {area.what} | {all_} | {equal / all_:.1%} | {all_ - equal} |"
    yield ""
    yield from _differences(tally, reasons)
    yield from _unrecorded()


def _differences(tally: Tally, reasons: Mapping[str, str]) -> Iterator[str]:
    yield "## What differs"
    yield ""
    yield "Each case is listed in `conformance/differences.json`; any other difference fails the run,"
    yield "and so does one that is gone but still listed."
    yield ""
    for reason, cases in by_reason(tally, reasons).items():
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
                yield _row(part)
    yield ""
    yield "*read*: from the source of host and extensions. *not built*: answered 501 or refused with"
    yield "its name. `python -m localhost check APP` says which of all this an app uses."


def _row(part: Part) -> str:
    return f"| {part.name} | {part.basis} | {part.note} |"
