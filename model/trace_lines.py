"""The lines of a recorded trace, and the steps of `Trace.tla` that they stand for.

README.md has the format. A line that says nothing to the model, or something that the format does
not know, is an error: what is not understood is not accepted.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from model.values import Value, to_tla

NOBODY: Final = "emitter"
"""Who within a process acts, where the line does not say."""


class TraceError(Exception):
    """A line that is not as README.md says. Its text names line and reason."""


@dataclass(frozen=True, slots=True)
class Step:
    """One action of `Trace.tla`, with its parameters and what was to be seen."""

    line: int
    """Number of the recorded line, from 1."""
    at: int
    """Milliseconds since the beginning."""
    action: str
    fields: Mapping[str, Value]

    def __str__(self) -> str:
        """Say it in a line."""
        fields = ", ".join(f"{name} {_plain(value)}" for name, value in self.fields.items())
        return f"{self.line:5} {self.at / 1000:9.3f} s  {self.action:16} {fields}"


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened to one key."""

    name: str
    setting: Mapping[str, Value]
    """As `Trace.tla` has it: room (characters), overdue (ms), publishing."""
    overhead: int
    """Characters that an id takes in an outbox besides its own."""
    steps: tuple[Step, ...]
    requests: frozenset[str]
    payloads: frozenset[str]
    processes: frozenset[str]
    made: frozenset[str]


@dataclass(slots=True)
class _Reader:
    """Collects what the lines name, and numbers the versions of the head as the model does."""

    versions: dict[Any, int] = field(default_factory=dict)
    requests: set[str] = field(default_factory=set)
    payloads: set[str] = field(default_factory=set)
    processes: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)

    def head(self, head: Mapping[str, Any] | None) -> Value:
        """Return a head of the model; None is that of an empty log."""
        if head is None or head["last"] == 0:
            return {"last": 0, "version": 0}
        if head["version"] not in self.versions:
            raise ValueError(f"nobody wrote version {head['version']!r} of the head")
        return {"last": int(head["last"]), "version": self.versions[head["version"]]}

    def wrote(self, version: Any) -> None:
        """Give the next number to a version of the head."""
        if version in self.versions:
            raise ValueError(f"version {version!r} of the head is written twice")
        self.versions[version] = len(self.versions) + 1

    def request(self, request: Any) -> str:
        return _remembered(self.requests, request)

    def payload(self, payload: Any) -> str:
        return _remembered(self.payloads, payload)

    def ids(self, ids: Iterable[Any]) -> list[str]:
        return [self.request(each) for each in ids]

    def chunk(self, entries: Iterable[Any]) -> Value:
        return [{"request": self.request(r), "payload": self.payload(p)} for r, p in entries]


_Steps = Iterator[tuple[str, Mapping[str, Value]]]
_Translation = Callable[[_Reader, Mapping[str, Any]], _Steps]


def read(name: str, lines: Iterable[str]) -> Trace:
    """Understand a trace. Raises TraceError."""
    reader, steps, begin = _Reader(), list[Step](), None
    for number, text in enumerate(lines, start=1):
        try:
            line = json.loads(text)
            if number == 1:
                begin = _begin(line)
            else:
                steps += (Step(number, int(line["at"]), *each) for each in _steps_of(reader, line))
        except (ValueError, LookupError, TypeError) as error:
            raise TraceError(f"{name}, line {number}: {error!r} in {text.strip()}") from error
    if begin is None:
        raise TraceError(f"{name}: no lines")
    setting, overhead = begin
    return Trace(
        name,
        setting,
        overhead,
        tuple(steps),
        frozenset(reader.requests),
        frozenset(reader.payloads),
        frozenset(reader.processes),
        frozenset(reader.made),
    )


def _begin(line: Mapping[str, Any]) -> tuple[Mapping[str, Value], int]:
    if line["kind"] != "begin":
        raise ValueError("a trace starts with `begin`")
    setting: dict[str, Value] = {
        "room": int(line["room"]),
        "overdue": int(line["overdueMs"]),
        "publishing": bool(line["publishing"]),
    }
    return setting, int(line["overhead"])


def _steps_of(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    who: dict[str, Value] = {}
    if "process" in line:
        who["process"] = _remembered(reader.processes, line["process"])
    for action, fields in _KINDS[line["kind"]](reader, line):
        yield action, {**who, **fields}


def _put(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    action = {"committed": "Put", "exists": "PutExists", "unknown": "PutUnknown"}[line["outcome"]]
    request = reader.request(line["request"])
    if line.get("made", False):
        reader.made.add(request)
    yield (
        action,
        {
            "request": request,
            "payload": reader.payload(line["payload"]),
            "accepted": _accepted(line),
        },
    )


def _accepted(line: Mapping[str, Any]) -> int:
    """Return the time that the row holds: it may have been on its way for long."""
    return int(line.get("accepted", line["at"]))


def _one(action: str) -> _Translation:
    """Translate a line about one request and its payload."""

    def translate(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
        fields: dict[str, Value] = {
            "request": reader.request(line["request"]),
            "payload": reader.payload(line["payload"]),
        }
        if action == "Answer":
            fields["place"] = int(line["place"])
        if action == "LandPut":
            fields["accepted"] = _accepted(line)
        yield action, fields

    return translate


def _inbox_read(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    for request, payload in line["found"].items():
        fields = {"request": reader.request(request), "found": reader.payload(payload)}
        yield "ReadInboxRow", fields
    for request in line["absent"]:
        yield "ReadInboxRow", {"request": reader.request(request), "found": None}


def _request_read(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    for request, place in line["found"].items():
        yield "ReadRequestRow", {"request": reader.request(request), "found": int(place)}
    for request in line["absent"]:
        yield "ReadRequestRow", {"request": reader.request(request), "found": 0}


def _remove(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    action = {"committed": "Remove", "unknown": "RemoveUnknown"}[line["outcome"]]
    for request in reader.ids(line["requests"]):
        yield action, {"request": request}


def _remove_landed(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    yield "LandRemoval", {"request": reader.request(line["request"])}


def _log_read(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    fields: dict[str, Value] = {"rows": [[int(n), reader.request(r)] for n, r in line["rows"]]}
    if "head" in line:
        fields["head"] = reader.head(line["head"])
    yield "ReadRange", fields


def _append(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    names = {"committed": "Append", "refused": "AppendRefused", "unknown": "AppendUnknown"}
    action = names[line["outcome"]]
    yield "Hold", {"head": reader.head(line["head"])}
    if action == "Append":
        reader.wrote(line["version"])
    yield action, {"by": line.get("by", NOBODY), "chunk": reader.chunk(line["entries"])}


def _append_landed(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    head = reader.head(line["head"])
    reader.wrote(line["version"])
    yield "LandAppend", {"head": head, "chunk": reader.chunk(line["entries"])}


def _entity(reader: _Reader, line: Mapping[str, Any]) -> Value:
    return {"head": int(line["head"]), "outbox": reader.ids(line["outbox"])}


def _signal(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    ids, done = reader.ids(line["ids"]), reader.ids(line["done"])
    about: dict[str, Value] = {"n": int(line["number"]), "ids": ids, "done": done}
    yield "Signal", {"by": line.get("by", NOBODY), **about, "head": int(line["head"])}


def _entity_committed(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    numbers: list[Value] = [int(each) for each in line["signals"]]
    yield "EntityCommitted", {"signals": numbers, "entity": _entity(reader, line)}


def _entity_lost(_: _Reader, __: Mapping[str, Any]) -> _Steps:
    yield "EntityLost", {}


def _entity_rolled_back(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    yield "EntityRolledBack", {"entity": _entity(reader, line)}


def _entity_read(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    reading = line.get("reading", "committed")
    if reading not in ("committed", "stale", "dirty"):
        raise ValueError(f"no way of reading: {reading!r}")
    about: dict[str, Value] = {"reading": reading, "entity": _entity(reader, line)}
    yield "ReadEntity", {"by": line.get("by", NOBODY), **about}


def _bare(action: str) -> _Translation:
    """Translate a line that names its process and nothing else."""

    def translate(_: _Reader, __: Mapping[str, Any]) -> _Steps:
        yield action, {}

    return translate


def _cursor(action: str) -> _Translation:
    def translate(_: _Reader, line: Mapping[str, Any]) -> _Steps:
        yield action, {"last": int(line["last"])}

    return translate


def _fence(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    action = {"committed": "Fence", "refused": "FenceRefused"}[line["outcome"]]
    yield "Hold", {"head": reader.head(line["head"])}
    if action == "Fence":
        reader.wrote(line["version"])
    yield action, {}


def _sent(reader: _Reader, line: Mapping[str, Any]) -> _Steps:
    action = {"committed": "Send", "unknown": "SendUnknown"}[line["outcome"]]
    for place, request in line["entries"]:
        yield action, {"place": int(place), "request": reader.request(request)}


def _remembered(names: set[str], name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"not a text: {name!r}")
    names.add(name)
    return name


def _plain(value: Value) -> str:
    return to_tla(value).replace('"', "")


_KINDS: Final[Mapping[str, _Translation]] = {
    "inbox.put": _put,
    "inbox.put.landed": _one("LandPut"),
    "inbox.read": _inbox_read,
    "inbox.remove": _remove,
    "inbox.remove.landed": _remove_landed,
    "request.read": _request_read,
    "request.accepted": _one("Accept"),
    "request.refused": _one("Refuse"),
    "request.answered": _one("Answer"),
    "log.read": _log_read,
    "log.append": _append,
    "log.append.landed": _append_landed,
    "entity.signal": _signal,
    "entity.committed": _entity_committed,
    "entity.lost": _entity_lost,
    "entity.rolledBack": _entity_rolled_back,
    "entity.read": _entity_read,
    "marker.set": _bare("Mark"),
    "marker.read": _bare("ReadMarker"),
    "marker.remove": _bare("Unmark"),
    "cursor.read": _cursor("ReadCursor"),
    "cursor.move": _cursor("MoveCursor"),
    "head.fence": _fence,
    "publish.sent": _sent,
    "process.died": _bare("Die"),
}
