"""The sweeper: finds accepted requests that still wait, and gives them their places itself.

It starts no orchestration, so nothing can pile up. Its work per sweep is bounded; when it ends full
it goes on at once, within its time.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final

from activities.drain import Drains
from concurrency.drawn import Drawn
from concurrency.turns import start
from store.ports.inbox import OVERDUE_ROWS, Inbox, Waiting
from store.ports.records import Unknown
from taskhub.port import TaskHub
from telemetry.decisions import Decisions

KEYS_MAX: Final = 1_000
"""Keys of one round. The next round, and the next sweep, find the others."""

SLOW_KEYS_MAX: Final = 100
"""Keys of one round that did not get done in an earlier one: drawn from all of those, and beside
`KEYS_MAX`, so that a crowd of hanging keys hides nobody behind it."""

ROWS_HELD_MAX: Final = 20_000
"""Rows of one round in memory: keys beyond that are of the next round too."""

KEY_SECONDS_MAX: Final = 30.0
"""One key in one round."""


class _Found:
    """What a listing has come to so far."""

    def __init__(self, slow: Collection[str], rng: Random) -> None:
        self.slow_keys: set[str] = set()
        self._is_slow = slow
        self._rows: dict[str, Sequence[Waiting]] = {}
        self._slow = Drawn[Sequence[Waiting]](SLOW_KEYS_MAX, rng)
        self._held = 0

    def add(self, rows: Sequence[Waiting]) -> None:
        key = rows[0].request.key
        if key in self._is_slow:
            self.slow_keys.add(key)
            self._slow.add(rows)
        else:
            self._rows[key] = rows
            self._held += len(rows)

    @property
    def is_full(self) -> bool:
        return len(self._rows) >= KEYS_MAX or self._held >= ROWS_HELD_MAX

    def rows(self) -> dict[str, Sequence[Waiting]]:
        return self._rows | {each[0].request.key: each for each in self._slow.items}


class Sweeper:
    """Of one process."""

    def __init__(
        self,
        inbox: Inbox,
        drains: Drains,
        tell: Decisions,
        now: Callable[[], datetime],
        rng: Random,
    ) -> None:
        """Look into `inbox`; `now` is aware and in UTC. `rng` draws the order of the keys: a sweep
        that does not get to the end begins elsewhere next time.
        """
        self._inbox = inbox
        self._drains = drains
        self._tell = tell
        self._now = now
        self._rng = rng
        self._slow: set[str] = set()
        """Keys that did not get done: they go last, and a few at a time."""

    async def sweep(self, hub: TaskHub, older_than: timedelta, seconds_max: float) -> int:
        """Take up what was accepted more than `older_than` ago; return how many keys are left.

        Raises StoreError when the inbox cannot be gone through; a key that fails does not stop
        the others. Ends soon after `seconds_max`, of which listing takes half at most.
        """
        now = asyncio.get_running_loop().time()
        end = now + seconds_max
        rows = await self._overdue(older_than, (now + end) / 2)
        if rows is None:
            raise Unknown("the inbox could not be gone through in time")
        while True:
            oldest = min((each[0].accepted_at for each in rows.values()), default=self._now())
            left = await self._drain(rows, hub, end)
            self._tell.swept(len(rows), len(left), (self._now() - oldest).total_seconds())
            self._slow = (self._slow - set(rows)) | set(left)
            is_full = len(rows) >= KEYS_MAX or sum(map(len, rows.values())) >= ROWS_HELD_MAX
            now = asyncio.get_running_loop().time()
            if not (is_full and now < end and len(left) < len(rows)):
                return len(left)
            rows = await self._overdue(older_than, (now + end) / 2)
            if rows is None:  # it was nearly over, and has done its work
                return len(left)

    async def _overdue(
        self, older_than: timedelta, end: float
    ) -> dict[str, Sequence[Waiting]] | None:
        """List keys until `end`; what has not come by then, or is too much, is for the next time.
        None when none has come.
        """
        found = _Found(self._slow, self._rng)
        listing = self._inbox.overdue(self._now() - older_than)
        try:
            async with asyncio.timeout_at(end):
                async for each in listing:
                    found.add(each)
                    if found.is_full:
                        return found.rows()
        except TimeoutError:
            return found.rows() or None
        # Others have worked off what did not come.
        self._slow &= found.slow_keys
        return found.rows()

    async def _drain(
        self, rows: dict[str, Sequence[Waiting]], hub: TaskHub, end: float
    ) -> list[str]:
        """Drain the keys side by side, the slow ones last; return those with rows left."""
        keys = list(rows)
        self._rng.shuffle(keys)
        keys.sort(key=self._slow.__contains__)

        async def one(key: str) -> bool:
            # What can be read goes first: one row that cannot fails every page of its key.
            page = [each for each in rows[key] if each.request.payload]
            are_all = 0 < len(page) < OVERDUE_ROWS
            return await self._drains.drain(key, hub, KEY_SECONDS_MAX, page, are_all=are_all)

        if not keys:
            return []
        tasks = dict(zip(keys, await start(map(one, keys)), strict=True))
        seconds = max(0.0, end - asyncio.get_running_loop().time())
        _, late = await asyncio.wait(tasks.values(), timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return [key for key, task in tasks.items() if task in late or not task.result()]
