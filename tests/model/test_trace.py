"""What the model accepts of recorded traces: TLC follows all of them in one run."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from model import java, tlc, trace
from model.expectation import FOLDER
from model.trace import NoAnswer, Rejection, check
from model.trace_lines import Trace, TraceError, read
from tests.model.tampered import TAMPERED, TRACES, Tampered

GOOD = sorted(TRACES.glob("*.jsonl"))

BEGIN = json.dumps(
    {"kind": "begin", "room": 40, "overhead": 3, "overdueMs": 3000, "publishing": False}
)
PUT = json.dumps(
    {
        "at": 500,
        "kind": "inbox.put",
        "process": "w",
        "request": "r1",
        "payload": 'a "b" \\ü',
        "outcome": "committed",
        "made": True,
    }
)


def trace_of(path: Path) -> Trace:
    return read(path.stem, path.read_text().splitlines())


@pytest.fixture(scope="module")
def refused() -> Mapping[str, Rejection]:
    """Return what is refused, by the name of the trace or of the mistake."""
    traces = [trace_of(each) for each in GOOD]
    traces += [read(each.mistake, each.lines()[0]) for each in TAMPERED]
    return {each.trace.name: each for each in check(java.find_or_install(), traces)}


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_trace_is_accepted(path: Path, refused: Mapping[str, Rejection]) -> None:
    assert path.stem not in refused, str(refused[path.stem])


@pytest.mark.parametrize("each", TAMPERED, ids=lambda each: each.mistake)
def test_mistake_is_refused_where_it_is_made(
    each: Tampered, refused: Mapping[str, Rejection]
) -> None:
    assert each.mistake in refused
    _, numbers = each.lines()
    assert numbers[refused[each.mistake].step.line - 1] == each.refused


def test_each_kind_of_line_is_in_a_good_trace() -> None:
    kinds = {json.loads(line)["kind"] for each in GOOD for line in each.read_text().splitlines()}
    readme = (FOLDER / "README.md").read_text()
    documented = {
        line.split("`")[1]
        for line in readme.splitlines()
        if line.startswith("| `") and "." in line.split("`")[1]
    }
    assert documented - kinds == set()
    assert kinds - documented == {"begin"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "no lines"),
        ([PUT], "line 1"),
        (["{}"], "line 1"),
        ([BEGIN, "not JSON"], "line 2"),
        ([BEGIN, '{"at": 1, "kind": "inbox.swept", "process": "w"}'], "inbox.swept"),
        ([BEGIN, '{"at": 1, "kind": "inbox.put", "process": "w"}'], "outcome"),
        ([BEGIN, '{"at": 1, "kind": "process.died", "process": 7}'], "not a text"),
        (
            [
                BEGIN,
                (
                    '{"at": 1, "kind": "log.read", "process": "w", "rows": [],'
                    ' "head": {"last": 1, "version": "v7"}}'
                ),
            ],
            "nobody wrote version 'v7'",
        ),
    ],
)
def test_line_that_is_not_understood_is_an_error(lines: list[str], said: str) -> None:
    with pytest.raises(TraceError, match=said):
        read("some history", lines)


def test_module_has_everything_that_its_traces_name() -> None:
    module = trace.to_module([read("some history", [BEGIN, PUT])])
    assert 'TheRequests == {"r1"}' in module
    assert 'ThePayloads == {"a \\"b\\" \\\\~fc~"}' in module
    assert 'TheProcesses == {"w"}' in module
    assert 'made |-> {"r1"}' in module
    assert 'TheSizes == ("r1" :> 5)' in module
    assert "room |-> 40" in module


def test_rejection_is_told_with_what_went_before() -> None:
    recorded = read("some history", [BEGIN, PUT, PUT.replace("500", "900")])
    told = str(Rejection(recorded, 1))
    assert told.startswith("some history: the model does not allow line 3, Put")
    assert f"\n  {recorded.steps[0]}\n" in told
    assert told.endswith(f"> {recorded.steps[1]}")


@pytest.mark.parametrize("output", ["", "Could not parse module", "Error: Invariant Dense ..."])
def test_no_answer_of_tlc_is_an_error(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    monkeypatch.setattr(tlc, "run_module", lambda *_: '<<"followed", 1, 1>>\n' + output)
    with pytest.raises(NoAnswer):
        check(Path("java"), [read("some history", [BEGIN, PUT])])
