"""`/admin`: what runs here, and functions started by hand (host-protocol 2.5)."""

import json
import os
import platform
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from aiohttp import web

from localhost.eventhubs.service import EventHubsService
from localhost.faults_api import FaultsApi
from localhost.functions import ACTIVITY_TRIGGER, TIMER_TRIGGER, Function, Trigger
from localhost.http_wire import json_response, read_body
from localhost.runner import FunctionRunner
from localhost.sqlite_file import open_files
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied
from localhost.timers import timer_request

VERSION: Final = "4.0.0-localhost"
_PING: Final = "/admin/host/ping"

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class AdminApi:
    """Answers the requests below /admin; the caller has checked the key."""

    def __init__(  # noqa: PLR0913 - everything there is to look at
        self,
        functions: list[Function],
        runner: FunctionRunner,
        spawn: Spawn,
        hub_statistics: Callable[[], Mapping[str, Any]],
        *,
        urls: Mapping[str, str],
        extension_bundle: Mapping[str, Any],
        event_hubs: EventHubsService | None = None,
        faults: FaultsApi | None = None,
        role: Callable[[], str] = lambda: "owner",
    ) -> None:
        """`urls` are the addresses of the HTTP functions by their names."""
        self._role = role
        self._functions = {function.name.lower(): function for function in functions}
        self._runner = runner
        self._spawn = spawn
        self._hub_statistics = hub_statistics
        self._event_hubs = event_hubs
        self._faults = faults
        self._urls = urls
        self._extension_bundle = extension_bundle
        self._started = time.monotonic()

    def is_public(self, path: str) -> bool:
        """Tell whether a path (in lower case) is answered without a key."""
        return path.rstrip("/") == _PING

    async def handle(  # noqa: PLR0911 - a line per path
        self, request: web.BaseRequest, path: str
    ) -> web.Response:
        """Answer a request; `path` is what follows `/admin/`, decoded."""
        match request.method, path.lower().strip("/").split("/"):
            case "GET", ["host", "status"]:
                return json_response(self._status())
            case "GET" | "POST", ["host", "ping"]:
                return web.Response()
            case "GET", ["functions"]:
                return json_response([self._describe(item) for item in self._functions.values()])
            case method, ["functions", name, *rest] if name in self._functions:
                return await self._handle_function(request, method, self._functions[name], rest)
            case _, ["eventhubs", *rest] if self._event_hubs is not None:
                return await self._event_hubs.show(request, rest)
            case method, ["localhost", *rest] if self._faults is not None:
                body = (await read_body(request)).decode(errors="replace")
                return self._faults.answer(method, rest, body)
        return web.Response(status=404)

    async def _handle_function(
        self, request: web.BaseRequest, method: str, function: Function, rest: list[str]
    ) -> web.Response:
        match method, rest:
            case "GET", []:
                return json_response(self._describe(function))
            case "GET", ["status"]:
                return json_response({"errors": None})
            case "POST", []:
                return await self._invoke(request, function)
        return web.Response(status=404)

    async def _invoke(self, request: web.BaseRequest, function: Function) -> web.Response:
        try:
            given = json.loads(await read_body(request))["input"]
        except (ValueError, KeyError, TypeError):
            given = None
        if not isinstance(given, str):
            return _refused('the body must be {"input": "<text>"}')
        if function.trigger_type == TIMER_TRIGGER:
            self._spawn(self._run(function))
        elif function.trigger_type == ACTIVITY_TRIGGER and not function.disabled:
            if not _is_json(given):
                return _refused("the input of an activity must be JSON")
            self._spawn(self._run_activity(function, given))
        elif self._event_hubs is not None and self._event_hubs.delivers_to(function):
            self._spawn(self._event_hubs.run_by_hand(function, given))
        else:
            return _refused(f"a function with a {function.trigger_type} cannot be started by hand")
        return web.Response(status=202)

    async def _run(self, function: Function) -> None:
        try:
            await self._runner.run(function, Trigger(timer_request()))
        except (FunctionFailed, WorkerDied):
            return  # the console has it

    async def _run_activity(self, function: Function, input_json: str) -> None:
        try:
            await self._runner.run_activity(function.durable_name, input_json)
        except (FunctionFailed, WorkerDied):
            return

    def _describe(self, function: Function) -> dict[str, Any]:
        return {
            "name": function.name,
            "script_root_path_href": None,
            "script_href": None,
            "config_href": None,
            "test_data_href": None,
            "href": f"/admin/functions/{function.name}",
            "invoke_url_template": self._urls.get(function.name),
            "language": "python",
            "config": {"bindings": list(function.bindings)},
            "files": None,
            "test_data": None,
            "isDisabled": function.disabled,
            "isDirect": False,
            "isProxy": False,
        }

    def _status(self) -> dict[str, Any]:
        return {
            "id": "localhost",
            "state": "Running",
            "role": self._role(),
            "version": VERSION,
            "versionDetails": f"{VERSION} Python {platform.python_version()}",
            "platformVersion": "",
            "instanceId": str(os.getpid()),
            "computerName": socket.gethostname(),
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "Unknown",
            "extensionBundle": dict(self._extension_bundle),
            "statistics": {
                "files": {
                    file.path.name: {"commits": file.commits, "writes": dict(file.writes)}
                    for file in open_files
                },
                "hub": dict(self._hub_statistics()),
                "invocations": dict(self._runner.invocations),
            },
        }


def _refused(why: str) -> web.Response:
    return json_response({"Message": why}, status=400)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
