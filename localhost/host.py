"""The host put together: start the worker, open the doors, close them again.

Order matters. The port is taken before the app is loaded, so that a second start fails at once and
does nothing else. The durable HTTP API closes after the task hub has stopped, because activities
that still run are its clients, and the workers end after both.
"""

import asyncio
import os
import platform
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime

from aiohttp import web

from localhost.admin import AdminApi
from localhost.app_loading import instances_of, load_app
from localhost.background import Background
from localhost.console import Console, show_logs
from localhost.data_folder import DataFolder
from localhost.data_guard import DataGuard, DataLost
from localhost.dialect import client_payload, needs_grpc
from localhost.doors import RPC_PATH, WEBHOOK_PATH, DurableApi, HostDoors, rpc_handler
from localhost.engine import Engine
from localhost.environment import prepare_environment, shared_settings
from localhost.errors import HostError, StartError
from localhost.faults import FaultPlan
from localhost.faults_api import FaultsApi
from localhost.functions import Function
from localhost.host_json import HostJson
from localhost.http_encoding import Answer
from localhost.http_front import HttpFront, HttpLimits
from localhost.http_server import Handler, Request
from localhost.hub_calls import hub_of
from localhost.instances import Instances
from localhost.keys import load_keys
from localhost.listeners import (
    BODY_BYTES_DEFAULT,
    base_url_of,
    bind_public,
    bind_rpc,
    is_loopback,
    listening,
    rpc_address_of,
)
from localhost.options import Options
from localhost.owner import LOOK_SECONDS, check_settings, new_owner, write_owner
from localhost.refusing_host import RefusingHost
from localhost.routing import RouteTable, build_routes
from localhost.runner import FunctionRunner
from localhost.standby import Standby, owner_door
from localhost.start_screen import function_lines, key_lines, urls_of, warnings_of
from localhost.timers import request_by_hand, schedule_errors, schedule_warnings
from localhost.workers import EXHAUSTED


@asynccontextmanager
async def running_host(
    options: Options, data: DataFolder, console: Console
) -> AsyncIterator["Host | RefusingHost"]:
    """Run the host; yields it once it serves. Raises StartError when it cannot."""
    async with AsyncExitStack() as stack:
        door = stack.enter_context(bind_public(options.host, options.port))
        base_url = base_url_of(options.host, door)
        prepare_environment(options, data, base_url, os.environ)
        try:
            host: Host | RefusingHost = await _running(stack, options, data, console, door)
        except HostError as error:
            console.line(f"error: {error}")
            console.line("As on Azure, the host runs in state Error and answers everything 503.")
            host = RefusingHost(base_url, error)
            await stack.enter_async_context(listening(door, host.handle))
        console.gather()
        stack.callback(console.stop_gathering)
        yield host


async def _running(
    stack: AsyncExitStack,
    options: Options,
    data: DataFolder,
    console: Console,
    door: socket.socket,
) -> "Host":
    """Start the worker and open the host. Raises HostError before anything is open."""
    host_json = HostJson.read(options.app, os.environ)
    show_logs(console, host_json.text("logging.logLevel.default", "Information"))
    for line in host_json.warnings():
        console.line(f"warning: {line}")
    faults = FaultPlan.read(os.environ)
    instances = instances_of(options, host_json, console, faults.workers)
    stack.callback(data.settle)
    stack.push_async_callback(instances.stop)
    functions = await load_app(instances.first, options.app, host_json, console)
    await instances.spread(functions)
    host = Host(
        options,
        data,
        console,
        host_json,
        functions=functions,
        instances=instances,
        faults=faults,
        base_url=base_url_of(options.host, door),
    )
    await host.open(stack, door)
    return host


class Host:
    """The parts, and what one needs of the other."""

    def __init__(  # noqa: PLR0913 - everything there is to put together
        self,
        options: Options,
        data: DataFolder,
        console: Console,
        host_json: HostJson,
        *,
        functions: list[Function],
        instances: Instances,
        faults: FaultPlan,
        base_url: str,
    ) -> None:
        self.base_url = base_url
        self._options = options
        self._data = data
        self._console = console
        self._host_json = host_json
        self._functions = functions
        self._webhooks = base_url + WEBHOOK_PATH
        self._keys = load_keys(data.keys)
        self._routes = build_routes(functions, host_json.route_prefix())
        self._urls = urls_of(self._routes, base_url)
        self._instances = instances
        self._runner = FunctionRunner(functions, instances.invoke, console)
        self._engine = Engine(
            *(data, functions, self._runner, host_json, console, faults), profile=options.profile
        )
        instances.reader_lost = self._engine.hub.lose_reader
        self._faults_api = FaultsApi(faults, instances)
        self._standby = None if data.is_owned else Standby(data.owner)
        self._background = Background(console)

    async def open(self, stack: AsyncExitStack, door: socket.socket) -> None:
        """Start everything; what is left on the stack stops it again, the last first."""
        rpc_door = stack.enter_context(bind_rpc())
        self._owner = new_owner(rpc_address_of(rpc_door), shared_settings(os.environ))
        if self._standby is not None:
            check_settings(self._data.owner, self._owner)
            if needs_grpc(self._functions):
                raise StartError("localhost has no --standby for an app of Durable SDK 2.x")
        self._rpc_path = f"{RPC_PATH}{self._owner.name}/"
        rpc_base = self._owner.address + self._rpc_path
        payload = self._engine.hub.client_payload(self._webhooks, rpc_base, self._keys.system)
        apart = self._instances.is_apart
        clients = client_payload(self._functions, self._engine.hub, payload, apart=apart)
        self._runner.set_client_payload(await stack.enter_async_context(clients))
        doors = await self._open_engine(stack, rpc_door)
        self._print_start(rpc_base)
        stack.push_async_callback(self._background.stop)
        limit = os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT")
        body_bytes_max = int(limit) if limit and limit.isdecimal() else BODY_BYTES_DEFAULT
        self._answer: Handler = self._front(doors).handle
        await stack.enter_async_context(listening(door, self._handle, body_bytes_max))
        stack.push_async_callback(self._engine.event_hubs.stop)
        if self._standby is None:
            self._begin()

    async def _open_engine(self, stack: AsyncExitStack, rpc_door: socket.socket) -> HostDoors:
        """Open the engine, if it is this host's, and in any case the way to it."""
        if self._standby is None:
            await self._engine.open_hub()
        else:
            stack.push_async_callback(self._standby.close)
        doors = self._doors()
        others = owner_door(self._owner.name, doors.answer_standby)
        api = rpc_handler(doors.durable_api, self._webhooks, others, self._rpc_path)
        own = api
        if self._instances.is_apart:
            own = rpc_handler(self._engine.hub.rpc_handler(), self._webhooks, path=self._rpc_path)
        self._instances.set_hub(hub_of(own), hub_of(api))
        # What the hub resumes may have called already; it waits in the door's backlog.
        await stack.enter_async_context(listening(rpc_door, api))
        stack.push_async_callback(self._engine.close_hub)
        if self._standby is None:
            await self._engine.open_event_hubs()
        stack.push_async_callback(self._engine.event_hubs.close)
        return doors

    def _begin(self) -> None:
        """Tell standbys where to ask, and start what only the owner does."""
        write_owner(self._data.owner, self._owner)
        self._engine.begin(self._background.spawn)
        self._background.spawn(self._watch_data())

    def _handle(self, request: Request) -> Awaitable[Answer | web.StreamResponse]:
        return self._answer(request)

    async def _watch_data(self) -> None:
        """Answer nothing any more once the data folder is not the one that was opened."""
        try:
            await DataGuard(self._data).watch()
        except DataLost as loss:
            self._console.event(f"error: {loss}; this host answers 503 until it is started again")
            self._answer = RefusingHost(self.base_url, HostError(str(loss))).handle
            await self._instances.kill()

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Come back when it shall stop; as a standby, own the data folder once nobody else does.

        Raises StartError when it is damaged, when the next owner has other settings, or when workers
        have died too often.
        """
        serving = asyncio.create_task(self._serve_until(stop))
        exhausted = asyncio.create_task(self._instances.exhausted.wait())
        try:
            await asyncio.wait((serving, exhausted), return_when=asyncio.FIRST_COMPLETED)
            if self._instances.exhausted.is_set():
                raise StartError(EXHAUSTED)
            await serving
        finally:
            serving.cancel()
            exhausted.cancel()

    async def _serve_until(self, stop: asyncio.Event) -> None:
        if self._standby is not None:
            await self._wait_for_ownership(stop)
            if not stop.is_set():
                await self._take_over(self._standby)
        await stop.wait()

    async def _wait_for_ownership(self, stop: asyncio.Event) -> None:
        while not stop.is_set() and not self._data.take():
            check_settings(self._data.owner, self._owner)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)

    async def _take_over(self, standby: Standby) -> None:
        await self._engine.open_event_hubs()
        await self._engine.open_hub()
        standby.active = False  # before anything that the hub resumes can call
        self._begin()
        self._console.event("The owner is gone: this host owns the data folder now.")

    def _doors(self) -> HostDoors:
        """Return the doors. A host without an owner beside it does not pay for a choice."""
        admin = AdminApi(
            self._functions,
            self._runner,
            self._background.spawn,
            self._engine.statistics,
            templates={route.function.name: route.template.text for route in self._routes},
            keys=self._keys,
            errors=schedule_errors(self._functions, os.environ),
            timer_request=lambda function: request_by_hand(
                function, self._data.timers, os.environ, datetime.now(UTC)
            ),
            extension_bundle=self._host_json.value("extensionBundle") or {},
            event_hubs=self._engine.event_hubs,
            faults=self._faults_api,
            role=lambda: "standby" if self._standby and self._standby.active else "owner",
        )
        if self._standby is None:
            api: DurableApi = self._engine.hub.rpc_handler(apart=self._instances.is_apart)
        else:
            api = self._standby.durable_api(WEBHOOK_PATH, self._engine.hub.handle)
        only_loopback = is_loopback(self._options.host)
        return HostDoors(admin, api, self._engine.event_hubs, self._standby, only_loopback)

    def _front(self, doors: HostDoors) -> HttpFront:
        return HttpFront(
            RouteTable(self._routes),
            self._runner,
            doors,
            self._console,
            keys=self._keys if self._options.enable_auth else None,
            limits=_http_limits(self._host_json),
        )

    def _print_start(self, rpc_base: str) -> None:
        options, console = self._options, self._console
        loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
        python = f"Python {platform.python_version()}, {loop}"
        console.line(f"localhost: a Functions host, process {os.getpid()}, {python}")
        console.line(f"app {options.app}, data {options.data}, durable API {rpc_base}")
        if self._standby is not None:
            pid = self._data.owner_pid
            console.line(f"standby: task hub, event hubs and timers are those of process {pid}")
        for line in function_lines(self._functions, self._urls):
            console.line(line)
        schedules = schedule_warnings(self._functions, os.environ)
        for line in [*warnings_of(self._functions), *schedules]:
            console.line(f"warning: {line}")
        if options.enable_auth:
            for line in key_lines(self._keys):
                console.line(line)
        elif not is_loopback(options.host):
            console.line(
                "warning: every client that reaches this machine may do everything: no --enable-auth"
            )


def _http_limits(host_json: HostJson) -> HttpLimits:
    outstanding = host_json.number("extensions.http.maxOutstandingRequests", -1, -1)
    concurrent = host_json.number("extensions.http.maxConcurrentRequests", -1, -1)
    custom = host_json.value("extensions.http.customHeaders") or {}
    return HttpLimits(
        outstanding_max=None if outstanding < 0 else outstanding,
        concurrent_max=None if concurrent < 0 else concurrent,
        custom_headers={str(name): str(value) for name, value in custom.items()},
    )
