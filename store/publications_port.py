"""What the store promises to whoever publishes the log: a cursor and a marker per project.

The marker says that a project may have entries beyond its cursor, so that nobody has to look at
all projects. It is set before an append and taken away by whoever has found nothing left:

    appending   1. read the head   2. set the marker   3. append, only if the head has not moved
    publishing  1. read the marker 2. publish to the end 3. fence the head, only if it still is
                where publishing ended 4. take the marker away, only if nobody set it again

An append that succeeds after a fence has read the head after the fence, and so has set the marker
after the marker was read: step 4 fails, or came before and the marker is back. An append that
succeeds before a fence has moved the head: step 3 fails, unless its entries were published. So at
every instant a project without a marker has nothing to publish, whoever crashes, however many
processes there are. `tests/publishing/test_marker.py` goes through all orders.

Calls fail as those of `store.port` do.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from store.port import Entry, Head, Log


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a log has been published."""

    last: int
    """Id of the last TODO; 0 when there is none."""
    version: str | None
    """Opaque: guards the next move; None when there is no cursor yet."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Says that a project may have something to publish."""

    project_id: int
    set_at: datetime
    """Aware; for the last time. Nothing but economy depends on it."""
    version: str
    """Opaque: every setting makes a new one."""


class Publications(Protocol):
    """Markers and cursors."""

    async def mark(self, project_id: int, at: datetime) -> None:
        """Set the marker of a project, whether it is set or not."""

    def marked(self) -> AsyncIterator[Sequence[Marker]]:
        """Go through the markers. At least those that are set all the while."""

    async def unmark(self, marker: Marker) -> None:
        """Take it away. Raises Conflict when it was set again, or is gone."""

    async def cursor(self, project_id: int) -> Cursor:
        """Return how far the log of a project has been published."""

    async def move(self, project_id: int, cursor: Cursor, last: int) -> None:
        """Move the cursor, if it still is `cursor`. Raises Conflict otherwise."""


class FollowedLog(Log, Protocol):
    """The log, and what one who follows it needs besides."""

    async def entries(self, project_id: int, after: int, limit: int) -> list[Entry]:
        """Return what `read` returns, together with the requests."""

    async def fence(self, project_id: int, head: Head) -> None:
        """Give the head, which must be there, a new version and leave its state as it is.

        Whoever has read it earlier cannot append any more. Raises Conflict when it has moved.
        """
