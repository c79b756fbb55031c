"""The code does what the model does, whatever fails; and it would be noticed if it did not."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import pytest

from model import java
from model.expectation import FOLDER
from model.trace import Line, Rejection, Trace, Value, check
from tests.simulation.conformance.observed_app import observed
from tests.simulation.conformance.record import Record
from tests.simulation.conformance.traces import traces_of_play, traces_of_seeds
from tests.simulation.faults import KINDS, Fault
from tests.simulation.history import History, Profile
from tests.simulation.small import play
from tests.simulation.world import REAL

SEEDS = range(20)
SEEDS_TRIED = range(40)
SCHEDULE = 0
CALLS = ("log.append", "log.find", "log.head", "inbox.put", "inbox.remove", "hub.project")
"""Those whose failures the code answers with another path through the model."""


def single_faults() -> Iterator[tuple[int, Fault]]:
    _, written = play(SCHEDULE)
    for place, call in enumerate(written.calls):
        if call in CALLS:
            for fault in KINDS[call]:
                yield place, fault


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    small = [
        t for place, fault in single_faults() for t in traces_of_play(SCHEDULE, {place: fault})
    ]
    return [*small, *late_traces(), *traces_of_seeds(SEEDS)]


def late_traces() -> list[Trace]:
    """Of the first history in which an append takes place after its sender has looked for it."""
    late = Profile(projects=(1,), rates=(("log.append", Fault.LATER, 0.9),))
    histories = (traces_of_seeds([seed], profile=late) for seed in SEEDS_TRIED)
    return next(traces for traces in histories if has_late_append(traces[0].lines))


@pytest.fixture(scope="module")
def rejections(traces: list[Trace]) -> list[Rejection]:
    return check(java.find_or_install(), traces)


def test_whatever_fails_the_code_does_what_the_model_allows(
    traces: list[Trace], rejections: list[Rejection]
) -> None:
    assert len(traces) > 50
    assert not rejections, "\n".join(map(str, rejections))


@cache
def actions() -> frozenset[str]:
    text = (FOLDER / "Trace.tla").read_text()
    return frozenset(re.findall(r'Line\.action = "(\w+)"', text))


def test_every_action_occurs(traces: list[Trace]) -> None:
    seen = {line.action for trace in traces for line in trace.lines}
    assert seen == actions()


def has_late_append(lines: Sequence[Line]) -> bool:
    """One copy has looked and gone on; another, which read the same with it, appends."""
    for one, other in pairwise(lines):
        if one.action == other.action == "ReadState" and one.at == other.at:
            since = [each for each in lines if each.at > one.at]
            looked = place_of(since, "LookAgain", one.fields["copy"])
            appended = place_of(since, "AppendNotConfirmed", other.fields["copy"])
            if looked < appended < len(since):
                return True
    return False


def place_of(lines: Sequence[Line], action: str, copy: Value) -> int:
    places = (
        place
        for place, line in enumerate(lines)
        if line.action == action and line.fields["copy"] == copy
    )
    return next(places, len(lines))


def test_only_a_dirty_read_shows_what_the_entity_never_had(traces: list[Trace]) -> None:
    clean = [each for each in traces if "small" in each.name and "DIRTY" not in each.name]
    lines = [line for trace in clean for line in trace.lines]
    assert any(line.action == "ReadState" for line in lines)
    assert not any(line.fields.get("dirty") for line in lines)


def test_to_be_observed_changes_nothing() -> None:
    plain, watched = History(1), History(1, observed(REAL, Record()))
    plain.run()
    watched.run()
    assert watched.world.trace == plain.world.trace
