"""The order of a run, from what its processes and its file have written down."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.recording.real.effects import Effect
from tests.recording.real.journal import EXECUTED
from tests.recording.real.ordered import Event, Line, NoOrder, in_order
from tests.recording.real.timeline import COMMITTED, LOST, ROLLED_BACK, timeline

KEY = "7"


def effect(
    seq: int, process: str, at: float, *, call: int | None = None, behind: int = 0
) -> Effect:
    number = seq if call is None else call
    return Effect(seq, process, "loop", number, behind, at, "marked", KEY, {})


def line(n: int, kind: str, at: float, **fields: Any) -> Line:
    return {"n": n, "at": at, "seen": 0, "key": KEY, "kind": kind, **fields}


def told(events: Iterable[Event]) -> list[str]:
    return [e.kind if not e.effects else f"effect {e.effects[0].seq}" for e in events]


def test_read_comes_between_what_it_saw_and_did_not() -> None:
    effects = [effect(1, "p", 10.0), effect(2, "p", 20.0)]
    journals = {"p": [], "q": [line(1, "log.read", 99.0, position=1)]}
    assert told(in_order(effects, journals))[:3] == ["effect 1", "log.read", "effect 2"]


def test_effect_comes_after_what_its_process_had_seen() -> None:
    effects = [effect(1, "p", 5.0, behind=1)]
    journals = {"p": [line(1, "request.read", 9.0, position=0)]}
    assert told(in_order(effects, journals))[:2] == ["request.read", "effect 1"]


def test_answer_comes_after_its_effect() -> None:
    effects = [effect(1, "p", 50.0)]
    journals = {"p": [line(1, "heard", 6.0, call=1), line(2, "request.answered", 7.0)]}
    events = in_order(effects, journals)
    assert told(events)[:3] == ["effect 1", "heard", "request.answered"]
    assert events[0].is_heard


def test_effects_of_a_call_are_one_event() -> None:
    effects = [effect(1, "p", 1.0, call=1), effect(2, "p", 1.0, call=1)]
    [event, died] = in_order(effects, {"p": []})
    assert (len(event.effects), event.is_heard) == (2, False)
    assert died.kind == "process.died"


def test_read_of_what_was_known_to_be_over_has_no_order() -> None:
    effects = [effect(1, "p", 1.0), effect(2, "p", 2.0)]
    journals = {"p": [line(1, "heard", 3.0, call=2), line(2, "log.read", 4.0, position=1)]}
    with pytest.raises(NoOrder):
        in_order(effects, journals)


def executed(mark: str, before: str | None, at: float, batch: str | None = None) -> Line:
    about = {"mark": mark, "before": before, "batch": batch or mark, "number": f"signal of {mark}"}
    return {"at": at, "key": KEY, "kind": EXECUTED, "outbox": [mark], "head": 0, **about}


def look(mark: str | None, at: float) -> Line:
    return {"mark": mark, "since": at - 1, "at": at}


def test_run_that_was_not_committed_is_no_state() -> None:
    states = timeline([executed("a", None, 1.0), executed("b", None, 2.0)], [look("b", 3.0)])
    assert [each.mark for each in states] == [None, "b"]


def test_state_that_another_was_made_of_is_one() -> None:
    states = timeline([executed("a", None, 1.0), executed("b", "a", 2.0)], [look("b", 3.0)])
    assert [each.mark for each in states] == [None, "a", "b"]


def test_operations_of_a_batch_are_one_state() -> None:
    batch = [executed("a", None, 1.0, "x"), executed("b", "a", 2.0, "x")]
    states = timeline(batch, [look(None, 1.5), look("b", 3.0)])
    assert [each.mark for each in states] == [None, "b"]
    assert states[1].signals == ["signal of a", "signal of b"]
    assert [each.reads for each in states] == [[0], [1]]


def test_entity_that_begins_anew_was_lost() -> None:
    made = [executed("a", None, 1.0), executed("b", None, 5.0)]
    states = timeline(made, [look("a", 2.0), look(None, 4.0), look("b", 6.0)])
    assert [each.kind for each in states] == ["", COMMITTED, LOST, COMMITTED]
    assert [each.reads for each in states] == [[], [0], [1], [2]]


def test_entity_that_is_gone_at_the_end_was_lost() -> None:
    states = timeline([executed("a", None, 1.0)], [look("a", 2.0), look(None, 9.0)])
    assert [each.kind for each in states] == ["", COMMITTED, LOST]


def test_entity_that_goes_on_from_earlier_was_rolled_back() -> None:
    made = [executed("a", None, 1.0), executed("b", "a", 2.0), executed("c", "a", 5.0)]
    states = timeline(made, [look("b", 3.0), look("c", 6.0)])
    assert [each.kind for each in states] == ["", COMMITTED, COMMITTED, ROLLED_BACK, COMMITTED]
    assert states[3].shown["outbox"] == ["a"]


def test_read_of_a_state_that_was_over_is_an_error() -> None:
    made = [executed("a", None, 1.0), executed("b", "a", 2.0)]
    with pytest.raises(LookupError, match="was over"):
        timeline(made, [look("b", 3.0), look("a", 9.0)])
