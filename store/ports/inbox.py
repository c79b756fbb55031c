"""What was asked: one row per accepted request that is not known to be in the log."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from store.ports.records import Request

OVERDUE_ROWS: Final = 100
"""Rows of a key that `Inbox.overdue` shows at least, if there are so many."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the inbox."""

    request: Request
    accepted_at: datetime
    """Aware."""


class Inbox(Protocol):
    """Rows by key and request id. Every call may raise Unknown, and readers Unreadable."""

    async def put(self, requests: Sequence[Request], accepted_at: datetime) -> None:
        """Insert a row for each of 1 to `INBOX_ROWS_MAX` distinct requests of ONE key, all or none.

        `accepted_at` is aware. Raises Conflict when one of the rows is there already, whatever it
        holds.
        """

    async def get(self, key: str, request_ids: Sequence[str]) -> dict[str, Request]:
        """Return the rows that are there, by request id; any number may be asked for."""

    async def waiting(self, key: str, request_id: str) -> Waiting | None:
        """Return the row of one request with the time, or None."""

    async def remove(self, key: str, request_ids: Sequence[str]) -> None:
        """Delete the rows; one that is not there is as good as deleted. Any number."""

    async def discard(self, row: Waiting) -> None:
        """Delete a row if it still is the one that was read: the id may have been sent again, for
        something else or for the same.
        """

    async def page(self, key: str, limit: int) -> list[Waiting]:
        """Return up to `limit` (1 to 1,000) rows of a key, in an order of the store's own.

        Fewer than `limit` are all that were there when the call was made.
        """

    async def count(self, key: str, at_most: int) -> int:
        """Count the rows of a key, no further than `at_most`."""

    def overdue(self, accepted_before: datetime) -> AsyncIterator[Sequence[Waiting]]:
        """Go through the keys that have rows older than `accepted_before`: per key one sequence
        with at least one such row, the oldest that the store can tell cheaply first. Fewer than
        `OVERDUE_ROWS` are all that there are.

        A key with a long backlog does not hide the next one, and a row that cannot be read hides
        neither its key nor any other: the keys come whatever their rows hold. Of a key
        whose overdue rows cannot be read at all one comes, with an empty payload.
        """
