"""Starts over with requests that wait too long: this is what makes acceptance a promise.

Signals, entities, orchestrations, the whole task hub may be lost; the inbox rows are not.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from activities.hub import Hub
from store.port import Store, StoreError
from telemetry import decisions
from todos import TodoRequest, last_id
from triggers.announcer import Announcer

REQUESTS_PER_PROJECT_MAX: Final = 1_000
"""Taken up in one sweep: a few outboxes full. A long backlog of one project does not hold up
the sweep of the next one."""

PROJECTS_AT_ONCE_MAX: Final = 16
"""Taken up side by side: they share an orchestration, and a slow one leaves the others room."""

log = logging.getLogger(__name__)


async def sweep(
    store: Store, announcer: Announcer, hub: Hub, now: datetime, older_than: timedelta
) -> int:
    """Take up every request accepted more than `older_than` ago; return how many there were.

    Raises StoreError when the inbox cannot be read; a project that fails is left for next time.
    """
    count = 0
    ages: list[timedelta] = []
    places = asyncio.Semaphore(PROJECTS_AT_ONCE_MAX)
    running: set[asyncio.Task[None]] = set()

    async def one(requests: Sequence[TodoRequest]) -> None:
        waiting = requests
        try:
            waiting = await _take_up(store, announcer, hub, requests)
        except Exception as error:  # one project must not stop the others
            log.warning("sweep_failed project=%s", requests[0].project_id, exc_info=error)
        try:
            ages.append(await _age(store, waiting, now, older_than))
        finally:
            places.release()

    try:
        async for requests in store.inbox.waiting(now - older_than, REQUESTS_PER_PROJECT_MAX):
            count += len(requests)
            await places.acquire()
            task = asyncio.create_task(one(requests))
            running.add(task)
            task.add_done_callback(running.discard)
    finally:
        if running:
            await asyncio.wait(running)
    decisions.swept(count, max(ages, default=timedelta(0)).total_seconds())
    return count


async def _take_up(
    store: Store, announcer: Announcer, hub: Hub, requests: Sequence[TodoRequest]
) -> Sequence[TodoRequest]:
    """Start over with those that are not in the log, and return them; clear up the others."""
    project_id = requests[0].project_id
    logged = await store.log.find(project_id, [each.request_id for each in requests])
    waiting = [each for each in requests if each.request_id not in logged]
    decisions.taken_up(project_id, [each.request_id for each in waiting])
    await announcer.announce(waiting, hub)
    if logged:
        decisions.found_in_log(project_id, {each: todo.id for each, todo in logged.items()})
        head = await store.log.head(project_id)
        await store.inbox.remove(project_id, list(logged))
        await hub.settle(project_id, last_id(head.state), list(logged))
    return waiting


async def _age(
    store: Store, waiting: Sequence[TodoRequest], now: datetime, older_than: timedelta
) -> timedelta:
    """Return the age of the first, which is the oldest; at least `older_than` if nobody knows."""
    if not waiting:
        return timedelta(0)
    try:
        at = await store.inbox.accepted_at(waiting[0].project_id, waiting[0].request_id)
    except StoreError:
        return older_than
    return timedelta(0) if at is None else now - at
