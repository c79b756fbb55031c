from collections.abc import Sequence
from pathlib import Path

import pytest

from model import tlc
from model.trace import Line, NoAnswer, Rejection, Trace, Value, check, to_tla, value_to_tla

INSERT = Line(0.5, "Insert", {"door": 2, "request": "r1", "title": "t1", "row": "t1"})
CREATE = Line(0.7, "Create", {"request": "r1", "title": "t1", "size": 40})


def trace_of(*lines: Line) -> Trace:
    return Trace("some history", 100, lines)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("t 1", '"t 1"'),
        (7, "7"),
        (True, "TRUE"),
        (["a", 1], '<<"a", 1>>'),
        ((), "<<>>"),
        (frozenset({"b", "a"}), '{"a", "b"}'),
        ({"head": 0, "outbox": []}, "[head |-> 0, outbox |-> <<>>]"),
    ],
)
def test_values_are_written_in_tla(value: Value, written: str) -> None:
    assert value_to_tla(value) == written


@pytest.mark.parametrize("text", ['a "quoted" title', "a back\\slash"])
def test_text_that_would_have_to_be_escaped_is_refused(text: str) -> None:
    with pytest.raises(AssertionError):
        value_to_tla(text)


def test_a_module_has_everything_that_its_traces_name() -> None:
    module = to_tla([trace_of(INSERT, CREATE)])
    assert 'TheRequests == {"r1"}' in module
    assert 'TheTitles == {"t1"}' in module
    assert "TheDoors == 1..2" in module
    assert "TheCopies == 1..1" in module
    assert 'TheSizes == (<<"r1", "t1">> :> 40)' in module
    assert "TheRooms == <<100>>" in module


def test_a_rejection_is_told_with_what_went_before() -> None:
    told = str(Rejection(trace_of(INSERT, CREATE), 1))
    assert "some history: the model does not allow line 2, Create" in told
    assert f"\n  {INSERT}\n" in told
    assert told.endswith(f"> {CREATE}")


def said(monkeypatch: pytest.MonkeyPatch, output: str, traces: Sequence[Trace]) -> list[Rejection]:
    monkeypatch.setattr(tlc, "run_module", lambda *_: output)
    return check(Path("java"), traces)


WELL = "Model checking completed. No error has been found.\n"


def test_a_trace_that_is_not_followed_to_its_end_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, short, never = (trace_of(INSERT, CREATE) for _ in range(3))
    followed = '<<"followed", 2, 1>>\n<<"followed", 1, 1>>\n<<"followed", 1, 2>>\n'
    rejected = said(monkeypatch, followed + WELL, [whole, short, never])
    assert [(each.trace is short, each.place) for each in rejected] == [(True, 1), (False, 0)]


@pytest.mark.parametrize("output", ["", "Could not parse module", "Error: Invariant Dense ..."])
def test_no_answer_is_no_acceptance(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    followed = '<<"followed", 1, 1>>\n'
    with pytest.raises(NoAnswer):
        said(monkeypatch, followed + output, [trace_of(INSERT)])
