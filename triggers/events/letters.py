"""Events to dead letters, and back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from store.ports.deadletters import (
    BODY_BYTES_MAX,
    PROPERTIES_BYTES_MAX,
    TEXT_CHARACTERS_MAX,
    DeadLetter,
    Name,
    Summary,
)
from triggers.events.event import Event
from triggers.events.requests import REQUEST_ID, Dead, request_id_of

DASH: Final = "-"
"""Between the sequence number and the hash in a position."""


def letter_of(event: Event, dead: Dead, stored_at: datetime) -> DeadLetter:
    """Make the dead letter of an event: all of it, up to the limits of the port."""
    properties = _fitting(event.properties)
    reason = dead.reason
    if len(properties) < len(event.properties):
        left_out = len(event.properties) - len(properties)
        reason = f"({left_out} application properties were too long to be kept) {reason}"
    summary = Summary(
        name=Name(event.hub, event.partition, event.position),
        code=dead.code,
        reason=reason[:TEXT_CHARACTERS_MAX],
        request_id=_request_id(event),
        enqueued_at=event.enqueued_at,
        stored_at=stored_at,
        body_bytes=len(event.body),
    )
    message_id = event.message_id
    kept = None if message_id is None else message_id[:TEXT_CHARACTERS_MAX]
    return DeadLetter(summary, kept, properties, event.body[:BODY_BYTES_MAX])


def event_of(letter: DeadLetter) -> Event:
    """Make the event again that the hub delivered."""
    summary = letter.summary
    return Event(
        hub=summary.name.source,
        partition=summary.name.partition,
        sequence_number=_sequence_number(summary.name.position),
        enqueued_at=summary.enqueued_at,
        message_id=letter.message_id,
        properties=letter.properties,
        body=letter.body,
    )


def _sequence_number(position: str) -> int | None:
    number, dash, _ = position.partition(DASH)
    return int(number) if dash else None


def _request_id(event: Event) -> str | None:
    try:
        return request_id_of(event)
    except Dead:
        return None


def _fitting(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return those that fit into the limit, the request id before all others."""
    if _json_bytes(properties) <= PROPERTIES_BYTES_MAX:
        return properties
    kept: dict[str, Any] = {}
    room = PROPERTIES_BYTES_MAX
    for name in sorted(properties, key=lambda each: (each.lower() != REQUEST_ID.lower(), each)):
        room_after = room - _json_bytes({name: properties[name]})
        if room_after >= 0:
            room = room_after
            kept[name] = properties[name]
    return kept


def _json_bytes(value: Any) -> int:
    """At most so many as `store.letter_details` makes of it."""
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
