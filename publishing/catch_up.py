"""Publishes whatever has a marker: this is what makes publishing a promise."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from concurrency.drawn import Drawn
from publishing.lag import Lag
from publishing.publisher import Publisher, Reached
from store.ports.log import Log
from store.ports.publications import Marker, Publications
from store.ports.records import Conflict, Head
from telemetry.decisions import Decisions

KEYS_AT_ONCE_MAX: Final = 16

MARKERS_PER_DRAW_MAX: Final = 10_000
"""Held at a time, out of all there are."""

ROUND_SECONDS_MAX: Final = 60.0
"""One round. A hub that hangs holds up only the next round."""

UNMARK_AFTER: Final = timedelta(seconds=60)
"""Age at which a marker may go. A fence makes appends of others start over: not in a busy key.
Only economy depends on it."""

Fenced = Callable[[str, Head, Head], None]
"""Hears a key, and its head before and after a fence: the emitter of this process caches heads."""


@dataclass(frozen=True, slots=True)
class CatchUpPublisher:
    """All keys that may have something to publish."""

    log: Log
    publications: Publications
    publisher: Publisher
    tell: Decisions
    now: Callable[[], datetime]
    rng: Random
    """Draws the order: after a round that was too short the next one begins elsewhere."""
    fenced: Fenced
    lag: Lag = field(default_factory=Lag)

    async def publish(self, unmark_after: timedelta = UNMARK_AFTER) -> int:
        """Publish what there is, within a minute; return how many keys were brought to their end.

        Raises StoreError when the markers cannot be read. A key that fails is left for the next
        round and does not hold up the others, nor does one with a long log.
        """
        ended: list[bool] = []
        try:
            async with asyncio.timeout(ROUND_SECONDS_MAX):
                while await self._some(ended, unmark_after):
                    pass
        except TimeoutError:
            pass  # what is left shows in the lag
        oldest = self.lag.oldest(self.now()).total_seconds()
        self.tell.publishing_behind(len(self.lag.since), oldest)
        return sum(ended)

    async def _some(self, ended: list[bool], unmark_after: timedelta) -> bool:
        """Publish as many keys as are held at a time, each to its end; add to `ended` whether it is
        there. Return whether others are likely to be behind.
        """
        markers = await self._markers()
        self.lag.begin(markers)
        line = deque(markers)
        behind = 0

        async def serve() -> None:
            nonlocal behind
            while line:
                marker = line.popleft()
                reached = await self._try(marker, unmark_after)
                if reached is not None and not reached.is_end:
                    line.append(marker)  # behind the others, which do not wait for it
                    continue
                ended.append(reached is not None)
                behind += reached is not None and reached.sent > 0

        await asyncio.gather(*(serve() for _ in range(KEYS_AT_ONCE_MAX)))
        # Keys in use are drawn again and again, and have nothing left: there it ends.
        return len(markers) == MARKERS_PER_DRAW_MAX and behind > len(markers) / 2

    async def _markers(self) -> Sequence[Marker]:
        """Draw from all that there are, each with the same chance; no more are held at a time."""
        drawn = Drawn[Marker](MARKERS_PER_DRAW_MAX, self.rng)
        async for page in self.publications.marked():
            for each in page:
                drawn.add(each)
        self.rng.shuffle(drawn.items)
        return drawn.items

    async def _try(self, marker: Marker, unmark_after: timedelta) -> Reached | None:
        """Return how far the key is; None when that is for the next round to see."""
        try:
            return await self._catch_up(marker, unmark_after)
        except Conflict:
            return None  # the key is in use again: its marker stays
        except Exception as error:  # noqa: BLE001 - an entry of this key that cannot be shown, say
            self.tell.publish_failed(marker.key, error)
            return None

    async def _catch_up(self, marker: Marker, unmark_after: timedelta) -> Reached | None:
        reached = await self.publisher.publish(marker.key)
        if not reached.is_end:
            return reached
        self.lag.caught_up(marker.key)
        if self.now() - marker.set_at < unmark_after:
            return reached
        head = await self.log.head(marker.key)
        if head.version is None:
            return reached  # its first append has not happened; it will, and find the marker set
        if reached.place != head.place:
            return None
        # In this order, and why it is enough: `store.ports.publications`.
        after = await self.log.fence(marker.key, head)
        self.fenced(marker.key, head, after)
        await self.publications.unmark(marker)
        return reached
