"""Publishes whatever has a marker: this is what makes publishing a promise."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from publishing.lag import Lag
from publishing.producer import NotSent
from publishing.publisher import Publisher
from store.port import Conflict, StoreError
from store.publications_port import FollowedLog, Marker, Publications
from telemetry import decisions
from todos import last_id

PROJECTS_AT_ONCE_MAX: Final = 16

MARKERS_PER_ROUND_MAX: Final = 10_000
"""Looked at in one round, out of all there are."""

ROUND_SECONDS_MAX: Final = 60.0
"""One round. A hub that hangs holds up nobody but the next round."""

UNMARK_AFTER: Final = timedelta(seconds=60)
"""Age at which a marker may go. A fence makes appends of others start over: not in a project
that is busy. Only economy depends on it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backlog:
    """All projects that may have something to publish."""

    todos: FollowedLog
    publications: Publications
    publisher: Publisher
    now: Callable[[], datetime]
    chance: Random
    """Draws the order: after a round that was too short the next one begins elsewhere."""
    lag: Lag = field(default_factory=Lag)

    async def publish(self, unmark_after: timedelta = UNMARK_AFTER) -> int:
        """Publish what there is, within a minute; return how many projects are at their end.

        Raises StoreError when the markers cannot be read. A project that fails is left for the
        next round and does not hold up the others.
        """
        markers = await self._markers()
        self.lag.begin(markers)
        done: list[bool] = []
        places = asyncio.Semaphore(PROJECTS_AT_ONCE_MAX)

        async def one(marker: Marker) -> None:
            async with places:
                done.append(await self._try(marker, unmark_after))

        try:
            async with asyncio.timeout(ROUND_SECONDS_MAX):
                await asyncio.gather(*(one(each) for each in markers))
        except TimeoutError:
            log.warning("publishing_unfinished markers=%s done=%s", len(markers), len(done))
        decisions.publishing_behind(
            len(self.lag.since), self.lag.oldest(self.now()).total_seconds()
        )
        return sum(done)

    async def _markers(self) -> Sequence[Marker]:
        markers: list[Marker] = []
        async for page in self.publications.marked():
            markers += page
        self.chance.shuffle(markers)
        return markers[:MARKERS_PER_ROUND_MAX]

    async def _try(self, marker: Marker, unmark_after: timedelta) -> bool:
        try:
            return await self._catch_up(marker, unmark_after)
        except Conflict:
            return False  # the project is in use again: its marker stays
        except (NotSent, StoreError) as error:
            log.warning("publish_failed project=%s", marker.project_id, exc_info=error)
            return False

    async def _catch_up(self, marker: Marker, unmark_after: timedelta) -> bool:
        published = await self.publisher.publish(marker.project_id)
        self.lag.caught_up(marker.project_id)
        if self.now() - marker.set_at < unmark_after:
            return True
        head = await self.todos.head(marker.project_id)
        if head.version is None:
            return True  # its first append has not happened; it will, and find the marker set
        last = last_id(head.state)
        if published > last:
            await self._step_back(marker.project_id, last)
        if published != last:
            return False
        # In this order, and why it is enough: `store.publications_port`.
        await self.todos.fence(marker.project_id, head)
        await self.publications.unmark(marker)
        return True

    async def _step_back(self, project_id: int, last: int) -> None:
        """Follow a log that has lost its tail, as after a forced fail-over of the account.

        Its ids are given out again, and what gets them is to be published too.
        """
        cursor = await self.publications.cursor(project_id)
        if cursor.last > last:
            log.error("log_lost_its_tail project=%s from=%s to=%s", project_id, cursor.last, last)
            await self.publications.move(project_id, cursor, last)
