"""What publishing asks of an event hub."""

from collections.abc import Sequence
from typing import Final, Protocol

from publishing.events import Event


class NotSent(Exception):
    """No confirmation: all of the events, some or none may be in the hub, now or a little later."""

    is_of_a_service: Final = True


class Producer(Protocol):
    """Sends to one hub. Belongs to the event loop of its first call."""

    async def send(self, partition_key: str, events: Sequence[Event]) -> None:
        """Send the events, in this order, to the partition of the key.

        Returns when the hub has all of them. Raises NotSent, within a bounded time; then those
        that are in the hub are the first ones.
        """

    async def close(self) -> None:
        """Give back connections."""
