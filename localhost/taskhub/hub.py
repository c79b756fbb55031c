"""The task hub: its parts put together, started, stopped, and orphaned by the death of its reader."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from aiohttp import web

from localhost.http_server import Request
from localhost.sqlite_file import SqliteFile
from localhost.taskhub.clock import Clock, SystemClock
from localhost.taskhub.counts import Counts
from localhost.taskhub.entity_api import EntityApi
from localhost.taskhub.faults import Faults
from localhost.taskhub.instance_api import InstanceApi
from localhost.taskhub.links import client_payload
from localhost.taskhub.listener import Listener
from localhost.taskhub.management import Management
from localhost.taskhub.messages import Message, Numbers, last_number
from localhost.taskhub.options import HubOptions
from localhost.taskhub.parts import Parts
from localhost.taskhub.resources import Resources
from localhost.taskhub.rpc import Routes
from localhost.taskhub.schema import HubFileError, open_hub_file, release_lease, take_lease
from localhost.taskhub.worker_port import Worker

Api = Callable[[Request, str, str], Awaitable[web.Response]]
"""The durable HTTP API: a request, its path below the base still escaped, and the base URL."""


class TaskHub:
    """One task hub in one file. Belongs to the event loop on which it is started."""

    def __init__(
        self,
        path: Path,
        worker: Worker,
        options: HubOptions,
        faults: Faults | None = None,
        clock: Clock | None = None,
        parts: Parts | None = None,
    ) -> None:
        """`path` is the file, whose folder exists; functions are run by `worker`.

        `parts` speak the SDK's dialect: JSON, unless told otherwise.
        """
        self._path = path
        self._worker = worker
        self._options = options
        self._faults = faults or Faults()
        self._clock = clock or SystemClock()
        self._parts = parts or Parts()
        self._counts = Counts()
        self._code = ""
        self._listener: Listener | None = None
        self._successor: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the file and go on with whatever is pending in it.

        Raises HubFileError when the file is damaged, of a newer format or cannot be opened.
        """
        file = await open_hub_file(self._path, self._options.storage_seconds)
        try:
            last = last_number(file.reader)
            self._build(file, last)
            if self._options.lease and not take_lease(file.writer):
                self._successor = asyncio.create_task(self._succeed())
            else:
                self._listener = Listener(self._resources, self._parts)
                self._listener.begin(last)
        except sqlite3.Error as error:
            await file.close()
            message = f"the task hub {self._path} is damaged: {error}"
            raise HubFileError(message) from error

    def _build(self, file: SqliteFile, last_number: int) -> None:
        self._file = file
        self._resources = Resources(
            *(file, self._worker, self._options, self._clock),
            *(self._faults, Numbers(last_number), self._counts),
        )
        self.management = Management(self._resources, self)
        self.management_apart = Management(self._resources, Apart(self))
        self._routes = self._routes_of(self.management)
        self._routes_apart = self._routes_of(self.management_apart)

    def _routes_of(self, management: Management) -> Routes:
        routes = InstanceApi(self._resources, management, lambda: self._code).routes()
        routes |= EntityApi(self._resources, management).routes()
        return Routes(routes, self._options.hub_name, self._options.storage_seconds)

    async def stop(self) -> None:
        """Finish what runs, start nothing new, close the file. Pending work stays in it."""
        if self._successor is not None:
            self._successor.cancel()
            await asyncio.wait([self._successor])
        if self._listener is not None:
            await self._listener.stop()
        if self._options.lease:
            await self._file.write("hub.lease", release_lease)
        await self._file.close()

    def lose_reader(self) -> None:
        """The instance that reads the queues is killed; after its lease the next one begins.

        Its functions are broken off wherever they are. Clients are served all the time.
        """
        if self._listener is None:
            return  # nobody reads yet
        self._listener.kill()
        self._listener = None
        self._successor = asyncio.create_task(self._succeed())

    async def _succeed(self) -> None:
        # Whatever the predecessor was writing is on disk after this, or never will be.
        await self._file.write("hub.lease", lambda _: None)
        expired = asyncio.Event()
        self._clock.call_at(self._clock.now() + self._options.lease, expired.set)
        await expired.wait()
        self._listener = Listener(self._resources, self._parts)
        self._listener.go_on()

    async def handle(self, request: Request, relative_path: str, base_url: str) -> web.Response:
        """Answer one request of the durable HTTP API.

        `relative_path` follows the base, still percent-escaped; `base_url` is the base under
        which the links in the answer shall be reached.
        """
        return await self._routes.handle(request, relative_path, base_url)

    def rpc_handler(self, *, apart: bool = False) -> Api:
        """Return :meth:`handle` without one level of indirection. Call after `start`.

        `apart`: for clients in other instances than the one that reads the queues.
        """
        return (self._routes_apart if apart else self._routes).handle

    def client_payload(self, webhook_base: str, rpc_base: str, key: str) -> str:
        """Return what a durable client binding gets, as JSON; links carry the key from now on."""
        self._code = key
        return client_payload(self._options.hub_name, webhook_base, rpc_base, key)

    def statistics(self) -> dict[str, int]:
        """Return what the hub has done since it started, and its transactions by label."""
        return asdict(self._counts) | {"commits": self._file.commits} | dict(self._file.writes)

    def deliver(self, message: Message, place: int | None = None, *, wakes: bool = True) -> None:
        """Tell the reader of a message that is on disk, if there is one; else the next will see."""
        if self._listener is not None:
            self._listener.deliver(message, place, wakes=wakes)

    def waiting(self, target: str) -> int:
        """Return how many operations wait for an entity."""
        return self._listener.waiting(target) if self._listener is not None else 0

    def wake(self, target: str) -> None:
        """Let an entity look at what it has held back."""
        if self._listener is not None:
            self._listener.wake(target)

    def void(self, target: str) -> None:
        """Make the running work item of an instance give up."""
        if self._listener is not None:
            self._listener.void(target)


class Apart:
    """A hub as clients in other instances than its reader's reach it: through the storage alone."""

    def __init__(self, hub: TaskHub) -> None:
        self._hub = hub
        self.waiting = hub.waiting
        self.wake = hub.wake
        self.void = hub.void

    def deliver(self, message: Message, place: int | None = None) -> None:
        """Put a message where the reader will find it, at its next look."""
        self._hub.deliver(message, place, wakes=False)
