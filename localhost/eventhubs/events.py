"""Events: as a producer sends them and as a partition keeps them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

Milliseconds = int
"""Since 1970, UTC: the precision with which Event Hubs says when an event arrived."""

ENVELOPE_BYTES: Final = 64
"""What an event takes besides its contents. It makes offsets grow even when the body is empty."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event on its way into a hub."""

    body: bytes
    partition_key: str | None = None
    message_id: str | None = None
    properties: str = "{}"
    """The application properties: a JSON object of scalars."""

    @property
    def size_bytes(self) -> int:
        """Return by how much the offset of the next event is greater."""
        texts = (self.partition_key or "", self.message_id or "", self.properties)
        return ENVELOPE_BYTES + len(self.body) + sum(len(text.encode()) for text in texts)


@dataclass(frozen=True, slots=True)
class Event:
    """An event in a partition. The first one has sequence number 0, the next one 1, and so on."""

    sequence_number: int
    offset: int
    """The size of all events before it, in bytes."""
    enqueued_at: Milliseconds
    partition_key: str | None
    message_id: str | None
    properties: str
    body: bytes


def to_datetime(when: Milliseconds) -> datetime:
    """Return the time in UTC."""
    return _EPOCH + timedelta(milliseconds=when)


def to_milliseconds(when: datetime) -> Milliseconds:
    """Return the time as events have it, what is below a millisecond cut off."""
    return (when - _EPOCH) // timedelta(milliseconds=1)
