"""What auditor, backup and erasure ask of a store beyond the ports of the app.

The ports hide what their promises rule out; here it has to come to light. So a row that cannot be
one of ours is not an error but :class:`Damaged`. Calls fail with Unknown when the store cannot be
read at all.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from store.ports.inbox import Waiting
from store.ports.records import Answered, Entry, Head


@dataclass(frozen=True, slots=True)
class Damaged:
    """A row that the app would not have written."""

    row: str
    """Its key, as it is stored."""
    reason: str


class Reader(Protocol):
    """One store, read a page at a time; never written, never created."""

    @property
    def name(self) -> str:
        """What is read, so that no other store has this name. No secret."""

    def keys(self, after: str = "") -> AsyncIterator[str]:
        """Go through all keys that have any row, each once, in one order, from the one behind
        `after` on.

        A key that has a row all the while is there, also when it moves from inbox to log meanwhile.
        """

    async def head(self, key: str) -> Head | Damaged | None:
        """Return the head; None when there is none."""

    async def cursor(self, key: str) -> int | Damaged | None:
        """Return how far the log was published; None when it never was."""

    async def is_marked(self, key: str) -> bool:
        """Tell whether a marker says that there may be something to publish."""

    def answered(self, key: str) -> AsyncIterator[Sequence[Answered | Damaged]]:
        """Go through the request rows, in any order.

        At least those that were there when the first page was read, while appends go on.
        """

    def entries(self, key: str) -> AsyncIterator[Sequence[Entry | Damaged]]:
        """Go through the entries, in the order of their places; at least as above."""

    def inbox(self, key: str) -> AsyncIterator[Sequence[Waiting | Damaged]]:
        """Go through the rows of the inbox."""

    async def close(self) -> None:
        """Give back connections and files."""


class Writer(Protocol):
    """Writes what the app never would: logs that have no head yet, and blanks.

    An append writes the head with its rows. A restore does not know the states in between, so it
    writes the heads last of all: until then nothing can be appended to a log (place 1 is taken),
    and an audit names it. Calls fail as those of the app's ports do.
    """

    async def insert(self, key: str, answered: Sequence[Answered]) -> None:
        """Write a row per entry and a row per request, for 1 to `LOG_ENTRIES_MAX` entries.

        In one transaction. Raises Conflict when one of the rows is there.
        """

    async def finish(self, key: str, head: Head) -> None:
        """Write the head. Raises Conflict when there is one."""

    async def blank(self, key: str, request_id: str, place: int) -> None:
        """Put `ERASED` in the place of payload and output in the rows of an entry and its request,
        in one transaction.
        """

    async def close(self) -> None:
        """Give back connections and files."""
