"""Asks TLC whether what happened somewhere is a behaviour of `Outbox.tla`: see `Trace.tla`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from model import tlc
from model.expectation import FOLDER

CONFIG: Final = FOLDER / "Trace.cfg"
MODULE: Final = "Recorded"

LINES_BEFORE: Final = 12
"""Shown before the one that is not allowed."""

Value = int | str | bool | Sequence["Value"] | frozenset["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True)
class Line:
    """One action of the model, with its parameters and what was to be seen after it."""

    at: float
    """Seconds since the beginning."""
    action: str
    fields: Mapping[str, Value]

    def __str__(self) -> str:
        """Say it in a line."""
        fields = ", ".join(f"{name} {_plain(value)}" for name, value in self.fields.items())
        return f"{self.at:9.4f} {self.action:18} {fields}"


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened to one project."""

    name: str
    room: int
    """Characters that an outbox takes."""
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Rejection:
    """The first line of a trace that the model does not allow."""

    trace: Trace
    place: int

    @property
    def line(self) -> Line:
        """Return what did not conform."""
        return self.trace.lines[self.place]

    def __str__(self) -> str:
        """Tell it with what went before."""
        before = self.trace.lines[max(self.place - LINES_BEFORE, 0) : self.place]
        story = "".join(f"  {line}\n" for line in before)
        said = f"{self.trace.name}: the model does not allow line {self.place + 1}"
        return f"{said}, {self.line.action}\n{story}> {self.line}"


class NoAnswer(Exception):
    """TLC did not get to an answer, or a trace that the model allows breaks a promise."""


def check(java: Path, traces: Sequence[Trace]) -> list[Rejection]:
    """Return which traces are no behaviours of the model, and where.

    Raises NoAnswer, and TimeoutExpired as `tlc.run` does.
    """
    with TemporaryDirectory(prefix="traces-") as folder:
        module = Path(folder) / f"{MODULE}.tla"
        module.write_text(to_tla(traces))
        output = tlc.run_module(java, module, CONFIG)
    if not tlc.is_well(output):
        raise NoAnswer(output)
    followed = _followed(output)
    ends = [followed.get(number, 0) for number in range(1, len(traces) + 1)]
    return [Rejection(t, end) for t, end in zip(traces, ends, strict=True) if end < len(t.lines)]


def _followed(output: str) -> dict[int, int]:
    """Return how many lines of each trace were followed, by its number."""
    followed: dict[int, int] = {}
    for which, place in re.findall(r'^<<"followed", (\d+), (\d+)>>$', output, re.MULTILINE):
        followed[int(which)] = max(followed.get(int(which), 0), int(place))
    return followed


def to_tla(traces: Sequence[Trace]) -> str:
    """Write the module that `Trace.cfg` takes its constants from."""
    lines = [line for trace in traces for line in trace.lines]
    definitions = {
        "Traces": "<<\n" + ",\n".join(_trace_to_tla(each) for each in traces) + "\n>>",
        "Sizes": _sizes(lines),
        "Rooms": value_to_tla([each.room for each in traces]),
        "Requests": value_to_tla(_all("request", lines)),
        "Titles": value_to_tla(_all("title", lines)),
        "Doors": _numbers("door", lines),
        "Copies": _numbers("copy", lines),
    }
    body = "".join(f"The{name} == {value}\n" for name, value in definitions.items())
    return f"---- MODULE {MODULE} ----\nEXTENDS Trace\n{body}====\n"


def value_to_tla(value: Value) -> str:
    """Write a value: text, numbers, sequences, sets, records."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        assert '"' not in value, value
        assert "\\" not in value, value
        return f'"{value}"'
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(value_to_tla, value))) + "}"
    if isinstance(value, Mapping):
        fields = (f"{name} |-> {value_to_tla(each)}" for name, each in value.items())
        return "[" + ", ".join(fields) + "]"
    return "<<" + ", ".join(map(value_to_tla, value)) + ">>"


def _trace_to_tla(trace: Trace) -> str:
    records = (value_to_tla({"action": e.action, **e.fields}) for e in trace.lines)
    return "<<\n" + ",\n".join(records) + "\n>>"


def _all(field: str, lines: Iterable[Line]) -> frozenset[Value]:
    return frozenset(each.fields[field] for each in lines if field in each.fields)


def _numbers(field: str, lines: Iterable[Line]) -> str:
    return f"1..{max((n for n in _all(field, lines) if isinstance(n, int)), default=1)}"


def _sizes(lines: Iterable[Line]) -> str:
    sizes = {
        value_to_tla([e.fields["request"], e.fields["title"]]): value_to_tla(e.fields["size"])
        for e in lines
        if "size" in e.fields
    }
    pairs = (f"({pair} :> {size})" for pair, size in sizes.items())
    return " @@ ".join(pairs) or "NoTodos"


def _plain(value: Value) -> str:
    return value_to_tla(value).replace('"', "")
