"""Reads a history and judges it: what any list-append history of a correct log has.

A small judge of our own beside Elle and Porcupine, which may read the same file.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

NEVER: Final = 2**63


@dataclass(frozen=True, slots=True)
class Operation:
    """An append or a read, from its invocation to its end."""

    is_read: bool
    key: str
    began: int
    ended: int
    """`NEVER` when nobody learned how it ended."""
    type: str
    value: Any
    place: int | None


@dataclass(slots=True)
class OfKey:
    """What was seen of one key."""

    places: dict[str, int] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    done: list[tuple[int, int, int, str]] = field(default_factory=list)
    """Began, ended, entries that were certainly there at its end, what it was."""
    longest: list[str] = field(default_factory=list)


def read(path: Path) -> Iterator[Operation]:
    """Read the JSON lines of a history. Raises AssertionError for one that is not well formed."""
    open_: dict[int, dict[str, Any]] = {}
    before = 0
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        assert line["time"] >= before, "time goes back"
        before = line["time"]
        if line["type"] == "invoke":
            assert line["process"] not in open_, "a process does two things at once"
            open_[line["process"]] = line
            continue
        yield _operation(open_.pop(line["process"]), line)
    for line in open_.values():
        yield _operation(line, {**line, "type": "info"})


def _operation(began: dict[str, Any], ended: dict[str, Any]) -> Operation:
    [(kind, key, value)] = ended["value"]
    end = ended["time"] if ended["type"] == "ok" else NEVER
    place = ended.get("place")
    return Operation(kind == "r", key, began["time"], end, ended["type"], value, place)


def problems(operations: Iterable[Operation]) -> list[str]:
    """Return what is wrong, one sentence each; nothing when every key is a log."""
    keys: dict[str, OfKey] = defaultdict(OfKey)
    operations = sorted(operations, key=lambda each: each.ended)
    for each in operations:
        if not each.is_read:
            _note_ask(keys[each.key], each)
    found: list[str] = []
    for each in operations:
        if each.type == "ok":
            judge = _judge_read if each.is_read else _judge_append
            found += [f"{each.key}: {text}" for text in judge(keys[each.key], each)]
    for key, seen in keys.items():
        found += [f"{key}: {text}" for text in _judge_key(seen)]
    return found


def _note_ask(seen: OfKey, append: Operation) -> None:
    assert append.value not in seen.asked | seen.failed, f"{append.value} is appended twice"
    (seen.failed if append.type == "fail" else seen.asked).add(append.value)


def _judge_append(seen: OfKey, append: Operation) -> Iterator[str]:
    place = append.place
    assert place is not None, "an append that went well has a place"
    if seen.places.setdefault(append.value, place) != place:
        yield f"{append.value} was told the places {seen.places[append.value]} and {place}"
    if seen.owners.setdefault(place, append.value) != append.value:
        yield f"place {place} was told to {seen.owners[place]} and {append.value}"
    seen.done.append((append.began, append.ended, place, append.value))


def _judge_read(seen: OfKey, read: Operation) -> Iterator[str]:
    ids: list[str] = read.value
    if len(set(ids)) != len(ids):
        yield "a read has a request twice"
    for each in ids:
        if each not in seen.asked:
            yield f"a read has {each}, which nobody asked for or which failed"
    shorter, longer = sorted((ids, seen.longest), key=len)
    if longer[: len(shorter)] != shorter:
        yield "two reads are not prefixes of one list"
    seen.longest = longer
    seen.done.append((read.began, read.ended, len(ids), "a read"))


def _judge_key(seen: OfKey) -> Iterator[str]:
    for request_id, place in seen.places.items():
        if len(seen.longest) < place:
            yield f"{request_id} is lost: the longest read ends before its place {place}"
        elif seen.longest[place - 1] != request_id:
            yield f"{request_id} was told place {place}, where reads have another one"
    yield from _judge_real_time(seen)


def _judge_real_time(seen: OfKey) -> Iterator[str]:
    """What begins after something has ended sees it: a read is as long, an append comes later."""
    ends = sorted(seen.done, key=lambda each: each[1])
    reached, at = 0, 0
    for began, _, length, what in sorted(seen.done):
        while at < len(ends) and ends[at][1] < began:
            reached = max(reached, ends[at][2])
            at += 1
        if length < reached + (what != "a read"):
            yield f"{what} of {length} began after {reached} entries were known"
