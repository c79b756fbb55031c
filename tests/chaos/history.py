"""What clients saw, as a list-append history of Jepsen: in EDN and as JSON lines.

Each operation is two lines, `invoke` and how it ended: `ok`; `fail`, it has certainly not happened;
or `info`, nobody knows, and it may still happen. `value` is one micro-operation in a list:

    ["append", key, request id]        the place it got is in `place`
    ["r", key, [request ids]]          null until it is known

so that Elle (`elle.list-append`), Knossos or Porcupine can judge it without any code of ours.
`time` is in nanoseconds, monotonic; `process` does one operation at a time, and never another one
after `info`.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a history."""

    index: int
    type: str
    process: int
    time: int
    f: str
    value: list[list[Any]]
    place: int | None = None

    def with_names(self, name_of: Callable[[Any], str]) -> "Line":
        """The line with the request ids of the entries that it has read."""
        [(kind, key, value)] = self.value
        if kind == "append" or value is None:
            return self
        return replace(self, value=[[kind, key, [name_of(each) for each in value]]])

    def to_json(self) -> str:
        """As a line of JSON."""
        known = {name: value for name, value in asdict(self).items() if name != "place"}
        return json.dumps(known if self.place is None else {**known, "place": self.place})

    def to_edn(self) -> str:
        """As a map of EDN: micro-operations are vectors that begin with a keyword."""
        micro = " ".join(_micro_edn(each) for each in self.value)
        place = "" if self.place is None else f", :place {self.place}"
        return (
            f"{{:index {self.index}, :type :{self.type}, :process {self.process},"
            f" :time {self.time}, :f :{self.f}, :value [{micro}]{place}}}"
        )


def _micro_edn(micro: Sequence[Any]) -> str:
    name, *rest = micro
    return f"[:{name} {' '.join(map(_edn, rest))}]"


def _edn(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, list):
        return f"[{' '.join(map(_edn, value))}]"
    # Escapes of JSON text are those of EDN; keys and ids are visible ASCII or JSON escapes it.
    return json.dumps(value)


class History:
    """What processes did, in the order of time. For many threads."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._processes = 0

    def process(self) -> "Process":
        """Return a process that has done nothing yet."""
        return Process(self)

    def new_number(self) -> int:
        """Return the number of a new process."""
        with self._lock:
            self._processes += 1
            return self._processes - 1

    def add(self, kind: str, process: int, micro: list[Any], place: int | None = None) -> None:
        """Add what happens now."""
        with self._lock:
            f = "append" if micro[0] == "append" else "read"
            now = time.monotonic_ns()
            self._lines.append(Line(len(self._lines), kind, process, now, f, [micro], place))

    def write(self, path: Path, name_of: Callable[[Any], str]) -> None:
        """Write `path`.edn and `path`.jsonl.

        A page of the log has entries without request ids: `name_of` names the request of an entry.
        """
        lines = [each.with_names(name_of) for each in self._lines]
        for suffix, written in (".edn", Line.to_edn), (".jsonl", Line.to_json):
            text = "".join(f"{written(each)}\n" for each in lines)
            path.with_name(path.name + suffix).write_text(text, encoding="utf-8")


class Process:
    """A client of a history: one operation at a time, a new number after each `info`."""

    def __init__(self, history: History) -> None:
        """Get a number."""
        self._history = history
        self._number = history.new_number()
        self._micro: list[Any] = []

    def invoke(self, *micro: Any) -> None:
        """Begin an operation."""
        self._micro = list(micro)
        self._history.add("invoke", self._number, self._micro)

    def append_ok(self, place: int) -> None:
        """The append has this place."""
        self._history.add("ok", self._number, self._micro, place)

    def read_ok(self, entries: Sequence[Any]) -> None:
        """The read found these entries, in this order."""
        self._history.add("ok", self._number, [*self._micro[:2], list(entries)])

    def fail(self) -> None:
        """It has certainly not happened."""
        self._history.add("fail", self._number, self._micro)

    def info(self) -> None:
        """Nobody knows."""
        self._history.add("info", self._number, self._micro)
        self._number = self._history.new_number()
