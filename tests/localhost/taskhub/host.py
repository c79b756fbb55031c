"""A task hub behind an HTTP server on a free port, and the SDK's client for it."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from azure.durable_functions import DurableOrchestrationClient
from azure.durable_functions.models.utils import http_utils

from localhost.http_server import Request
from localhost.listeners import bind_public, listening
from localhost.taskhub import Faults, HubOptions, TaskHub, Worker
from localhost.taskhub.clock import Clock

BASE = "/runtime/webhooks/durabletask"
PATIENCE_SECONDS = 20


class Host:
    """A hub that serves its API. `client` is the SDK's; `http` is for what the SDK cannot do."""

    def __init__(
        self,
        path: Path,
        worker: Worker,
        options: HubOptions | None = None,
        faults: Faults | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._stopped = False
        self._stack = AsyncExitStack()
        self.hub = TaskHub(path, worker, options or HubOptions(), faults or Faults(), clock)

    async def start(self) -> "Host":
        await self.hub.start()
        door = bind_public("127.0.0.1", 0)
        port = door.getsockname()[1]
        await self._stack.enter_async_context(listening(door, self._handle))
        self.origin = f"http://127.0.0.1:{port}"
        payload = self.hub.client_payload(self.origin + BASE, f"{self.origin}/durabletask/", "key")
        self.client = DurableOrchestrationClient(payload)
        self.http = ClientSession(self.origin + "/durabletask/")
        return self

    async def _handle(self, request: Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        for prefix in ("/durabletask/", BASE + "/"):
            if path.startswith(prefix):
                return await self.hub.handle(request, path[len(prefix) :], self.origin + BASE)
        return web.Response(status=404)

    async def stop(self) -> None:
        """Stop once; later calls do nothing."""
        if self._stopped:
            return
        self._stopped = True
        await self.http.close()
        await http_utils._close_session()
        await self._stack.aclose()
        await self.hub.stop()

    async def finished(self, instance: str) -> Any:
        """Return the status of an instance once it has one that it keeps."""
        return await self.status_where(
            instance, lambda s: s.runtime_status.value in ("Completed", "Failed", "Terminated")
        )

    async def status_where(self, instance: str, holds: Callable[[Any], bool]) -> Any:
        async def get() -> Any:
            return await self.client.get_status(instance, show_input=True)

        return await eventually(get, lambda status: bool(status) and holds(status))

    async def state_of(self, instance: str) -> str:
        """Return the runtime status that the client sees now."""
        status = (await self.client.get_status(instance)).runtime_status
        assert status is not None
        return str(status.value)

    async def entity_where(self, entity: Any, holds: Callable[[Any], bool]) -> Any:
        """Return the state of an entity once it `holds`."""

        async def read() -> Any:
            response = await self.client.read_entity_state(entity)
            return response.entity_state if response.entity_exists else None

        return await eventually(read, holds)


async def until(read: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """Look at something in this process until it holds."""

    async def look() -> Any:
        return read()

    return await eventually(look, holds)


async def eventually(read: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """Read until it holds; the promise is about the outcome, and a deadline bounds it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds(value := await read()):
        assert time.monotonic() < deadline, f"still {value!r}"
        await asyncio.sleep(0.005)
    return value


async def call(host: Host, method: str, path: str, **options: Any) -> tuple[int, Any]:
    async with host.http.request(method, path, **options) as response:
        text = await response.text()
        return response.status, json.loads(text) if text else None


async def run(host: Host, name: str, input_: Any = None) -> Any:
    """Start an orchestration and return its final status."""
    return await host.finished(await host.client.start_new(name, None, input_))


def copy_as_killed(folder: Path) -> Path:
    """Copy the hub's file as a host leaves it that is killed now."""
    copy = folder / "copy.db"
    with (
        closing(sqlite3.connect(folder / "hub.db")) as hub,
        closing(sqlite3.connect(copy)) as target,
    ):
        hub.backup(target)
    return copy
