"""The public port: the app's routes, /admin and the webhooks of the Durable Task extension.

Requests that no route answers are 404, failed functions 500, both with an empty body.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter
from typing import Final

from aiohttp import web

from localhost.console import Console
from localhost.doors import ADMIN_PATH, WEBHOOK_PATH, Door, HostDoors, is_the_owners
from localhost.eventhubs.rest import password_of
from localhost.functions import Function, Trigger
from localhost.http_answer import NoAnswer, answer_of
from localhost.http_encoding import Answer
from localhost.http_server import Request
from localhost.http_target import decode_path, parse_query
from localhost.http_wire import message_response, rpc_request
from localhost.keys import Keys, Level
from localhost.routing import RouteTable
from localhost.rpc.messages import RpcTraceContext, TypedData
from localhost.runner import FunctionRunner
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied
from localhost.web_pages import is_of_a_page_elsewhere

KEY_HEADER: Final = "x-functions-key"
_WEBHOOKS: Final = "/runtime/webhooks/"
_PORT_MAX: Final = 65_535
_UP: Final = "<html><body>Your Functions host is up and running.</body></html>"


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What host.json's `extensions.http` sets; None is unlimited."""

    outstanding_max: int | None = None
    """Requests under way or waiting; one more is answered 429."""
    concurrent_max: int | None = None
    """Functions running for requests; the others wait. With 0 of either every request is 500."""
    custom_headers: Mapping[str, str] = field(default_factory=dict)
    """On every answer."""


UNLIMITED: Final = HttpLimits()


class HttpFront:
    """Answers the requests of the public port."""

    def __init__(
        self,
        routes: RouteTable,
        runner: FunctionRunner,
        doors: HostDoors,
        console: Console,
        *,
        keys: Keys | None = None,
        limits: HttpLimits = UNLIMITED,
    ) -> None:
        self._routes = routes
        self._runner = runner
        self._doors = doors
        self._console = console
        self._keys = keys
        """None: nobody is asked for a key, as with Core Tools."""
        self._limits = limits
        self._is_shut = 0 in {limits.outstanding_max, limits.concurrent_max}
        self._outstanding = 0
        self._slots = asyncio.Semaphore(limits.concurrent_max) if limits.concurrent_max else None

    async def handle(self, request: Request) -> Answer | web.StreamResponse:
        """Answer a request and log it."""
        started = perf_counter()
        raw, _, query = request.raw_path.partition("?")
        path = decode_path(raw)
        found = self._routes.find(request.method.upper(), path)
        response: Answer | web.StreamResponse | None
        if found is None:
            response = await self._answer_host(request, raw, path, query)
        else:
            function, values = found[0].function, found[1]
            response = self._turned_away(request, query, function)
            if response is None:
                response = await self._answer_function(request, path, query, function, values)
        for name, value in self._limits.custom_headers.items():
            response.headers.setdefault(name, value)
        self._console.request(request.method, raw, response.status, perf_counter() - started)
        return response

    def _turned_away(self, request: Request, query: str, function: Function) -> web.Response | None:
        """Return the answer to a request that the function does not get."""
        if self._keys is not None and not self._is_open(self._keys, request, query, function):
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        if function.disabled and not self._is_admin(request, query):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if function.not_built:
            what = f"{function.name} has what is not built: {', '.join(function.not_built)}"
            return message_response(what, HTTPStatus.NOT_IMPLEMENTED)
        if self._is_shut or not _has_url(request):
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        if self._outstanding == self._limits.outstanding_max:
            return web.Response(status=HTTPStatus.TOO_MANY_REQUESTS)
        return None

    async def _answer_function(
        self,
        request: Request,
        path: str,
        query: str,
        function: Function,
        values: Mapping[str, str],
    ) -> Answer | web.Response:
        self._outstanding += 1
        try:
            body = await request.read() if request.content_length else b""
            http = rpc_request(request, body, path, query, values)
            headers = http.headers
            trace = RpcTraceContext(headers.get("traceparent", ""), headers.get("tracestate", ""))
            trigger = Trigger(TypedData(http=http), trace=trace)
            if self._slots is None:
                return answer_of(await self._runner.run_once(function, trigger))
            async with self._slots:
                return answer_of(await self._runner.run_once(function, trigger))
        except (FunctionFailed, WorkerDied):
            pass  # the console has it
        except NoAnswer as error:
            self._console.event(f"function {function.name}: {error}")
        finally:
            self._outstanding -= 1
        return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _answer_host(
        self, request: Request, raw: str, path: str, query: str
    ) -> Answer | web.StreamResponse:
        door = self._doors.find(request.method, raw, path)
        refusal = self._refusal(door, request, path, query)
        if refusal is not None:
            return refusal
        if door is None:
            if path != "/":
                return web.Response(status=HTTPStatus.NOT_FOUND)
            response = web.Response(text=_UP)
            response.headers["Content-Type"] = "text/html"
            return response
        standby = self._doors.standby
        if standby and standby.active and is_the_owners(door, request.method, path):
            target = f"{raw}?{query}" if query else raw
            return await standby.pass_on(request, target, await request.read())
        base = f"http://{request.headers.get('Host', 'localhost')}{WEBHOOK_PATH}"
        return await self._doors.answer(door, request, raw, base)

    def _refusal(  # noqa: PLR0911 - a line per door
        self, door: Door | None, request: Request, path: str, query: str
    ) -> web.Response | None:
        """Return the answer to a request whose key does not open the door; None lets it in."""
        if self._keys is None:
            from_page = is_of_a_page_elsewhere(
                request.headers, only_loopback=self._doors.only_loopback
            )
            return web.Response(status=HTTPStatus.FORBIDDEN) if door and from_page else None
        key = _key_of(request, query)
        level = self._keys.level_of(key)
        match door:
            case Door.ADMIN:
                below = path[len(ADMIN_PATH) :]
                if self._doors.admin.is_public(below):
                    return None
                if below.lower().startswith("vfs/"):  # the files of the app, on another site
                    admin = level is Level.ADMIN
                    status = HTTPStatus.FORBIDDEN if admin else HTTPStatus.UNAUTHORIZED
                    return web.Response(status=status)
                if not self._doors.admin.knows(request.method, below):
                    return web.Response(status=HTTPStatus.NOT_FOUND)
                return _require(level, Level.ADMIN)
            case Door.EVENT_HUBS:
                # On Azure it takes a SAS token or an identity; this host knows only keys.
                level = self._keys.level_of(key or password_of(request))
                return _require(level, Level.ADMIN)
        if path.lower().startswith(_WEBHOOKS):
            return _require(level, Level.SYSTEM)
        return None

    def _is_open(self, keys: Keys, request: Request, query: str, function: Function) -> bool:
        level = str(function.trigger.get("authLevel", "FUNCTION")).upper()
        return keys.open_function(_key_of(request, query), function.name, level)

    def _is_admin(self, request: Request, query: str) -> bool:
        if self._keys is None:
            return True  # as with Core Tools, where everybody is
        return self._keys.level_of(_key_of(request, query)) is Level.ADMIN


def _require(found: Level, wanted: Level) -> web.Response | None:
    if found is Level.ANONYMOUS:
        return web.Response(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    return web.Response(status=HTTPStatus.FORBIDDEN) if found < wanted else None


def _key_of(request: Request, query: str) -> str | None:
    """Return the key that was sent; the header wins over the query, even when it is empty."""
    header = request.headers.get(KEY_HEADER)
    if header is not None:
        return header
    values = {name.lower(): value for name, value in parse_query(query).items()}
    return values.get("code", "").partition(",")[0] or None


def _has_url(request: Request) -> bool:
    """Whether a URL can be made of the Host header; without one the real host answers 500."""
    host = request.headers.get("Host", "")
    port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else ""
    return bool(host) and (not port.isdecimal() or int(port) <= _PORT_MAX)
