"""What tests of the front share: how it is set up, and what to ask of it."""

import io
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from localhost.functions import Function
from localhost.http_front import UNLIMITED, HttpLimits
from localhost.http_server import Request
from localhost.keys import Keys
from localhost.runner import FunctionRunner


@dataclass(frozen=True, slots=True)
class Setup:
    """How the front differs from what host.json leaves at its defaults."""

    keys: Keys | None = None
    limits: HttpLimits = UNLIMITED
    prefix: str = "api"
    environ: dict[str, str] = field(default_factory=dict)
    only_loopback: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """A front that serves, and what it has printed and started."""

    base: str
    session: aiohttp.ClientSession
    runner: FunctionRunner
    functions: list[Function]
    out: io.StringIO
    background: list[Coroutine[Any, Any, None]]

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Return status and text; the path goes out exactly as it is written."""
        from yarl import URL

        url = URL(self.base + path, encoded=True)
        async with self.session.request(method, url, **options) as response:
            return response.status, await response.text()

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of an answer that must be 200."""
        status, text = await self.call(method, path, **options)
        assert status == 200, text
        return json.loads(text)

    async def run_background(self) -> None:
        """Run what was started by hand."""
        while self.background:
            await self.background.pop(0)


Serve = Callable[..., Awaitable[Served]]


async def echo_durable_api(request: Request, path: str, base: str) -> web.Response:
    return web.json_response({"path": path, "base": base, "method": request.method})
