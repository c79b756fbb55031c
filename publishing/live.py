"""Publishes right after an append: best-effort, in the background, off the request path.

What is forgotten here, for whatever reason, has a marker, and `publishing.catch_up` finds it.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from publishing.producer import NotSent
from publishing.publisher import Publisher
from store.ports.records import StoreError
from telemetry.decisions import Decisions

RUNS_AT_ONCE_MAX: Final = 16
"""Keys that are being published side by side."""

KEYS_WAITING_MAX: Final = 1_000
"""Keys that wait for one of those places; a hub that hangs does not fill the memory."""

PAUSE_SECONDS: Final = 5.0
"""After a failure. A hub that is down is asked by the timer, not by every append."""


class LivePublisher:
    """Of one process."""

    def __init__(
        self,
        publisher: Publisher,
        tell: Decisions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives monotonic seconds."""
        self._publisher = publisher
        self._tell = tell
        self._clock = clock
        self._places = asyncio.Semaphore(RUNS_AT_ONCE_MAX)
        self._waiting: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hub_paused_until = float("-inf")
        self._paused_until: dict[str, float] = {}

    def appended(self, key: str) -> None:
        """Publish the key soon, unless that is about to happen anyway."""
        full = len(self._waiting) >= KEYS_WAITING_MAX
        if key in self._waiting or full or self._is_paused(key):
            return
        self._waiting.add(key)
        task = asyncio.create_task(self._publish(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Wait until everything that was begun has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _is_paused(self, key: str) -> bool:
        now = self._clock()
        if now >= self._paused_until.get(key, now):
            self._paused_until.pop(key, None)
        return now < self._hub_paused_until or key in self._paused_until

    async def _publish(self, key: str) -> None:
        async with self._places:
            # From here on a further append asks again: this run may have read the log already.
            self._waiting.discard(key)
            try:
                await self._publisher.publish(key)
            except NotSent as error:  # the hub is the same for all keys
                self._hub_paused_until = self._clock() + PAUSE_SECONDS
                self._tell.publish_failed(key, error)
            except StoreError as error:  # this key alone
                if len(self._paused_until) < KEYS_WAITING_MAX:
                    self._paused_until[key] = self._clock() + PAUSE_SECONDS
                self._tell.publish_failed(key, error)
