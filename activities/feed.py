"""What the emitter tells whoever follows the logs (`publishing`), and when."""

from typing import Protocol


class Feed(Protocol):
    """Hears of appends on both sides of them."""

    async def expect(self, project_id: int) -> None:
        """Remember, durably, that the log of this project may be about to grow.

        Call it after the head has been read and before the append that is guarded by it:
        `store.publications_port` says why. Raises StoreError; then nothing may be appended.
        """

    def appended(self, project_id: int) -> None:
        """The log has grown. A hint: returns at once, never raises, may be forgotten."""


class Unfollowed:
    """Nobody follows the logs."""

    async def expect(self, project_id: int) -> None:
        """Nothing to remember."""

    def appended(self, project_id: int) -> None:
        """Nobody to tell."""
