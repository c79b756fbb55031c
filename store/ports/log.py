"""What became true: the entries of each key, dense from 1, and the request that each answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from store.ports.records import Answered, Entry, Head


@dataclass(frozen=True, slots=True)
class Tail:
    """What one range read behind a place found."""

    entries: Sequence[Entry]
    head: Head | None
    """None when one page did not reach the end of the log."""


class Log(Protocol):
    """A partition per key. Every call may raise Unknown, and readers Unreadable."""

    async def head(self, key: str) -> Head:
        """Return where the log ends now."""

    async def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        """Write, in ONE transaction: the head (only if it still is `head`), a row per entry and
        a row per request. Return the head that is there now.

        `after` is the head to write; its `version` counts for nothing. 1 to `LOG_ENTRIES_MAX`
        entries, with the places behind `head.place`, of at most `APPEND_CHARACTERS_MAX`.
        Raises RowConflict when an entry or a request has its row already, Conflict when the head
        has moved; either may come when both hold.
        """

    async def tail(self, key: str, after: int) -> Tail:
        """Read, in ONE request, up to 1,000 entries behind `after` and the head that ends them.

        The head is no older than the entries.
        """

    async def find(self, key: str, request_ids: Sequence[str]) -> dict[str, Answered]:
        """Return what answers these requests, by request id; any number may be asked for."""

    async def get(self, key: str, place: int) -> Entry | None:
        """Return one entry, or None."""

    async def read(self, key: str, after: int, limit: int) -> list[Entry]:
        """Return up to `limit` (1 to 1,000) entries behind `after`, in order, without a hole.

        At least those that were in the log when the call was made, while appends go on.
        """

    async def fence(self, key: str, head: Head) -> Head:
        """Give the head, which must be there, a new version; return it as it is now.

        Whoever has read it earlier cannot append any more. Raises Conflict when it has moved.
        """
