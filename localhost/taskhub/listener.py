"""What an instance with durable functions runs: it reads the queues and works on what they hold.

It can be killed, as its instance is, while the hub's file and its HTTP API live on: they are the
storage, which the next listener begins from.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from localhost.taskhub.backlog import Backlog, load_all
from localhost.taskhub.clock import SECOND, Microseconds
from localhost.taskhub.commit import Committer
from localhost.taskhub.mailboxes import Mailboxes
from localhost.taskhub.messages import ActivityTask, Message, count_attempt, hide
from localhost.taskhub.orchestrations import Orchestrations
from localhost.taskhub.parts import Parts
from localhost.taskhub.queues import Queues
from localhost.taskhub.resources import Resources

BACK_OFF_SECONDS_MAX: Final = 600
"""The longest time for which an abandoned message stays invisible."""


class Listener:
    """Reads and works from `begin` or `go_on` to `stop` or `kill`, once."""

    def __init__(self, resources: Resources, parts: Parts) -> None:
        """Make one that does nothing yet."""
        options, clock = resources.options, resources.clock
        self._file = resources.file
        self._clock = clock
        self._storage_seconds = options.storage_seconds
        self._counts = resources.counts
        self._committer = Committer(resources, self._send)
        orchestrations = Orchestrations(
            resources, self._committer, self._abandon, parts.orchestrator(resources)
        )
        entities = parts.entities(resources, self._committer, self._abandon)
        self._orchestrations = Mailboxes(options.max_concurrent_orchestrators, orchestrations.run)
        self._entities = Mailboxes(options.max_concurrent_entities, entities.run)
        self._activities = parts.activities(resources, self._committer)
        self._queues: Queues | None = None
        if options.queues is not None:
            self._queues = Queues(
                options.queues, clock, self._see, self._take, self._activities.deliver
            )
        self._backlog: Backlog | None = None
        self._loaded: frozenset[int] = frozenset()
        """What was on disk when it began after a kill; who put it there may still want to tell."""
        self._background: set[asyncio.Task[None]] = set()

    def begin(self, last: int) -> None:
        """Work on what is pending up to number `last`; nobody else has begun to send."""
        self._backlog = Backlog(self._file.reader, last, self._put, self._ready)
        self._backlog.start()

    def go_on(self) -> None:
        """Work on whatever is pending, as the successor of one that was killed."""
        messages, activities = load_all(self._file.reader)
        self._loaded = frozenset([m.seq for m in messages] + [a.seq for a in activities])
        self._put(messages, activities)

    def deliver(self, message: Message, place: int | None = None, *, wakes: bool = True) -> None:
        """Tell of a message that is on disk; `wakes`: this instance has sent it."""
        if message.seq not in self._loaded:
            self._arrive(message, place, wakes=wakes)

    async def stop(self) -> None:
        """Finish what runs, start nothing new. Pending work stays on disk."""
        if self._backlog is not None:
            self._backlog.stop()
        if self._queues is not None:
            await self._queues.stop()
        await asyncio.gather(
            self._entities.stop(), self._orchestrations.stop(), self._activities.stop()
        )
        await self._committer.acknowledgements.finish()
        if self._background:
            await asyncio.wait(self._background)

    def kill(self) -> None:
        """Break off whatever runs, wherever it is; writes under way may or may not happen."""
        if self._backlog is not None:
            self._backlog.stop()
        if self._queues is not None:
            self._queues.kill()
        for part in (self._entities, self._orchestrations, self._activities):
            part.kill()

    def waiting(self, target: str) -> int:
        """Return how many operations wait for an entity."""
        return self._entities.waiting(target)

    def wake(self, target: str) -> None:
        """Let an entity look at what it has held back."""
        self._entities.wake(target)

    def void(self, target: str) -> None:
        """Make the running work item of an instance give up."""
        self._entities.void(target)
        self._orchestrations.void(target)

    def _ready(self) -> int:
        return self._entities.ready + self._orchestrations.ready + self._activities.ready

    def _arrive(
        self, item: Message | ActivityTask, place: int | None = None, *, wakes: bool = False
    ) -> None:
        """Hand over what is visible; what is not yet comes then, and wakes nobody."""
        if item.due is not None and item.due > self._clock.now():
            self._clock.call_at(item.due, partial(self._arrive, item))
        elif self._queues is not None:
            self._queues.put(item, wakes=wakes)
        elif isinstance(item, ActivityTask):
            self._activities.deliver(item)
        else:
            self._take(item, place)

    def _take(self, message: Message, place: int | None = None) -> None:
        boxes = self._orchestrations if message.is_event else self._entities
        boxes.deliver(message, place)

    def _send(self, messages: Sequence[Message], activities: Sequence[ActivityTask]) -> None:
        self._counts.messages_sent += len(messages) + len(activities)
        self._put(messages, activities, wakes=True)

    def _put(
        self,
        messages: Sequence[Message],
        activities: Sequence[ActivityTask],
        *,
        wakes: bool = False,
    ) -> None:
        for message in messages:
            self._arrive(message, wakes=wakes)
        for activity in activities:
            self._arrive(activity, wakes=wakes)

    async def _see(
        self,
        messages: Sequence[Message],
        activities: Sequence[ActivityTask],
        until: Microseconds,
    ) -> None:
        await self._file.write("hub.see", lambda c: hide(c, messages, activities, until))
        if messages:
            await asyncio.sleep(self._storage_seconds)  # for the history of the instance

    def _abandon(self, messages: list[Message]) -> None:
        """Take messages back whose work item failed; they come again, later every time.

        The instance does not wait for them: what comes meanwhile overtakes.
        """
        self._counts.abandoned += 1
        for message in messages:
            message.attempts += 1
            seconds = min(2**message.attempts, BACK_OFF_SECONDS_MAX)
            message.due = self._clock.now() + seconds * SECOND
        task = asyncio.create_task(self._keep_attempts(messages))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        self._put(messages, ())

    async def _keep_attempts(self, messages: list[Message]) -> None:
        with suppress(sqlite3.Error):  # then the count starts over after a restart
            await self._file.write("hub.abandon", lambda c: count_attempt(c, messages))
