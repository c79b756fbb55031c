"""How the results of an episode or a batch reach the disk, in the order of Azure Storage.

1 send messages and activities · 2 history · 3 instance row · 4 delete the inputs. Each is a
transaction of its own and on disk before the next begins; nothing spans two (host-protocol 7.2),
but 2 and 3 when no faults were asked for: nobody sees the state between them for longer than a
commit takes, and whoever wants to see a crash there asks for one.
Sent messages are delivered after step 1: their effects may be seen before steps 2 and 3, or
without them when the process dies in between.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from localhost.sqlite_file import SqliteFile
from localhost.taskhub.faults import Point, Work
from localhost.taskhub.messages import (
    ActivityTask,
    Message,
    delete_activities,
    delete_messages,
    insert_all,
)
from localhost.taskhub.resources import Resources

Statement = tuple[str, Sequence[Any]]


class Aborted(Exception):
    """Somebody changed the instance meanwhile (a purge): run its work item again."""


@dataclass(slots=True)
class Commit:
    """Everything that one work item writes."""

    work: Work
    messages: list[Message] = field(default_factory=list)
    activities: list[ActivityTask] = field(default_factory=list)
    history: list[Statement] = field(default_factory=list)
    instance: list[Statement] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    """Sequence numbers of the messages that it used up."""
    ran: list[int] = field(default_factory=list)
    """Sequence numbers of the activities whose result it contains."""


class Committer:
    """Writes commits to the hub's file."""

    def __init__(
        self,
        resources: Resources,
        deliver: Callable[[Sequence[Message], Sequence[ActivityTask]], None],
    ) -> None:
        """`deliver` is told what was sent once it is on disk."""
        self._file = resources.file
        self._faults = resources.faults
        self._deliver = deliver
        self.acknowledgements = Acknowledgements(resources.file)

    async def commit(self, commit: Commit, is_void: Callable[[], bool]) -> None:
        """Write all of it. Raises Aborted before a step when `is_void`; sqlite3.Error when a
        write fails: earlier steps stay, and whether the failed one is on disk is unknown.
        """
        self._pass(Point.BEFORE_SEND, commit)
        if commit.messages or commit.activities:
            await self._file.write(
                "hub.messages", lambda c: insert_all(c, commit.messages, commit.activities)
            )
            self._deliver(commit.messages, commit.activities)
        self._pass(Point.AFTER_SEND_BEFORE_COMMIT, commit)
        if commit.history and commit.instance and not self._faults.active:
            await self._step("hub.instance", [*commit.history, *commit.instance], is_void)
        else:
            if commit.history:
                await self._step("hub.history", commit.history, is_void)
            self._pass(Point.AFTER_HISTORY_BEFORE_INSTANCE, commit)
            if commit.instance:
                await self._step("hub.instance", commit.instance, is_void)
        self._pass(Point.AFTER_COMMIT_BEFORE_ACK, commit)
        self.acknowledgements.add(commit.inputs, commit.ran)

    async def _step(
        self, label: str, statements: Sequence[Statement], is_void: Callable[[], bool]
    ) -> None:
        if is_void():
            raise Aborted
        await self._file.write(label, lambda connection: _execute(connection, statements))

    def _pass(self, point: Point, commit: Commit) -> None:
        if self._faults.active:
            self._faults.passed(point, commit.work)


class Acknowledgements:
    """Step 4: deletes inputs in the background, in whatever commit comes next.

    A work item need not wait for it: the deletion is in the queue of the file before anything
    that the next work item of the instance writes, so a crash leaves at worst what a crash
    before the deletion leaves: inputs that are delivered again.
    """

    def __init__(self, file: SqliteFile) -> None:
        """Delete from `file`."""
        self._file = file
        self._messages: list[int] = []
        self._activities: list[int] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, messages: Sequence[int], activities: Sequence[int]) -> None:
        """Have messages and activities deleted."""
        if not self._messages and not self._activities:
            task = asyncio.create_task(self._delete())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._messages += messages
        self._activities += activities

    async def finish(self) -> None:
        """Wait until nothing is left to delete."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _delete(self) -> None:
        messages, self._messages = self._messages, []
        activities, self._activities = self._activities, []

        def work(connection: sqlite3.Connection) -> None:
            delete_messages(connection, messages)
            if activities:
                delete_activities(connection, activities)

        # When it fails, the inputs are delivered again after the next start, no worse.
        with suppress(sqlite3.Error):
            await self._file.write("hub.ack", work)


def _execute(connection: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    for sql, parameters in statements:
        connection.execute(sql, parameters)
