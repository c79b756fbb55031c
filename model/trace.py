"""Asks TLC whether what happened somewhere is a behaviour of the model: see `Trace.tla`.

A trace is a file of JSON lines; README.md describes them. `read` checks their form and turns them
into the steps that `Trace.tla` knows, `check` lets TLC follow those.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from model import tlc
from model.expectation import FOLDER
from model.trace_lines import Step, Trace
from model.values import to_tla

CONFIG: Final = FOLDER / "Trace.cfg"
MODULE: Final = "Recorded"

STEPS_BEFORE: Final = 12
"""Shown before the one that is not allowed."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The first step of a trace that the model does not allow."""

    trace: Trace
    place: int

    @property
    def step(self) -> Step:
        """Return what did not conform."""
        return self.trace.steps[self.place]

    def __str__(self) -> str:
        """Tell it with what went before."""
        before = self.trace.steps[max(self.place - STEPS_BEFORE, 0) : self.place]
        story = "".join(f"  {step}\n" for step in before)
        said = f"{self.trace.name}: the model does not allow line {self.step.line}"
        return f"{said}, {self.step.action}\n{story}> {self.step}"


class NoAnswer(Exception):
    """TLC did not get to an answer, or a trace that the model allows breaks a promise."""


def check(java: Path, traces: Sequence[Trace]) -> list[Rejection]:
    """Return which traces are no behaviours of the model, and where.

    Raises NoAnswer, and TimeoutExpired as `tlc.run` does.
    """
    with TemporaryDirectory(prefix="traces-") as folder:
        module = Path(folder) / f"{MODULE}.tla"
        module.write_text(to_module(traces))
        output = tlc.run_module(java, module, CONFIG)
    if not tlc.is_well(output):
        raise NoAnswer(output)
    followed = _followed(output)
    ends = [followed.get(number, 0) for number in range(1, len(traces) + 1)]
    return [Rejection(t, end) for t, end in zip(traces, ends, strict=True) if end < len(t.steps)]


def _followed(output: str) -> dict[int, int]:
    """Return how many steps of each trace were followed, by its number."""
    followed: dict[int, int] = {}
    for which, place in re.findall(r'^<<"followed", (\d+), (\d+)>>$', output, re.MULTILINE):
        followed[int(which)] = max(followed.get(int(which), 0), int(place))
    return followed


def to_module(traces: Sequence[Trace]) -> str:
    """Write the module that `Trace.cfg` takes its constants from."""
    requests = _union(each.requests for each in traces)
    definitions = {
        "Traces": "<<\n" + ",\n".join(_steps(each) for each in traces) + "\n>>",
        "Settings": to_tla([{**each.setting, "made": each.made} for each in traces]),
        "Sizes": _sizes(requests, traces),
        "Requests": to_tla(requests),
        "Payloads": to_tla(_union(each.payloads for each in traces)),
        "Processes": to_tla(_union(each.processes for each in traces)),
    }
    body = "".join(f"The{name} == {value}\n" for name, value in definitions.items())
    return f"---- MODULE {MODULE} ----\nEXTENDS Trace\n{body}====\n"


def _steps(trace: Trace) -> str:
    records = (
        to_tla({"action": step.action, "at": step.at, **step.fields}) for step in trace.steps
    )
    return "<<\n" + ",\n".join(records) + "\n>>"


def _sizes(requests: frozenset[str], traces: Sequence[Trace]) -> str:
    overhead = max((each.overhead for each in traces), default=0)
    pairs = (f"({to_tla(each)} :> {len(each) + overhead})" for each in sorted(requests))
    return " @@ ".join(pairs) or "Nothing"


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)
