"""Between two hosts of one data folder: what a standby passes on to the owner, and its way in.

The task hub, the event hubs and what the admin API does to functions are the owner's. A standby
asks for keys, passes such a request on to the loopback port of the owner, and answers what that
answers. When the owner cannot be asked, the answer is 503, and what became of the request is
unknown: the same as with a storage service that fails.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from localhost.http_head import Refused
from localhost.http_server import Request
from localhost.http_wire import message_response
from localhost.owner import Owner, read_owner

OWNER_PATH: Final = "/owner/"
OWNER_HEADER: Final = "x-localhost-owner"
"""In every answer of an owner: its name."""
BASE_HEADER: Final = "x-localhost-base"
"""Under which URL the one who asked reaches the task hub's API, for links in the answer."""

PASS_ON_SECONDS_MAX: Final = 60.0
"""One request passed on; the durable client of the app gives up earlier."""
CONNECT_SECONDS_MAX: Final = 2.0
"""On one machine; an owner whose backlog is full counts as one that is gone."""

_NOT_PASSED_ON: Final = frozenset(
    {
        *("authorization", "connection", "content-length", "expect", "host", "keep-alive"),
        *("proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"),
        *("upgrade", "x-functions-key", OWNER_HEADER, BASE_HEADER),
    }
)
"""What is about one connection (RFC 9110, 7.6.1), and the keys, which were checked already."""

Answer = Callable[[Request, str, str], Awaitable[web.StreamResponse]]
"""Answers a request, given its path (still encoded) and a base URL."""


class Standby:
    """Passes requests on to the owner of the data folder. Belongs to the running event loop."""

    def __init__(self, owner_file: Path) -> None:
        self.active = True
        """Whether another host owns the folder; false from the moment that this one does."""
        self._owner_file = owner_file
        self._session: aiohttp.ClientSession | None = None

    async def pass_on(
        self, request: Request, target: str, body: bytes, base: str = ""
    ) -> web.Response:
        """Have the owner answer; `target` is the path and query that it is asked for, encoded."""
        owner = read_owner(self._owner_file)
        if owner is None:
            return _unavailable("nobody owns the data folder")
        try:
            return await self._ask(owner, request, target, body, base)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _unavailable(f"process {owner.pid} does not answer: {type(error).__name__}")
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST) from error  # a header that is no text, say

    def durable_api(self, path: str, own: Answer) -> Answer:
        """Return the durable HTTP API: the owner's, below its `path`, and later this host's own."""

        async def handle(request: Request, relative_path: str, base: str) -> web.StreamResponse:
            if not self.active:
                return await own(request, relative_path, base)
            query = request.raw_path.partition("?")[1:]
            target = f"{path}/{relative_path}{''.join(query)}"
            body = await request.read() if request.content_length else b""
            return await self.pass_on(request, target, body, base)

        return handle

    async def _ask(
        self, owner: Owner, request: Request, target: str, body: bytes, base: str
    ) -> web.Response:
        url = URL(f"{owner.address}{OWNER_PATH}{owner.name}{target}", encoded=True)
        headers = _passed_on(request.headers)
        headers[BASE_HEADER] = base
        asked = self._opened().request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        )
        async with asked as answer:
            if answer.headers.get(OWNER_HEADER) != owner.name:
                return _unavailable(f"process {owner.pid} is gone")
            content = await answer.read()
            return web.Response(
                status=answer.status, body=content, headers=_passed_on(answer.headers)
            )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(
                    total=PASS_ON_SECONDS_MAX, sock_connect=CONNECT_SECONDS_MAX
                ),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._session

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()


def owner_door(name: str, answer: Answer) -> Callable[[Request], Awaitable[Any]]:
    """Return the handler of what standbys of the owner of this name pass on."""
    prefix = f"{OWNER_PATH}{name}"

    async def handle(request: Request) -> web.StreamResponse:
        if not request.raw_path.startswith(f"{prefix}/"):
            return web.Response(status=404)
        path = request.raw_path[len(prefix) :].partition("?")[0]
        response = await answer(request, path, request.headers.get(BASE_HEADER, ""))
        response.headers[OWNER_HEADER] = name
        return response

    return handle


def _passed_on(headers: CIMultiDictProxy[str] | CIMultiDict[str]) -> CIMultiDict[str]:
    named = headers.items()
    return CIMultiDict((name, text) for name, text in named if name.lower() not in _NOT_PASSED_ON)


def _unavailable(why: str) -> web.Response:
    response = message_response(why, HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = "1"
    return response
