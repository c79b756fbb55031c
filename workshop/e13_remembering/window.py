"""Deduplication that expires, as brokers offer it."""

from typing import Final

from workshop.simulator import Effect, World
from workshop.simulator.effect import once

SECONDS_MAX: Final = 7 * 86_400
"""As in Azure Service Bus: from 20 seconds to 7 days, 10 minutes unless set."""


class Window:
    """Remembers ids for a time."""

    def __init__(self, world: World) -> None:
        """Remembers nothing."""
        self._world = world
        self._until: dict[str, int] = {}

    def remembers(self, order: str) -> Effect[bool]:
        """Whether `order` is remembered now."""

        def act() -> bool:
            return self._until.get(order, -1) >= self._world.now

        return Effect("broker", f"asks the broker for {order}", once(act), tell=said)

    def remember(self, order: str, seconds: int) -> Effect[None]:
        """Remember `order` from now on, at most `SECONDS_MAX`."""
        until = self._world.now + min(seconds, SECONDS_MAX)

        def act() -> None:
            self._until[order] = until

        return Effect("broker", f"tells the broker of {order}", once(act))


def said(remembers: bool) -> str:  # noqa: FBT001 - the result of an effect
    """Show the answer."""
    return ": seen before" if remembers else ": not seen"
