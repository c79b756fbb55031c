"""How far each log has been published: a cursor and a marker per key.

The marker says that a key may have entries behind its cursor, so that nobody has to look at all
keys. It is set before an append and taken away by whoever has found nothing left:

    appending   1. read the head   2. set the marker   3. append, only if the head has not moved
    publishing  1. read the marker 2. publish to the end 3. fence the head, only if it still is
                where publishing ended 4. take the marker away, only if nobody set it again

An append that succeeds after a fence has read the head after the fence, and so has set the marker
after the marker was read: step 4 fails, or came before and the marker is back. An append that
succeeds before a fence has moved the head: step 3 fails, unless its entries were published. So at
every instant a key without a marker has nothing to publish, whoever crashes, however many
processes there are. A cached head is a head that was read earlier: the fence refuses its append.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a log has been published."""

    place: int
    """Of the last entry that was sent; 0 when there is none."""
    version: str | None
    """Opaque: guards the next move; None when there is no cursor yet."""
    trail: str = ""
    """Opaque text of at most 4,000 characters, kept for whoever moves the cursor
    (`publishing.trail`)."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Says that a key may have something to publish."""

    key: str
    set_at: datetime
    """Aware; for the last time. Nothing but economy depends on it."""
    version: str
    """Opaque: every setting makes a new one."""


class Publications(Protocol):
    """Markers and cursors. Every call may raise Unknown."""

    async def mark(self, key: str, at: datetime) -> None:
        """Set the marker of a key, whether it is set or not."""

    def marked(self) -> AsyncIterator[Sequence[Marker]]:
        """Go through the markers. At least those that are set all the while."""

    async def unmark(self, marker: Marker) -> None:
        """Take it away. Raises Conflict when it was set again, or is gone."""

    async def cursor(self, key: str) -> Cursor:
        """Return how far the log of a key has been published."""

    async def move(self, key: str, cursor: Cursor, place: int, trail: str) -> Cursor:
        """Move the cursor, if it still is `cursor`; return it. Raises Conflict otherwise."""
