"""A host in state Error: what the real one becomes when it cannot start (host-protocol 13.5).

The process runs on and answers every request with 503, so that a check of the process alone
sees nothing wrong.
"""

import asyncio
from http import HTTPStatus

from aiohttp import web

from localhost.errors import HostError
from localhost.http_server import Request
from localhost.knowledge import HOST_VERSION

STATUS_PATH = "/admin/host/status"


class RefusingHost:
    """Serves nothing but the reason."""

    def __init__(self, base_url: str, error: HostError) -> None:
        self.base_url = base_url
        self._error = error

    async def handle(self, request: Request) -> web.Response:
        """Answer 503, or the status that says why."""
        if request.raw_path.partition("?")[0].lower() == STATUS_PATH:
            errors = [str(self._error)]
            return web.json_response({"state": "Error", "version": HOST_VERSION, "errors": errors})
        return web.Response(
            status=HTTPStatus.SERVICE_UNAVAILABLE, text="Function host is not running."
        )

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Come back when it shall stop."""
        await stop.wait()
