"""What the protocol asks of the task hub, which may repeat, delay, reorder or lose all of it."""

from collections.abc import Sequence
from typing import Final, Protocol

from entities.order import Order


class HubUnknown(Exception):
    """No answer, or one that says nothing. What was asked for may have happened, or still happen."""

    is_of_a_service: Final = True


class TaskHub(Protocol):
    """The entities and the orchestration of one domain. Every call ends within 30 s."""

    async def create(self, key: str, ids: Sequence[str], done: Sequence[str], head: int) -> None:
        """Signal the entity of `key`: drop `done`, raise the head to `head`, append `ids`.

        Raises HubUnknown.
        """

    async def order(self, key: str) -> Order:
        """Read the committed state of the entity; never what an operation answered.

        An entity that never was reads as the empty order, and so does a state that cannot be
        read. Raises HubUnknown.
        """

    async def hand_over(self, keys: Sequence[str]) -> None:
        """Start the orchestration `outbox` for these keys. Raises HubUnknown."""
