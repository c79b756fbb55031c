"""The host put together: load the app, open the doors, close them again.

Order matters twice. The port is taken before the app is loaded, so that a second start fails at
once and does nothing else. And the durable HTTP API closes after the task hub has stopped,
because activities that still run are its clients.
"""

import asyncio
import os
import platform
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from azure.durable_functions.models.utils import http_utils

from localhost.admin import AdminApi
from localhost.background import Background
from localhost.console import Console, show_logs
from localhost.data_folder import DataFolder
from localhost.environment import prepare_environment
from localhost.errors import StartError
from localhost.eventhubs.options import EventHubOptions
from localhost.eventhubs.service import EventHubsService
from localhost.functions import Function
from localhost.host_json import HostJson
from localhost.http_front import (
    RPC_PATH,
    WEBHOOK_PATH,
    HostDoors,
    HttpFront,
    HttpLimits,
    rpc_handler,
)
from localhost.hub_settings import check_clients, fault_plan, hub_options
from localhost.invocation import Trigger
from localhost.keys import load_keys
from localhost.listeners import BODY_BYTES_DEFAULT, RPC_HOST, bind_public, bind_rpc, listening
from localhost.loader import load_functions
from localhost.options import Options
from localhost.routing import RouteTable, build_routes
from localhost.start_screen import function_lines, key_lines, urls_of, warnings_of
from localhost.taskhub import FunctionFailed, HubFileError, TaskHub
from localhost.thread_pool import ThreadPool
from localhost.timers import SystemClock, Timer, build_timers, run_timer
from localhost.worker import FunctionRunner

HUB_STOP_SECONDS_MAX: Final = 3.0
_EVERYWHERE: Final = frozenset({"127.0.0.1", "0.0.0.0", "::", "::1", "localhost"})  # noqa: S104


@asynccontextmanager
async def running_host(options: Options, data: DataFolder, console: Console) -> AsyncIterator[str]:
    """Run the host; yields its base URL once it serves. Raises StartError when it cannot."""
    async with AsyncExitStack() as stack:
        door = stack.enter_context(bind_public(options.host, options.port))
        base_url = _base_url(options.host, door)
        prepare_environment(options, data, base_url, os.environ)
        host_json = HostJson.read(options.app, os.environ)
        show_logs(console, host_json.text("logging.logLevel.default", "Information"))
        functions = load_functions(options.app, os.environ, host_json.names("functions"))
        host = _Host(options, data, console, host_json, functions, base_url)
        await host.open(stack, door)
        console.gather()
        stack.callback(console.stop_gathering)
        yield base_url


class _Host:
    """The parts, and what one needs of the other."""

    def __init__(
        self,
        options: Options,
        data: DataFolder,
        console: Console,
        host_json: HostJson,
        functions: list[Function],
        base_url: str,
    ) -> None:
        self._options = options
        self._console = console
        self._host_json = host_json
        self._functions = functions
        self._base_url = base_url
        self._webhooks = base_url + WEBHOOK_PATH
        self._clock = SystemClock()
        self._keys = load_keys(data.keys)
        self._routes = build_routes(functions, host_json.text("extensions.http.routePrefix", "api"))
        self._urls = urls_of(self._routes, base_url)
        self._timers = build_timers(functions, data.timers, os.environ, self._clock.now())
        self._pool = ThreadPool(_pool_size(os.environ))
        self._runner = FunctionRunner(functions, self._pool, console, host_json.function_timeout())
        hub = hub_options(host_json, os.environ)
        check_clients(functions, hub)
        faults, event_hub_faults = fault_plan(os.environ)
        self._hub = TaskHub(data.task_hub, self._runner, hub, faults)
        self._event_hubs = EventHubsService(
            data.event_hubs,
            functions,
            EventHubOptions.read(host_json),
            event_hub_faults,
            os.environ,
        )
        self._background = Background(console)

    async def open(self, stack: AsyncExitStack, door: socket.socket) -> None:
        """Start everything; what is left on the stack stops it again, the last first."""
        stack.callback(self._pool.stop)
        stack.push_async_callback(_close_client_session)
        rpc_door = stack.enter_context(bind_rpc())
        rpc_base = f"http://{RPC_HOST}:{rpc_door.getsockname()[1]}{RPC_PATH}"
        key = self._keys.system
        self._runner.client_payload = self._hub.client_payload(self._webhooks, rpc_base, key)
        try:
            await self._hub.start()
        except HubFileError as error:
            raise StartError(str(error)) from error
        # What the hub resumes may call at once; its connections wait in the door's backlog.
        api = rpc_handler(self._hub.rpc_handler(), self._webhooks)
        await stack.enter_async_context(listening(rpc_door, api))
        stack.push_async_callback(self._stop_hub)
        await self._event_hubs.open(self._runner, self._clock, self._console)
        stack.push_async_callback(self._event_hubs.close)
        self._print_start(rpc_base)
        stack.push_async_callback(self._background.stop)
        front = self._front()
        limit = os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT")
        body_bytes_max = int(limit) if limit and limit.isdecimal() else BODY_BYTES_DEFAULT
        await stack.enter_async_context(listening(door, front.handle, body_bytes_max))
        self._event_hubs.start()
        stack.push_async_callback(self._event_hubs.stop)
        for timer in self._timers:
            self._background.spawn(self._run_timer(timer))

    def _front(self) -> HttpFront:
        admin = AdminApi(
            self._functions,
            self._runner,
            self._background.spawn,
            self._hub.statistics,
            urls=self._urls,
            extension_bundle=self._host_json.value("extensionBundle") or {},
            event_hubs=self._event_hubs,
        )
        return HttpFront(
            RouteTable(self._routes),
            self._runner,
            HostDoors(admin, self._hub.rpc_handler(), self._event_hubs),
            self._console,
            keys=self._keys if self._options.enable_auth else None,
            limits=_http_limits(self._host_json),
        )

    async def _run_timer(self, timer: Timer) -> None:
        await run_timer(timer, self._clock, self._fire)

    async def _fire(self, function: Function, request: Any) -> None:
        try:
            await self._runner.run(function, Trigger(request))
        except FunctionFailed:
            return  # the console has it; the next time comes

    async def _stop_hub(self) -> None:
        try:
            await asyncio.wait_for(self._hub.stop(), HUB_STOP_SECONDS_MAX)
        except TimeoutError:
            # It is in the hub's file and runs again at the next start.
            self._console.line("Some functions were still running; they will run again.")

    def _print_start(self, rpc_base: str) -> None:
        options, console = self._options, self._console
        loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
        console.line(f"localhost: a Functions host, Python {platform.python_version()}, {loop}")
        console.line(f"app {options.app}, data {options.data} ({options.storage}), rpc {rpc_base}")
        for line in function_lines(self._functions, self._urls):
            console.line(line)
        for line in warnings_of(self._functions):
            console.line(f"warning: {line}")
        if options.enable_auth:
            for line in key_lines(self._keys):
                console.line(line)


def _base_url(host: str, door: socket.socket) -> str:
    name = "localhost" if host in _EVERYWHERE else host
    return f"http://{f'[{name}]' if ':' in name else name}:{door.getsockname()[1]}"


def _pool_size(environ: Mapping[str, str]) -> int:
    """Return how many plain functions may run at a time: the Python worker's rule."""
    text = environ.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
    if not text:
        return min(32, (os.cpu_count() or 1) + 4)
    if not text.isdecimal() or int(text) < 1:
        raise StartError(f"PYTHON_THREADPOOL_THREAD_COUNT must be a positive number, not {text!r}")
    return int(text)


def _http_limits(host_json: HostJson) -> HttpLimits:
    outstanding = host_json.number("extensions.http.maxOutstandingRequests", -1, -1)
    concurrent = host_json.number("extensions.http.maxConcurrentRequests", -1, -1)
    custom = host_json.value("extensions.http.customHeaders") or {}
    return HttpLimits(
        outstanding_max=None if outstanding < 0 else outstanding,
        concurrent_max=None if concurrent < 1 else concurrent,
        custom_headers={str(name): str(value) for name, value in custom.items()},
    )


async def _close_client_session() -> None:
    # The SDK keeps one session for the life of the process and has no hook to close it.
    close = getattr(http_utils, "_close_session", None)
    if close is not None:
        await close()
