"""What the app does on `localhost`, killed again and again, is a behaviour of the model.

What SQLite and the processes wrote down is changed in one place each, as a mistake in the code
would have it, and then it is none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Final

import pytest

from model import java
from model.trace import Rejection, check
from model.trace_lines import read
from tests.e2e.conftest import GIVEN
from tests.recording.real.effects import Effect
from tests.recording.real.lines import NotFollowed, to_lines
from tests.recording.real.ordered import Event
from tests.recording.real.run import HOST, WORKER, Run, run

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(GIVEN), reason="only a service that the test started can be killed"),
]

GOOD: Final = "as it was"

Mistake = Callable[[Sequence[Event]], list[Event]]


def appends(events: Sequence[Event]) -> Iterator[Event]:
    """Go through the transactions that put entries behind others."""
    for event in events:
        heads = [each for each in event.effects if each.kind == "head"]
        if heads and heads[0].what.get("before") and len(event.effects) > len(heads):
            yield event


def changed(event: Event, change: Callable[[Effect], dict[str, object]]) -> Event:
    """Return the event with other values in its rows."""
    made = copy(event)
    made.effects = [replace(each, what={**each.what, **change(each)}) for each in event.effects]
    return made


def instead(events: Sequence[Event], old: Event, new: Event) -> list[Event]:
    return [new if each is old else each for each in events]


def hole(events: Sequence[Event]) -> list[Event]:
    """Leave a place out."""
    append = next(appends(events))
    return instead(events, append, changed(append, lambda each: {"place": each.what["place"] + 1}))


def duplicate(events: Sequence[Event]) -> list[Event]:
    """Give a request its place again."""
    first, second, *_ = appends(events)
    twice = next(each.what for each in first.effects if each.kind == "entry")
    place = next(each.what["place"] for each in second.effects if each.kind == "entry")

    def again(row: Effect) -> dict[str, object]:
        if row.kind == "head" or row.what["place"] != place:
            return {}
        return {name: twice[name] for name in ("request_id", "payload") if name in row.what}

    return instead(events, second, changed(second, again))


def row_removed_early(events: Sequence[Event]) -> list[Event]:
    """Remove an inbox row before its entry is in the log."""
    append = next(appends(events))
    ids = {each.what["request_id"] for each in append.effects if each.kind == "entry"}

    def is_removal(event: Event) -> bool:
        removed = (e.what["request_id"] for e in event.effects if e.kind == "removed")
        return bool(ids.intersection(removed))

    first = events.index(append)
    removal = next(each for each in events[first:] if is_removal(each))
    left = [each for each in events if each is not removal]
    return [*left[:first], removal, *left[first:]]


def no_marker(events: Sequence[Event]) -> list[Event]:
    """Set no marker before an append."""
    return [each for each in events if all(row.kind != "marked" for row in each.effects)]


def read_that_is_stale(events: Sequence[Event]) -> list[Event]:
    """See a request row before it is there."""
    event = next(e for e in events if e.kind == "request.read" and e.what["absent"])
    made = copy(event)
    made.what = {**event.what, "found": dict.fromkeys(event.what["absent"], 1), "absent": []}
    return instead(events, event, made)


WRONG: Final[Mapping[Mistake, set[str]]] = {
    hole: {"Hold"},
    duplicate: {"Append"},
    row_removed_early: {"Remove", "RemoveUnknown"},
    no_marker: {"Append", "AppendUnknown", "AppendRefused"},
    read_that_is_stale: {"ReadRequestRow"},
}
"""Mistakes, and the steps that the model does not allow then."""


def name_of(mistake: Mistake) -> str:
    return str(getattr(mistake, "__name__", mistake))


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    return run(folder / "one", keys=1, requests=50, kills=[WORKER, HOST])


@pytest.fixture(scope="module")
def rejections(left: Run) -> Sequence[Rejection]:
    """TLC follows all of them in one run."""
    events = left.events()
    versions = {GOOD: events, **{name_of(each): each(events) for each in WRONG}}
    traces = [
        read(name, lines)
        for name, version in versions.items()
        for lines in to_lines(version, publishing=True).values()
    ]
    return check(java.find_or_install(), traces)


def test_real_run_is_a_behaviour_of_the_model(left: Run, rejections: Sequence[Rejection]) -> None:
    wrong = [each for each in rejections if each.trace.name == GOOD]
    assert not wrong, str(wrong[0])
    [lines] = left.traces().values()
    assert sum('"process.died"' in each for each in lines) > 1, "one process has done it all"
    assert len(left.journals) > 2, "nobody was killed"


@pytest.mark.parametrize("mistake", WRONG)
def test_mistake_in_a_real_run_is_none(mistake: Mistake, rejections: Sequence[Rejection]) -> None:
    [refused] = [each for each in rejections if each.trace.name == name_of(mistake)]
    assert refused.step.action in WRONG[mistake]


def test_entry_without_its_request_row_is_refused(left: Run) -> None:
    events = left.events()
    append = next(appends(events))
    half = copy(append)
    half.effects = [each for each in append.effects if each.kind != "request"]
    with pytest.raises(NotFollowed):
        to_lines(instead(events, append, half), publishing=True)


def test_change_by_nobody_is_refused(left: Run) -> None:
    first, *others = left.effects
    anonymous = Run([replace(first, process=None), *others], left.journals)
    with pytest.raises(Exception, match="nobody says"):
        anonymous.events()
