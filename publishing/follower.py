"""Publishes right after an append, in the background: fast, never safe, in nobody's way.

What is forgotten here, for whatever reason, has a marker, and `publishing.backlog` finds it.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from publishing.producer import NotSent
from publishing.publisher import Publisher
from store.port import StoreError
from store.publications_port import Publications

RUNS_AT_ONCE_MAX: Final = 16
"""Projects that are being published side by side."""

PROJECTS_WAITING_MAX: Final = 1_000
"""Projects that wait for one of those places; a hub that hangs does not fill our memory."""

PAUSE_SECONDS: Final = 5.0
"""After a failure. A hub that is down is asked by the timer, not by every append."""

log = logging.getLogger(__name__)


class Follower:
    """As `activities.feed.Feed` says."""

    def __init__(
        self,
        publisher: Publisher,
        publications: Publications,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` is aware; `clock` gives monotonic seconds."""
        self._publisher = publisher
        self._publications = publications
        self._now = now
        self._clock = clock
        self._places = asyncio.Semaphore(RUNS_AT_ONCE_MAX)
        self._waiting: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._paused_until = float("-inf")

    async def expect(self, project_id: int) -> None:
        """Set the marker. It costs every append one write of a row."""
        await self._publications.mark(project_id, self._now())

    def appended(self, project_id: int) -> None:
        """Publish the project soon, unless that is about to happen anyway."""
        full = len(self._waiting) >= PROJECTS_WAITING_MAX
        if project_id in self._waiting or full or self._clock() < self._paused_until:
            return
        self._waiting.add(project_id)
        task = asyncio.create_task(self._publish(project_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Wait until everything that was begun has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _publish(self, project_id: int) -> None:
        async with self._places:
            # From here on a further append asks again: this run may have read the log already.
            self._waiting.discard(project_id)
            try:
                await self._publisher.publish(project_id)
            except (NotSent, StoreError) as error:
                self._paused_until = self._clock() + PAUSE_SECONDS
                log.warning("publish_failed project=%s", project_id, exc_info=error)
