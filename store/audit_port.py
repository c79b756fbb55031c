"""What an auditor reads: the rows as they are stored, and never one written or created.

The port of the app (`store.port`) hides what its promises rule out; here it has to come to light.
So a row that cannot be one of ours is not an error but :class:`Damaged`. Calls fail with
:class:`store.port.Unknown` when the store cannot be read at all.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Kind(Enum):
    """The rows of a log besides its head."""

    TODO = "TODO row"
    REQUEST = "request row"


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of a log that can be read and has the key that its content calls for."""

    kind: Kind
    key: str
    id: int
    """Of the TODO; not known to be in 1..ID_MAX."""
    request_id: str
    content: str | None
    """The payload of the TODO as JSON. A store that keeps it once shows it in both rows; then it
    is None in a request row whose TODO is not there."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A row of the inbox that can be read and has the key that its request id calls for."""

    key: str
    request_id: str
    content: str


@dataclass(frozen=True, slots=True)
class Damaged:
    """A row that the app would not have written."""

    key: str
    reason: str


class AuditReader(Protocol):
    """One store, read a page at a time."""

    @property
    def name(self) -> str:
        """What is read, so that no other store has this name. No secret."""

    def partitions(self, after: str = "") -> AsyncIterator[str]:
        """Go through all partitions that hold anything, each once: project ids, if all is well.

        In one order, from the one after `after` on. A partition that holds something all the
        while is there, also when its rows move from the inbox to the log meanwhile.
        """

    async def head(self, project_id: int) -> int | Damaged | None:
        """Return the state of the head row; None when there is none."""

    async def cursor(self, project_id: int) -> int | Damaged | None:
        """Return how far the log has been published; None when it never was."""

    def log(self, project_id: int) -> AsyncIterator[Sequence[LogRow | Damaged]]:
        """Go through all rows but the head; TODO rows in the order of their ids.

        At least those that were there when the first page was read, while appends go on.
        """

    async def answers(self, project_id: int, request_ids: Sequence[str]) -> dict[str, LogRow]:
        """Return the request rows that are there and readable, by request id; any number."""

    async def todos(self, project_id: int, ids: Sequence[int]) -> dict[int, LogRow]:
        """Return the TODO rows that are there and readable, by id; any number."""

    def inbox(self, project_id: int) -> AsyncIterator[Sequence[InboxRow | Damaged]]:
        """Go through the rows of the inbox."""

    async def close(self) -> None:
        """Give back connections and files."""
