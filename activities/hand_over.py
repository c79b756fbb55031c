"""Hands requests that nobody waits for to the orchestration `outbox`: once per process and moment.

It makes them fast, never safe: what gets lost here is found by the sweeper.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from taskhub.port import HubUnknown, TaskHub
from telemetry.decisions import Decisions

PAUSE_SECONDS: Final = 0.1
"""From one start to the next when there is company: an orchestration costs as much as ten
requests, and one serves all that came meanwhile. A lone request does not wait."""

STARTS_MAX: Final = 4
"""Under way at once in this process, of which each domain has its share: starts that hang leave the
connections of the hub to signals and reads."""

WAIT_SECONDS_MAX: Final = 1.0
"""How long a caller waits for its start; the start goes on without it."""


class HandOver:
    """Of one process. Belongs to one event loop."""

    def __init__(self, tell: Decisions, domains: int = 1) -> None:
        """Begin with nothing under way. There are so many `domains` in this process."""
        self._tell = tell
        self._keys: dict[str, None] = {}
        self._next: asyncio.Task[None] | None = None
        self._started_at = float("-inf")
        self._starts = asyncio.Semaphore(max(1, STARTS_MAX // domains))

    async def hand_over(self, keys: Sequence[str], hub: TaskHub) -> None:
        """Start the orchestration for these keys; return when that is done, or takes long."""
        if not keys:
            return
        self._keys |= dict.fromkeys(keys)
        if self._next is None:
            self._next = asyncio.create_task(self._start(hub))
        await asyncio.wait([self._next], timeout=WAIT_SECONDS_MAX)

    async def _start(self, hub: TaskHub) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._started_at + PAUSE_SECONDS - loop.time()))
        async with self._starts:
            self._started_at = loop.time()
            # From here on a further request asks again: this orchestration may miss its row.
            keys, self._keys, self._next = list(self._keys), {}, None
            try:
                await hub.hand_over(keys)
            except HubUnknown as error:
                self._tell.hand_over_failed(len(keys), error)
            else:
                self._tell.handed_over(len(keys))
