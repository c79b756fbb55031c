"""A trace of what the model does not allow is rejected, at the line where it goes wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import pytest

from model import java
from model.trace import Line, Rejection, Trace, check
from tests.simulation.conformance.traces import traces_of_play

Lines = Sequence[Line]


@cache
def good() -> Trace:
    (trace,) = traces_of_play(0, {})
    return trace


def place_of(lines: Lines, action: str, **fields: Any) -> int:
    return next(
        place
        for place, line in enumerate(lines)
        if line.action == action and fields.items() <= line.fields.items()
    )


def without(action: str, **fields: Any) -> Trace:
    lines = list(good().lines)
    del lines[place_of(lines, action, **fields)]
    return replace(good(), lines=lines)


def changed(action: str, **fields: Any) -> Trace:
    lines = list(good().lines)
    place = place_of(lines, action)
    lines[place] = replace(lines[place], fields={**lines[place].fields, **fields})
    return replace(good(), lines=lines)


def before_the_append(action: str, **fields: Any) -> Trace:
    lines = list(good().lines)
    line = lines.pop(place_of(lines, action, **fields))
    lines.insert(place_of(lines, "AppendConfirmed"), line)
    return replace(good(), lines=lines)


def appended_twice() -> Trace:
    """The second time without a look at the request rows."""
    lines = list(good().lines)
    read = lines[place_of(lines, "ReadState")]
    append = lines[place_of(lines, "AppendConfirmed")]
    log = append.fields["log"]
    assert isinstance(log, tuple)
    place = place_of(lines, "ReadState", known=frozenset(), copy=1)
    place = next(n for n in range(place + 1, len(lines)) if lines[n].action == "ReadState")
    lines[place:] = [
        read,
        Line(append.at, "ReadHead", {"copy": 1, "last": 1}),
        Line(append.at, "AppendConfirmed", {"copy": 1, "log": (*log, *log)}),
    ]
    return replace(good(), lines=lines)


def removed_by_nobody() -> Trace:
    last = good().lines[-1]
    unexplained = Line(last.at, "Unexplained", {"event": "Removed"})
    return replace(good(), lines=[*good().lines, unexplained])


def numbered(first_id: int) -> Mapping[str, Any]:
    create = good().lines[place_of(good().lines, "Create")]
    entity: Any = create.fields["entity"]
    entries = [{**each, "id": first_id} for each in entity["outbox"]]
    return {"head": 0, "outbox": entries}


TAMPERED: Final[Mapping[str, tuple[Callable[[], Trace], str]]] = {
    "decided without an insert": (lambda: without("Insert", row="Buy milk", door=1), "Decide"),
    "another verdict": (lambda: changed("Decide", verdict="refused"), "Decide"),
    "created without word of it": (lambda: without("Decide"), "Create"),
    "another id": (lambda: changed("Create", entity=numbered(2)), "Create"),
    "more than an outbox takes": (lambda: replace(good(), room=100), "Create"),
    "head not read": (lambda: without("ReadHead"), "AppendConfirmed"),
    "another head": (lambda: changed("ReadHead", last=1), "ReadHead"),
    "one request twice": (appended_twice, "AppendConfirmed"),
    "another title": (
        lambda: changed("AppendConfirmed", log=[["rent", "Sell milk"]]),
        "AppendConfirmed",
    ),
    "shown too early": (lambda: before_the_append("Show"), "Show"),
    "settled too early": (lambda: before_the_append("ClearUp", tells=True), "ClearUp"),
    "removed too early": (lambda: before_the_append("ClearUp", tells=False), "ClearUp"),
    "more settled than found": (
        lambda: changed("ClearUp", found=frozenset({"rent", "milk"})),
        "ClearUp",
    ),
    "removed by nobody": (removed_by_nobody, "Unexplained"),
}


@pytest.fixture(scope="module")
def rejections() -> dict[str, Rejection]:
    tampered = [replace(make(), name=name) for name, (make, _) in TAMPERED.items()]
    rejected = check(java.find_or_install(), [good(), *tampered])
    return {each.trace.name: each for each in rejected}


def test_the_trace_that_was_tampered_with_is_good(rejections: dict[str, Rejection]) -> None:
    assert good().name not in rejections


@pytest.mark.parametrize("name", TAMPERED)
def test_it_is_rejected(name: str, rejections: dict[str, Rejection]) -> None:
    _, action = TAMPERED[name]
    assert rejections[name].line.action == action
