"""All that one domain keeps, in one place. Parts of the app ask only for the ports they use."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from store.ports.deadletters import DeadLetters
from store.ports.inbox import Inbox
from store.ports.log import Log
from store.ports.publications import Publications


class Store(Protocol):
    """Opened on first use, on the running event loop."""

    @property
    def inbox(self) -> Inbox:
        """Return the inbox."""

    @property
    def log(self) -> Log:
        """Return the log."""

    @property
    def deadletters(self) -> DeadLetters:
        """Return the dead letters."""

    @property
    def publications(self) -> Publications:
        """Return the markers and cursors of publishing."""

    async def note_sweep(self, at: datetime) -> None:
        """Note, for health, that a sweep ended at `at`, aware. Raises Unknown."""

    async def last_sweep(self) -> datetime | None:
        """Return what was noted last, aware; None when nothing was. Raises Unknown."""

    async def check(self) -> Mapping[str, str]:
        """Try a write and a read; return what is wrong, by the name of the part. Empty when all
        is well. The words name no address and no account.
        """

    async def close(self) -> None:
        """Give back connections and files."""
