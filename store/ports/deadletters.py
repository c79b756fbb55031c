"""What can never become an entry as it is: events, and requests that the domain function fails on."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self

BODY_BYTES_MAX: Final = 1_048_576
"""Kept of a body: all of it, up to the limit of Event Hubs for an event."""

PROPERTIES_BYTES_MAX: Final = 1_048_576
"""Kept of the application properties, as JSON. Body and properties, in base64, fit into one
transaction of 4 MiB."""

TEXT_CHARACTERS_MAX: Final = 2_000
"""Kept of each other text: message id, reason, name of a property."""

FOLD: Final = "fold"
"""The source of requests that the domain function failed on; others are names of event hubs."""


@dataclass(frozen=True, slots=True)
class Name:
    """Names a dead letter: the same event, or request, has the same name whenever it comes."""

    source: str
    """An event hub, in lower case (letters, digits, `.`, `-`, `_`), or `FOLD`."""
    partition: str
    """Of the hub; of a request its key."""
    position: str
    """Sequence number and a part of the hash of the content, `17-5d41402a`; without a sequence
    number the hash alone. The hash keeps apart the events of a hub and of one that was made anew
    under its name. Of a request its id."""

    def __str__(self) -> str:
        """As operators write it: `source/partition/position`."""
        return f"{self.source}/{self.partition}/{self.position}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take back what `__str__` made. Raises ValueError when it is none."""
        parts = text.split("/")
        if len(parts) != len(cls.__slots__) or not all(parts):
            raise ValueError(f"{text!r} is not of the form source/partition/position")
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known about a dead letter, without what is in it."""

    name: Name
    code: str
    """Why it is dead, for programs."""
    reason: str
    """Why it is dead, in words."""
    request_id: str | None
    """The one that a redelivery would have; None when it has none that may be used."""
    enqueued_at: datetime | None
    """When the hub took it in, or the request was accepted; aware."""
    stored_at: datetime
    body_bytes: int
    """Length of the body as it came; what is kept may be shorter."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What came, and why it is dead."""

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
    """One entry per name. Partition: source and partition. Every call may raise Unknown."""

    async def put(self, letter: DeadLetter) -> None:
        """Keep it, in one transaction; in place of the one with its name, if there is one."""

    def pages(self) -> AsyncIterator[Sequence[Summary]]:
        """Go through all of them, by source, partition and position; linear in their number."""

    async def get(self, name: Name) -> DeadLetter | None:
        """Return one, or None."""

    async def remove(self, name: Name, stored_at: datetime | None = None) -> None:
        """Delete one; when it is not there it is as good as deleted.

        With `stored_at` only the one that was stored then: a later one of its name stays.
        """
