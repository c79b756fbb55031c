"""Every event once, and requests read back out of lines."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from store.ports.records import Unknown
from telemetry.decisions import Decisions, log

TELL: Final = Decisions("telling")

ERROR: Final = Unknown("no answer")

EVENTS: Final[Mapping[str, Callable[[], None]]] = {
    "accepted": lambda: TELL.accepted("7", ["a", "b"]),
    "repeated": lambda: TELL.repeated("7", ["a"]),
    "replayed": lambda: TELL.replayed("7", {"a": 42}),
    "refused": lambda: TELL.refused("7", "OTHER_CONTENT", ["a"]),
    "not_accepted": lambda: TELL.not_accepted("7", ["a"], ERROR),
    "created": lambda: TELL.created("7", {"a": 42, "b": 43}),
    "append_not_confirmed": lambda: TELL.append_not_confirmed("7", 3, 2, ERROR),
    "last_resort": lambda: TELL.last_resort("7", ["a", "b"], waited_for=1),
    "emit_failed": lambda: TELL.emit_failed("7", ERROR),
    "signal_failed": lambda: TELL.signal_failed("7", ERROR),
    "read_failed": lambda: TELL.read_failed("7", ERROR),
    "remove_failed": lambda: TELL.remove_failed("7", ERROR),
    "entity_state_unreadable": lambda: TELL.state_unreadable("7", ERROR),
    "operation_ignored": lambda: TELL.operation_ignored("7", ERROR),
    "handed_over": lambda: TELL.handed_over(3),
    "hand_over_failed": lambda: TELL.hand_over_failed(3, ERROR),
    "swept": lambda: TELL.swept(3, 1, 12.5),
    "drain_failed": lambda: TELL.drain_failed("7", ERROR),
    "purged": lambda: TELL.purged(3),
    "purge_failed": lambda: TELL.purge_failed(ERROR),
    "dead_letter": lambda: TELL.dead_letter("requests/0/17", "invalid-body", "a"),
    "published": lambda: TELL.published("7", 41, 42),
    "publish_failed": lambda: TELL.publish_failed("7", ERROR),
    "publishing_behind": lambda: TELL.publishing_behind(2, 130.0),
    "log_lost_its_tail": lambda: TELL.log_lost_its_tail("7", 9, 3),
    "health_check_failed": lambda: TELL.health_check_failed(ERROR),
    "internal_error": lambda: TELL.internal_error(ERROR),
}
"""By event; each writes one line."""

METRICS: Final[Mapping[str, frozenset[str]]] = {
    "telling.requests.accepted": frozenset(),
    "telling.requests.duplicates": frozenset({"found_in"}),
    "telling.requests.refused": frozenset({"reason"}),
    "telling.created": frozenset(),
    "telling.last_resort": frozenset({"waited_for"}),
    "telling.dead": frozenset({"code"}),
    "telling.conflicts": frozenset({"written"}),
    "telling.published": frozenset(),
    "telling.outbox.depth": frozenset(),
    "telling.inbox.oldest": frozenset(),
    "telling.inbox.waiting": frozenset(),
    "telling.publish.lag": frozenset(),
    "telling.publish.behind": frozenset(),
    "telling.purge.failures": frozenset(),
}
"""Names and attributes of all metrics."""


class _Taken(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def written_by(decide: Callable[[], None]) -> list[str]:
    """Return the lines that are written meanwhile."""
    handler, level = _Taken(), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        decide()
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    return handler.messages


def story(lines: Iterable[str], key: str, request_id: str) -> list[tuple[str, int | None]]:
    """Return events and places of a request, as a query reads them out of the lines."""
    told: list[tuple[str, int | None]] = []
    for line in lines:
        event, fields = _fields(line)
        if fields["key"] == key and request_id in fields.get("requests", []):
            first = fields.get("first")
            index = fields["requests"].index(request_id)
            told.append((event, None if first is None else first + index))
    return told


def _fields(line: str) -> tuple[str, dict[str, Any]]:
    event, _, rest = line.partition(" ")
    decoder, fields = json.JSONDecoder(), dict[str, Any]()
    while rest:
        match = re.match(r"(\w+)=", rest)
        assert match is not None, line
        fields[match[1]], end = decoder.raw_decode(rest, match.end())
        rest = rest[end:].removeprefix(" ")
    return event, fields
