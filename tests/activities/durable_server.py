"""The durable HTTP API as the SDK's client sees it: notes what is asked, answers what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import azure.durable_functions as df
from aiohttp import web
from azure.durable_functions.models.utils import http_utils

from localhost.taskhub.links import client_payload


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the SDK."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    """Decoded twice, as the SDK encodes it; None when empty."""
    characters: int
    """Of the body, as it travels inside a message of the platform."""
    trace_parent: str | None
    """Of the trace that the caller is in; the extension goes on with it."""


@dataclass(slots=True)
class DurableServer:
    """Answers one status and body per path, or per method and path; holds or drops its callers."""

    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    payload: str = ""

    @property
    def client(self) -> df.DurableOrchestrationClient:
        return df.DurableOrchestrationClient(self.payload)

    def at(self, prefix: str) -> list[Asked]:
        return [each for each in self.asked if each.path.startswith(prefix)]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        text = await request.text()
        path = request.path.removeprefix("/durabletask/")
        body = json.loads(json.loads(text)) if text else None
        size, parent = len(json.dumps(text)), request.headers.get("traceparent")
        self.asked.append(Asked(request.method, path, dict(request.query), body, size, parent))
        async with self.arrived:
            self.arrived.notify_all()
        if path in self.dropped:
            assert request.transport is not None
            request.transport.close()
        if path in self.held:
            await self.held[path].wait()
        usual = self.answers.get(path, self._usual(request.method, path))
        status, answer = self.answers.get(f"{request.method} {path}", usual)
        return web.json_response(answer, status=status)

    async def until(self, count: int) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.asked) >= count)

    def _usual(self, method: str, path: str) -> tuple[int, Any]:
        if path.startswith("orchestrators/"):
            return 202, {"id": f"instance{len(self.asked)}"}
        return (404, None) if method == "GET" else (202, None)


@asynccontextmanager
async def durable_server() -> AsyncIterator[DurableServer]:
    """Serve on a free port of 127.0.0.1. The SDK keeps one session per process: end it as well."""
    server = DurableServer()
    runner = web.ServerRunner(web.Server(server.handle, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        server.payload = client_payload(
            "TestHub", f"{origin}/runtime/webhooks/durabletask", f"{origin}/durabletask/", ""
        )
        yield server
    finally:
        for each in server.held.values():
            each.set()
        await http_utils._close_session()
        await runner.cleanup()
