"""Drains: give the inbox of a key its places though no client waits.

The activity and the sweeper run them. Waiters go first: drains have a bounded number of
places in a process, and take their turns behind clients.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from activities.emit import OVERDUE_SECONDS, Begin, Emitter
from activities.lane import Lane
from concurrency.places import Places
from store.ports.inbox import Inbox, Waiting
from store.ports.records import StoreError
from taskhub.port import TaskHub
from telemetry.decisions import Decisions

DRAINS_MAX: Final = 8
DRAIN_SECONDS_MAX: Final = 1.0
"""Keys at once in this process, of which each domain has its share, and for how long one counts."""

INBOX_PAGE_ROWS: Final = 1_000


class Drains:
    """Of one domain in one process. Belongs to one event loop."""

    def __init__(
        self,
        inbox: Inbox,
        emitter: Emitter,
        tell: Decisions,
        now: Callable[[], datetime],
        domains: int = 1,
    ) -> None:
        """Take rows from `inbox`; `now` is aware and in UTC. There are so many `domains` in this
        process.
        """
        self._inbox = inbox
        self._emitter = emitter
        self._tell = tell
        self._now = now
        self._places = Places(max(1, DRAINS_MAX // domains), DRAIN_SECONDS_MAX)

    async def drain(
        self,
        key: str,
        hub: TaskHub,
        seconds: float,
        rows: Sequence[Waiting] = (),
        *,
        are_all: bool = False,
    ) -> bool:
        """Give everything in the inbox of a key its place; return whether that was done.

        `rows` are those that the caller has read already, and come first; `are_all`: it wants no
        others. Takes at most `seconds` once it has a place among the drains.
        """
        async with self._places.one():
            try:
                async with asyncio.timeout(seconds):
                    if rows:
                        await self._page(self._emitter.lane(key), rows, hub, are_all=are_all)
                    is_done = are_all
                    while not is_done:
                        page = await self._inbox.page(key, INBOX_PAGE_ROWS)
                        if page:
                            await self._page(self._emitter.lane(key), page, hub)
                        is_done = len(page) < INBOX_PAGE_ROWS
            except (StoreError, TimeoutError) as error:
                self._tell.drain_failed(key, error)
                return False
        return True

    async def _page(
        self, lane: Lane, page: Sequence[Waiting], hub: TaskHub, *, are_all: bool = False
    ) -> None:
        now, at = self._now(), asyncio.get_running_loop().time()
        was_idle = lane.is_idle()
        futures = {
            row.request.id: lane.enter(
                row.request, at + OVERDUE_SECONDS - (now - row.accepted_at).total_seconds()
            )
            for row in page
        }
        for request_id in futures:
            lane.waiting[request_id].row_seen = True
        is_alone = are_all and was_idle and len(page) == 1 and bool(lane.overdue(at))
        self._emitter.serve(lane, hub, Begin.APPEND if is_alone else Begin.READ)
        try:
            await asyncio.wait(futures.values())
        finally:
            answers = {i: f.result() for i, f in futures.items() if f.done() and not f.cancelled()}
            for request_id, future in futures.items():
                lane.leave(request_id, future)
            self._emitter.tell_answers(lane.key, answers)
        if not is_alone:
            await self._emitter.acknowledge(lane, hub)
        if lane.removals:
            await asyncio.wait(lane.removals)
