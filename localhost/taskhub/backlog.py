"""What was pending when the host started, delivered by pages.

New messages do not wait behind it: the next page comes when the one before is nearly worked off.
Nothing is delivered twice, because what is new has higher numbers than all that was pending.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from localhost.taskhub.messages import (
    PAGE,
    ActivityTask,
    Message,
    last_number,
    load_activities,
    load_messages,
)

LOOK_SECONDS: Final = 0.02

Receive = Callable[[Sequence[Message], Sequence[ActivityTask]], None]


class Backlog:
    """Loads pages; the first at once, the others in a task of its own."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        last: int,
        receive: Receive,
        waiting: Callable[[], int],
    ) -> None:
        """Load all up to number `last`; `waiting` counts what is ready to be worked on."""
        self._reader = reader
        self._last = last
        self._receive = receive
        self._waiting = waiting
        self._messages = self._activities = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Deliver the first page, and see to the others."""
        if self._deliver_page():
            self._task = asyncio.create_task(self._deliver_rest())

    def stop(self) -> None:
        """Load nothing more."""
        if self._task is not None:
            self._task.cancel()

    def _deliver_page(self) -> bool:
        """Deliver what comes next; tell whether there may be more."""
        messages = load_messages(self._reader, self._messages, self._last)
        activities = load_activities(self._reader, self._activities, self._last)
        self._messages = messages[-1].seq if messages else self._last
        self._activities = activities[-1].seq if activities else self._last
        self._receive(messages, activities)
        return bool(messages or activities)

    async def _deliver_rest(self) -> None:
        while True:
            while self._waiting() > PAGE // 2:  # noqa: ASYNC110 - what wakes it is spread out
                await asyncio.sleep(LOOK_SECONDS)
            if not self._deliver_page():
                return


def load_all(reader: sqlite3.Connection) -> tuple[list[Message], list[ActivityTask]]:
    """Return everything that is pending, in one look."""
    last = last_number(reader)
    messages: list[Message] = []
    while page := load_messages(reader, messages[-1].seq if messages else 0, last):
        messages += page
    activities: list[ActivityTask] = []
    while found := load_activities(reader, activities[-1].seq if activities else 0, last):
        activities += found
    return messages, activities
