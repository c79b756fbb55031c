"""What the store promises: the inbox (accepted, not numbered yet) and the log (for ever).

Every call may fail with :class:`Unknown`. A write that fails so may have happened, may not
have happened, and may still happen: the caller looks, believes what it sees, never undoes. The
same holds for a write whose caller was cancelled.

Request ids are any text of 1 to 255 characters that has an encoding (so no lone surrogates), and
are compared as they are: no case folding, no normalisation.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from todos import Todo, TodoRequest

INBOX_ROWS_MAX: Final = 100
"""Rows in one inbox transaction: the limit of a Table Storage entity group transaction."""

LOG_ENTRIES_MAX: Final = 49
"""TODOs in one log transaction: a head, a row per TODO and a row per request within 100 rows."""


class StoreError(Exception):
    """The store did not do as asked."""


class Conflict(StoreError):
    """Nothing was written: a row is there that must not be, or the head has moved."""


class Unknown(StoreError):
    """No answer, or one that says nothing: a write may have happened. Look, never undo."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log of a project ends, as read at one moment."""

    state: int
    """The state of the domain after the last entry, `todos.EMPTY` when there is none."""
    version: str | None
    """Opaque: guards the next append; None when the log has no head row yet. Every append makes
    a new one, also where a log was deleted and begins again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A TODO together with the request it answers."""

    request_id: str
    todo: Todo


def dense(todos: list[Todo], after: int) -> list[Todo]:
    """Return the TODOs, which are in id order and above `after`, if no id is left out.

    A log has no holes, so a reading that has one is wrong: raises Unknown.
    """
    if todos and todos[-1].id - after != len(todos):
        raise Unknown(f"{len(todos)} TODOs between {after} and {todos[-1].id}")
    return todos


class Inbox(Protocol):
    """One row per accepted request that is not known to be in the log. Partition: project."""

    async def put(
        self, project_id: int, requests: Sequence[TodoRequest], accepted_at: datetime
    ) -> None:
        """Insert a row for each of at most `INBOX_ROWS_MAX` distinct requests, all or none.

        `accepted_at` is aware. Raises Conflict when one of the rows is there already, whatever
        it holds.
        """

    async def get(self, project_id: int, request_ids: Sequence[str]) -> dict[str, TodoRequest]:
        """Return the rows that are there, by request id; any number may be asked for."""

    async def remove(self, project_id: int, request_ids: Sequence[str]) -> None:
        """Delete the rows; one that is not there is as good as deleted. Any number."""

    async def count(self, project_id: int, at_most: int) -> int:
        """Count the rows of a project, no further than `at_most`."""

    async def accepted_at(self, project_id: int, request_id: str) -> datetime | None:
        """Return when the row was put, aware; None when there is none."""

    def waiting(
        self, accepted_before: datetime, per_project: int
    ) -> AsyncIterator[Sequence[TodoRequest]]:
        """Go through the projects with rows older than `accepted_before`.

        One sequence per project, the oldest rows of it first as far as the store can tell, at
        most `per_project` of them: a project with a long backlog does not hide the next one.
        """


class Log(Protocol):
    """The TODOs of each project, dense from 1, and who asked for them. Partition: project."""

    async def head(self, project_id: int) -> Head:
        """Return where the log ends now."""

    async def append(
        self, project_id: int, head: Head, state: int, entries: Sequence[Entry]
    ) -> None:
        """Write, in ONE transaction: the head (only if it still is `head`), a row per TODO
        and a row per request, for 1 to `LOG_ENTRIES_MAX` entries.

        Raises Conflict when the head has moved or one of the rows is there.
        """

    async def find(self, project_id: int, request_ids: Sequence[str]) -> dict[str, Todo]:
        """Return the TODOs that answer these requests, by request id; any number."""

    async def get(self, project_id: int, todo_id: int) -> Todo | None:
        """Return one TODO, or None."""

    async def read(self, project_id: int, after: int, limit: int) -> list[Todo]:
        """Return up to `limit` TODOs with an id above `after`, in id order, without a hole.

        At least those that were in the log when the call was made, while appends go on.
        """


class Store(Protocol):
    """Both, opened on first use on the running event loop."""

    @property
    def inbox(self) -> Inbox:
        """Return the inbox."""

    @property
    def log(self) -> Log:
        """Return the log."""

    async def check(self) -> Mapping[str, str]:
        """Return what is wrong, by the name of the part; empty when all answers."""

    async def close(self) -> None:
        """Give back connections and files."""
