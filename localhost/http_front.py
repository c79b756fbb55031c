"""The public port: the app's routes, /admin and the webhooks of the Durable Task extension.

One coroutine per request in the task that aiohttp makes for it; nothing else is allocated for the
way in. Requests that no route answers are 404, failed functions 500, both with an empty body.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from aiohttp import web

from localhost.console import Console
from localhost.doors import WEBHOOK_PATH, Door, HostDoors, is_the_owners
from localhost.eventhubs.rest import password_of
from localhost.functions import Function, Trigger
from localhost.http_wire import (
    BadRequest,
    decode_path,
    http_request,
    http_response,
    parse_headers,
    parse_query,
    read_body,
    read_whole_body,
)
from localhost.keys import Keys
from localhost.routing import RouteTable
from localhost.rpc.messages import RpcTraceContext
from localhost.runner import FunctionRunner
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied

KEY_HEADER: Final = "x-functions-key"


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What host.json's `extensions.http` sets; None is unlimited."""

    outstanding_max: int | None = None
    """Requests under way or waiting; one more is answered 429."""
    concurrent_max: int | None = None
    """Functions running for requests; the others wait."""
    custom_headers: Mapping[str, str] | None = None


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
        self._custom_headers = limits.custom_headers or {}
        self._outstanding = 0
        self._outstanding_max = limits.outstanding_max
        self._slots = asyncio.Semaphore(limits.concurrent_max) if limits.concurrent_max else None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request and log it."""
        started = perf_counter()
        path, _, query = request.raw_path.partition("?")
        try:
            if not path.startswith("/"):
                path, _, query = _origin_form(request.raw_path).partition("?")
            response = await self._answer(request, path, query)
        except BadRequest as error:
            response = web.Response(status=400, text=str(error))
        except web.HTTPRequestEntityTooLarge:
            response = web.Response(status=413)
        self._console.request(request.method, path, response.status, perf_counter() - started)
        return response

    async def _answer(self, request: web.BaseRequest, raw: str, query: str) -> web.StreamResponse:
        path = decode_path(raw)
        found = self._routes.find(request.method.upper(), path)
        if found is None:
            return await self._answer_host(request, raw, path, query)
        function, values = found[0].function, found[1]
        if self._keys is not None and not self._is_open(request, query, function):
            return web.Response(status=401)
        if function.disabled and not self._has_master_key(request, query):
            return web.Response(status=404)
        if self._outstanding == self._outstanding_max:
            return web.Response(status=429)
        self._outstanding += 1
        try:
            return await self._run(request, query, function, values)
        finally:
            self._outstanding -= 1

    async def _run(
        self, request: web.BaseRequest, query: str, function: Function, values: Mapping[str, str]
    ) -> web.StreamResponse:
        headers = parse_headers(request)
        body = await read_body(request)
        authority = headers.get("host", "localhost")
        value = http_request(request, headers, authority, query, values, body)
        trace = RpcTraceContext(headers.get("traceparent", ""), headers.get("tracestate", ""))
        trigger = Trigger(value, trace=trace)
        try:
            if self._slots is None:
                result = await self._runner.run_once(function, trigger)
            else:
                async with self._slots:
                    result = await self._runner.run_once(function, trigger)
        except (FunctionFailed, WorkerDied):
            return web.Response(status=500)
        try:
            return http_response(result, self._custom_headers)
        except ValueError as error:  # the app returned something odd
            self._console.event(f"function {function.name} returned no valid response: {error}")
            return web.Response(status=500)

    async def _answer_host(
        self, request: web.BaseRequest, raw: str, path: str, query: str
    ) -> web.StreamResponse:
        door = self._doors.find(request.method, raw, path)
        if door is None:
            if path != "/":
                return web.Response(status=404)
            return web.Response(text="The functions app is up and running.")
        if self._keys is not None and not self._may_enter(self._keys, door, request, path, query):
            return web.Response(status=401)
        standby = self._doors.standby
        if standby and standby.active and is_the_owners(door, request.method, path):
            target = f"{raw}?{query}" if query else raw
            return await standby.pass_on(request, target, await read_whole_body(request))
        base = f"http://{request.headers.get('Host', 'localhost')}{WEBHOOK_PATH}"
        return await self._doors.answer(door, request, raw, base)

    def _may_enter(
        self, keys: Keys, door: Door, request: web.BaseRequest, path: str, query: str
    ) -> bool:
        key = _key_of(request, query)
        match door:
            case Door.DURABLE:
                return keys.open_webhooks(key)
            case Door.ADMIN:
                return self._doors.admin.is_public(path.lower()) or keys.open_admin(key)
            case Door.EVENT_HUBS:
                # On Azure it takes a SAS token or an identity; this host knows only keys.
                return keys.open_admin(key or password_of(request))

    def _is_open(self, request: web.BaseRequest, query: str, function: Function) -> bool:
        assert self._keys is not None
        level = str(function.trigger.get("authLevel", "FUNCTION"))
        return self._keys.open_function(_key_of(request, query), function.name, level)

    def _has_master_key(self, request: web.BaseRequest, query: str) -> bool:
        return self._keys is not None and self._keys.open_admin(_key_of(request, query))


def _key_of(request: web.BaseRequest, query: str) -> str | None:
    """Return the key that was sent; the header wins over the query, even when it is wrong."""
    header = request.headers.get(KEY_HEADER)
    return header or parse_query(query).get("code")


def _origin_form(target: str) -> str:
    """Return path and query of `http://host/path?query`, which a proxy's client sends."""
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in {"http", "https"}:
        raise BadRequest("the request target is no path")
    return "/" + rest.partition("/")[2]
