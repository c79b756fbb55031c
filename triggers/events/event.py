"""Events as the worker hands them over, made into values.

What belongs to an event is read from the per-event arrays, by index. The arrays of single
properties (`PartitionKeyArray` and the like) leave out what is null and so do not line up.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import azure.functions as func

EVENT_PREFIX: Final = "event:"
"""Of request ids that no client may use (`domain.addresses`)."""

MANUAL: Final = "manual"
"""In place of the partition, for an event that comes from no partition but from an invocation by
hand (`POST /admin/functions/events`)."""

HASH_CHARACTERS: Final = 32
"""Of a SHA-256, in hexadecimal, that name an event by its content alone: 128 bits."""

HASH_CHARACTERS_BESIDE: Final = 8
"""Of the same, beside a sequence number that nearly says it all."""

MESSAGE_ID: Final = "message-id"
"""The system property that is the AMQP message id; the host writes it as text."""

EARLIEST_YEAR: Final = 1970
"""An enqueued time before that is what .NET shows for none."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. The same event is the same value, however often and in whatever batch it comes."""

    hub: str
    """In lower case: Event Hubs does not tell names apart by case."""
    partition: str
    sequence_number: int | None
    """None for an event that comes from no partition."""
    enqueued_at: datetime | None
    """Aware."""
    message_id: str | None
    properties: Mapping[str, Any]
    """Application properties: names and JSON values."""
    body: bytes

    @property
    def place(self) -> str:
        """Name the event by where it is: `event:hub:partition:sequence number`.

        Without a sequence number a hash of its content is in that place. So two invocations by
        hand with the same content are one request: there is nothing else that a retry of the
        first and the second could be told apart by.
        """
        number = self.sequence_number
        last = self._hash(HASH_CHARACTERS) if number is None else str(number)
        return f"{EVENT_PREFIX}{self.hub}:{self.partition}:{last}"

    @property
    def position(self) -> str:
        """Name it within its partition, and apart from any other content in its place."""
        if self.sequence_number is None:
            return self._hash(HASH_CHARACTERS)
        return f"{self.sequence_number}-{self._hash(HASH_CHARACTERS_BESIDE)}"

    def _hash(self, characters: int) -> str:
        beside = json.dumps([self.message_id, dict(self.properties)], sort_keys=True)
        content = beside.encode() + b"\0" + self.body
        return hashlib.sha256(content).hexdigest()[:characters]


Delivered = func.EventHubEvent | Sequence[func.EventHubEvent]
"""A batch; the host hands over an invocation by hand as a single event."""


def events_of(delivered: Delivered, hub: str) -> list[Event]:
    """Take a batch apart. `hub` is the name for events that come from no partition.

    Raises ValueError when what belongs to the events does not line up with them: to guess would
    give the request id of one event to another.
    """
    if isinstance(delivered, func.EventHubEvent):
        return [_single(delivered, hub)]
    if not delivered:
        return []
    metadata = delivered[0].metadata or {}
    system = _per_event(metadata, "SystemPropertiesArray", len(delivered))
    properties = _per_event(metadata, "PropertiesArray", len(delivered))
    origin = _origin(metadata, hub)
    return [_event(origin, each, system[i], properties[i]) for i, each in enumerate(delivered)]


def _single(delivered: func.EventHubEvent, hub: str) -> Event:
    metadata = delivered.metadata or {}
    system, properties = metadata.get("SystemProperties"), metadata.get("Properties")
    return _event(_origin(metadata, hub), delivered, _object(system), _object(properties))


def _per_event(metadata: Mapping[str, Any], name: str, count: int) -> list[Mapping[str, Any]]:
    values = metadata.get(name)
    if values is None:
        return [{}] * count
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"{name} does not have the {count} parts that the batch has")
    return [_object(each) for each in values]


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _origin(metadata: Mapping[str, Any], hub: str) -> tuple[str, str]:
    context = metadata.get("PartitionContext") or metadata.get("TriggerPartitionContext")
    found = _object(context)
    name, partition = found.get("EventHubName") or hub, found.get("PartitionId")
    return str(name).lower(), MANUAL if partition is None else str(partition)


def _event(
    origin: tuple[str, str],
    delivered: func.EventHubEvent,
    system: Mapping[str, Any],
    properties: Mapping[str, Any],
) -> Event:
    hub, partition = origin
    number = system.get("SequenceNumber")
    # An event that was in no partition has the least number there is, or none.
    is_placed = partition != MANUAL and type(number) is int and number >= 0
    return Event(
        hub=hub,
        partition=partition if is_placed else MANUAL,
        sequence_number=number if is_placed else None,
        enqueued_at=_aware(delivered.enqueued_time) if is_placed else None,
        message_id=_text(system.get(MESSAGE_ID)),
        properties=properties,
        body=delivered.get_body(),
    )


def _aware(enqueued: datetime | None) -> datetime | None:
    """The host writes UTC without saying so."""
    if enqueued is None or enqueued.year < EARLIEST_YEAR:
        return None
    return enqueued.replace(tzinfo=UTC) if enqueued.tzinfo is None else enqueued.astimezone(UTC)


def _text(message_id: Any) -> str | None:
    if isinstance(message_id, str):
        return message_id
    return str(message_id) if type(message_id) is int else None
