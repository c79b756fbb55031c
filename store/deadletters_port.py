"""What the store promises about dead letters: events that can never become a TODO as they are.

Calls fail as those of `store.port` do: with :class:`store.port.Unknown`, and then a write may
have happened.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self

BODY_BYTES_MAX: Final = 1_048_576
"""Kept of a body: all of it, up to the Event Hubs limit of 1 MiB for an event."""

PROPERTIES_BYTES_MAX: Final = 1_048_576
"""Kept of the application properties, as JSON. They count towards the limit of the event, but
escapes make their JSON longer. Both together, in base64, fit into one transaction of 4 MiB."""


@dataclass(frozen=True, slots=True)
class Key:
    """Names an event: the same event has the same key whenever it is delivered."""

    hub: str
    """Letters, digits, `.`, `-` and `_`, in lower case."""
    partition: str
    """Letters and digits."""
    position: str
    """Sequence number and a part of the hash of the content, `17-5d41402a`; without a sequence
    number the hash alone. The hash keeps apart the events of a hub and of one that was made anew
    under its name, which begins to count at 0 again."""

    def __str__(self) -> str:
        """As operators write it: `hub/partition/position`."""
        return f"{self.hub}/{self.partition}/{self.position}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take back what `__str__` made. Raises ValueError when it is none."""
        parts = text.split("/")
        if len(parts) != len(cls.__slots__) or not all(parts):
            raise ValueError(f"{text!r} is not of the form hub/partition/position")
        return cls(*parts)

    @property
    def sequence_number(self) -> int | None:
        """Of the event in its partition, if it was delivered by a partition."""
        number, dash, _ = self.position.partition("-")
        return int(number) if dash else None


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known about a dead letter, without what is in it."""

    key: Key
    code: str
    """Why it is dead, for programs."""
    reason: str
    """Why it is dead, in words."""
    request_id: str | None
    """The one that a redelivery would have; None when it has none that may be used."""
    enqueued_at: datetime | None
    """When the hub took it in; aware."""
    stored_at: datetime
    body_bytes: int
    """Length of the body as it came; what is kept may be shorter."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event as it came, and why it is dead."""

    summary: Summary
    message_id: str | None
    properties: Mapping[str, Any]
    """Application properties: names and JSON values."""
    body: bytes
    """The first `BODY_BYTES_MAX` of it."""

    @property
    def is_cut(self) -> bool:
        """Whether the body was too long to be kept whole."""
        return len(self.body) < self.summary.body_bytes


class DeadLetters(Protocol):
    """One entry per event. Partition: hub and partition."""

    async def put(self, letter: DeadLetter) -> None:
        """Keep it, in one transaction; in place of the one with its key, if there is one."""

    def pages(self) -> AsyncIterator[Sequence[Summary]]:
        """Go through all of them, by hub, partition and sequence number."""

    async def get(self, key: Key) -> DeadLetter | None:
        """Return one, or None."""

    async def remove(self, key: Key) -> None:
        """Delete one; when it is not there it is as good as deleted."""
