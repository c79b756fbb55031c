"""The task hub: its parts put together, started and stopped."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from localhost.http_server import Request
from localhost.sqlite_file import SqliteFile
from localhost.taskhub.activities import Activities
from localhost.taskhub.backlog import Backlog
from localhost.taskhub.clock import SECOND, Clock, SystemClock
from localhost.taskhub.commit import Committer
from localhost.taskhub.counts import Counts
from localhost.taskhub.entities import Entities
from localhost.taskhub.entity_api import EntityApi
from localhost.taskhub.faults import Faults
from localhost.taskhub.instance_api import InstanceApi
from localhost.taskhub.links import client_payload
from localhost.taskhub.mailboxes import Mailboxes
from localhost.taskhub.management import Management
from localhost.taskhub.messages import (
    ActivityTask,
    Message,
    Numbers,
    count_attempt,
    last_number,
)
from localhost.taskhub.options import HubOptions
from localhost.taskhub.orchestrations import Orchestrations
from localhost.taskhub.resources import Resources
from localhost.taskhub.rpc import Routes
from localhost.taskhub.schema import HubFileError, open_hub_file
from localhost.taskhub.worker_port import Worker

BACK_OFF_SECONDS_MAX: Final = 600
"""The longest time for which an abandoned message stays invisible."""


class TaskHub:
    """One task hub in one file. Belongs to the event loop on which it is started."""

    def __init__(
        self,
        path: Path,
        worker: Worker,
        options: HubOptions,
        faults: Faults | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`path` is the file, whose folder exists; functions are run by `worker`."""
        self._path = path
        self._worker = worker
        self._options = options
        self._faults = faults or Faults()
        self._clock = clock or SystemClock()
        self._counts = Counts()
        self._code = ""
        self._background: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the file and go on with whatever is pending in it.

        Raises HubFileError when the file is damaged, of a newer format or cannot be opened.
        """
        file = await open_hub_file(self._path)
        try:
            last = last_number(file.reader)
            self._build(file, last)
            pause = self._faults.pending_seconds
            self._backlog = Backlog(file.reader, last, self._receive, self._ready, pause)
            self._backlog.start()
        except sqlite3.Error as error:
            await file.close()
            message = f"the task hub {self._path} is damaged: {error}"
            raise HubFileError(message) from error

    def _ready(self) -> int:
        return self._entities.ready + self._orchestrations.ready + self._activities.ready

    def _build(self, file: SqliteFile, last_number: int) -> None:
        options, clock = self._options, self._clock
        numbers = Numbers(last_number)
        resources = Resources(
            file, self._worker, options, clock, self._faults, numbers, self._counts
        )
        self._file = file
        self._committer = Committer(resources, self._send)
        orchestrations = Orchestrations(resources, self._committer, self._abandon)
        entities = Entities(resources, self._committer, self._abandon)
        self._orchestrations = Mailboxes(
            options.max_concurrent_orchestrators, clock, orchestrations.run
        )
        self._entities = Mailboxes(options.max_concurrent_entities, clock, entities.run)
        self._activities = Activities(resources, self._committer)
        management = self._management = Management(resources, self)
        routes = InstanceApi(resources, management, lambda: self._code).routes()
        routes |= EntityApi(resources, management).routes()
        self._routes = Routes(routes, options.hub_name)

    async def stop(self) -> None:
        """Finish what runs, start nothing new, close the file. Pending work stays in it."""
        await self._backlog.stop()
        await asyncio.gather(
            self._entities.stop(), self._orchestrations.stop(), self._activities.stop()
        )
        await self._committer.acknowledgements.finish()
        if self._background:
            await asyncio.wait(self._background)
        await self._file.close()

    async def handle(self, request: Request, relative_path: str, base_url: str) -> web.Response:
        """Answer one request of the durable HTTP API.

        `relative_path` follows the base, still percent-escaped; `base_url` is the base under
        which the links in the answer shall be reached.
        """
        return await self._routes.handle(request, relative_path, base_url)

    def rpc_handler(self) -> Callable[[Request, str, str], Awaitable[web.Response]]:
        """Return :meth:`handle` without one level of indirection. Call after `start`."""
        return self._routes.handle

    def client_payload(self, webhook_base: str, rpc_base: str, key: str) -> str:
        """Return what a durable client binding gets, as JSON; links carry the key from now on."""
        self._code = key
        return client_payload(self._options.hub_name, webhook_base, rpc_base, key)

    def statistics(self) -> dict[str, int]:
        """Return what the hub has done since it started, and its transactions by label."""
        return asdict(self._counts) | {"commits": self._file.commits} | dict(self._file.writes)

    def deliver(self, message: Message, place: int | None = None) -> None:
        """Hand a message that is on disk to its instance."""
        boxes = self._orchestrations if message.is_event else self._entities
        boxes.deliver(message, place)

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

    def _send(self, messages: Sequence[Message], activities: Sequence[ActivityTask]) -> None:
        self._counts.messages_sent += len(messages) + len(activities)
        self._receive(messages, activities)

    def _receive(self, messages: Sequence[Message], activities: Sequence[ActivityTask]) -> None:
        for message in messages:
            self.deliver(message)
        for activity in activities:
            self._activities.deliver(activity)

    def _abandon(self, messages: list[Message]) -> None:
        """Take messages back whose work item failed; they come again, later every time.

        The instance does not wait for them: what comes meanwhile overtakes.
        """
        self._counts.abandoned += 1
        for message in messages:
            message.attempts += 1
            seconds = min(2**message.attempts, BACK_OFF_SECONDS_MAX)
            again = partial(self.deliver, message)
            self._clock.call_at(self._clock.now() + seconds * SECOND, again)
        task = asyncio.create_task(self._keep_attempts(messages))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _keep_attempts(self, messages: list[Message]) -> None:
        with suppress(sqlite3.Error):  # then the count starts over after a restart
            await self._file.write("hub.abandon", lambda c: count_attempt(c, messages))
