"""What an empty store promises to whoever restores a log: rows first, and the head when all are in.

An append writes the head with its rows. A restore does not know the states in between, so it
writes the heads last of all: until then nothing can be appended to a log (the id 1 is taken), and
an audit names it. Calls fail as those of `store.port` do.
"""

from collections.abc import Sequence
from typing import Protocol

from store.port import Entry


class LogWriter(Protocol):
    """Writes logs that have no head yet. Never part of the app."""

    async def insert(self, project_id: int, entries: Sequence[Entry]) -> None:
        """Write a row per TODO and a row per request, for 1 to `LOG_ENTRIES_MAX` entries.

        In one transaction. Raises Conflict when one of the rows is there.
        """

    async def finish(self, project_id: int, state: int) -> None:
        """Write the head. Raises Conflict when there is one."""

    async def close(self) -> None:
        """Give back connections and files."""
