"""Every decision once, and the story of a request as infra/queries asks for it."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from store.port import Unknown
from telemetry import decisions
from tests.infra.kql import read

STORY: Final = Path(__file__).parents[2] / "infra/queries/story-of-a-request.kql"

DECISIONS: Final[Mapping[str, Callable[[], None]]] = {
    "accepted": lambda: decisions.accepted(7, ["a", "b"]),
    "repeated": lambda: decisions.repeated(7, ["a"]),
    "replayed": lambda: decisions.replayed(7, 42, "a"),
    "refused": lambda: decisions.refused(7, "OTHER_CONTENT", "a"),
    "not_accepted": lambda: decisions.not_accepted(7, ["a"], Unknown("no answer")),
    "taken_up": lambda: decisions.taken_up(7, ["a"]),
    "created": lambda: decisions.created(7, 42, ["a", "b"]),
    "append_not_confirmed": lambda: decisions.append_not_confirmed(7, ["a"], Unknown("no answer")),
    "append_settled": lambda: decisions.append_settled(7, {}, 1),
    "found_in_log": lambda: decisions.found_in_log(7, {"a": 42}),
    "ids_corrected": lambda: decisions.ids_corrected(7, ["a"]),
    "swept": lambda: decisions.swept(3, 12.5),
    "event_dead": lambda: decisions.event_dead("requests/0/17", "invalid-body", "a"),
    "published": lambda: decisions.published(7, 41, 42),
    "publishing_behind": lambda: decisions.publishing_behind(2, 130.0),
}
"""By event; each writes one line."""

METRICS: Final[Mapping[str, frozenset[str]]] = {
    "todos.requests.accepted": frozenset(),
    "todos.requests.duplicates": frozenset({"found_in"}),
    "todos.requests.refused": frozenset({"reason"}),
    "todos.created": frozenset(),
    "todos.events.dead": frozenset({"code"}),
    "todos.conflicts.settled": frozenset({"written"}),
    "todos.ids.corrected": frozenset(),
    "todos.published": frozenset(),
    "todos.outbox.depth": frozenset(),
    "todos.inbox.oldest": frozenset(),
    "todos.inbox.waiting": frozenset(),
    "todos.publish.lag": frozenset(),
    "todos.publish.behind": frozenset(),
}
"""Names and attributes of all metrics; `test_metrics` holds the code to it."""


class _Taken(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def line_of(event: str) -> str:
    """Return the line that a decision writes."""
    return written_by(DECISIONS[event])[0]


def written_by(decide: Callable[[], None]) -> list[str]:
    """Return the lines that are written meanwhile."""
    handler, level = _Taken(), decisions.log.level
    decisions.log.addHandler(handler)
    decisions.log.setLevel(logging.INFO)
    try:
        decide()
    finally:
        decisions.log.removeHandler(handler)
        decisions.log.setLevel(level)
    return handler.messages


def story(lines: Iterable[str], project_id: int, request_id: str) -> list[tuple[str, int | None]]:
    """Return events and ids as the query does: with its own patterns, in the order of the lines."""
    rows = [row for line in lines if (row := _row(line)) and row["project"] == project_id]
    mine = [_mine(row, request_id) for row in rows]
    todo = max((each[1] for each in mine if each and each[1]), default=None)
    told: list[tuple[str, int | None]] = []
    for row, each in zip(rows, mine, strict=True):
        if each is not None:
            told.append(each)
        elif row["event"] == "published" and todo and row["first"] <= todo <= row["last"]:
            told.append(("published", None))
    return told


def _row(line: str) -> dict[str, Any] | None:
    query = read(STORY)
    [is_line] = [each for each in query.texts if each == r"^\w+ project=\d+ "]
    if not re.search(is_line, line):
        return None
    found = {name: re.search(pattern, line) for name, pattern in query.patterns.items()}
    row: dict[str, Any] = {name: each[1] if each else None for name, each in found.items()}
    numbers = {n: int(row[n]) if row[n] else None for n in ("project", "id", "first", "last")}
    return row | numbers | {"requests": json.loads(row["requests"] or "[]")}


def _mine(row: Mapping[str, Any], request_id: str) -> tuple[str, int | None] | None:
    if request_id not in row["requests"]:
        return None
    place = row["requests"].index(request_id)
    todo_id = row["id"] or (None if row["first"] is None else row["first"] + place)
    return row["event"], todo_id
