"""All that the app keeps, in one place. Its parts ask only for the ports that they use."""

from typing import Protocol

from store.deadletters_port import DeadLetters
from store.port import Store
from store.publications_port import FollowedLog, Publications


class AppStore(Store, Protocol):
    """Inbox and log, and what Event Hubs need besides."""

    @property
    def log(self) -> FollowedLog:
        """Return the log."""

    @property
    def deadletters(self) -> DeadLetters:
        """Return the dead letters."""

    @property
    def publications(self) -> Publications:
        """Return the markers and cursors of publishing."""
