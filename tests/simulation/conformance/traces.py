"""Plays histories under observation."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from model.trace import Trace
from tests.simulation.conformance.observed_app import observed
from tests.simulation.conformance.record import Record
from tests.simulation.conformance.translate import traces_of
from tests.simulation.faults import Fault
from tests.simulation.history import ANYTHING, History, HistoryFailed, Profile
from tests.simulation.ledger import Violation
from tests.simulation.small import play
from tests.simulation.world import REAL, Variant


def traces_of_seeds(
    seeds: Iterable[int], variant: Variant = REAL, profile: Profile = ANYTHING
) -> list[Trace]:
    """Return a trace for each project of each history.

    When a promise is broken they end there: to notice that is for others.
    """
    traces: list[Trace] = []
    for seed in seeds:
        record = Record()
        with suppress(HistoryFailed):
            History(seed, observed(variant, record), profile).run()
        traces += traces_of(record, f"seed {seed}")
    return traces


def traces_of_play(
    schedule: int, faults: Mapping[int, Fault], variant: Variant = REAL
) -> list[Trace]:
    """Return the trace of the small history, with faults at calls."""
    record = Record()
    with suppress(Violation):
        play(schedule, faults, variant=observed(variant, record))
    told = ", ".join(f"{fault.name} at call {place}" for place, fault in faults.items())
    return traces_of(record, f"small history {schedule}, {told or 'no faults'}")
