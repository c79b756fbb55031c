"""Publishes the log of one project: reads on behind the cursor, sends, moves the cursor.

In this order. A crash between sending and moving sends the same events again; in the other order
it would leave them out. Two publishers in two processes repeat each other's events, each of them
in id order, so that whoever skips the ids it has seen gets every TODO once and in order.
"""

import logging
from collections.abc import Sequence
from typing import Final

from activities.coalescing import Coalescer
from publishing.events import event_of, partition_key_of
from publishing.producer import Producer
from store.port import Conflict
from store.publications_port import FollowedLog, Publications
from telemetry import decisions, tracing

EVENTS_PER_SEND_MAX: Final = 100
"""Of at most 4 KB each, so usually one message, whatever the tier of the hub allows."""

SENDS_PER_RUN_MAX: Final = 100
"""10,000 TODOs of one project; the rest are in the next run."""

ASKED_PER_RUN_MAX: Final = 1_000
"""Callers that share a run."""

log = logging.getLogger(__name__)


class Publisher:
    """One run at a time per project within this process; projects side by side."""

    def __init__(self, todos: FollowedLog, publications: Publications, producer: Producer) -> None:
        """Publish `todos` to `producer`."""
        self._log = todos
        self._publications = publications
        self._producer = producer
        self._runs: Coalescer[int, None, int] = Coalescer(
            self._run, ASKED_PER_RUN_MAX, name="publish"
        )

    async def publish(self, project_id: int) -> int:
        """Publish what is in the log now; return how far the log has been published.

        That is short of its end after very many entries. Raises NotSent or StoreError.
        """
        (last,) = await self._runs.submit(project_id, [None])
        return last

    async def _run(self, project_id: int, asked: Sequence[None]) -> list[int]:
        last = 0
        for _ in range(SENDS_PER_RUN_MAX):
            last, more = await self._advance(project_id)
            if not more:
                break
        return [last] * len(asked)

    async def _advance(self, project_id: int) -> tuple[int, bool]:
        cursor = await self._publications.cursor(project_id)
        entries = await self._log.entries(project_id, cursor.last, EVENTS_PER_SEND_MAX)
        if not entries:
            return cursor.last, False
        events = [event_of(each) for each in entries]
        send = self._producer.send(partition_key_of(project_id), events)
        await tracing.step("send", project_id, [each.request_id for each in entries], send)
        last = entries[-1].todo.id
        try:
            await self._publications.move(project_id, cursor, last)
        except Conflict:
            # Another process publishes this project too. What it has not sent, we go on with.
            log.info("cursor_moved_by_other project=%s", project_id)
            return cursor.last, True
        decisions.published(project_id, entries[0].todo.id, last)
        return last, len(entries) == EVENTS_PER_SEND_MAX
