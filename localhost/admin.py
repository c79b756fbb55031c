"""`/admin`: what runs here, and functions started by hand (host-protocol 2.5).

What the real host answers, with its routes and levels; `/admin/localhost` is this host's own.
"""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from localhost.admin_functions import describe, invocation_of
from localhost.errors import StartError
from localhost.eventhubs.service import EventHubsService
from localhost.faults_api import FaultsApi
from localhost.functions import ACTIVITY_TRIGGER, TIMER_TRIGGER, Function, Trigger
from localhost.http_server import Request
from localhost.http_wire import message_response
from localhost.keys import Keys
from localhost.knowledge import HOST_VERSION
from localhost.rpc.messages import TypedData
from localhost.runner import FunctionRunner
from localhost.sqlite_file import open_files
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied

BUNDLE_VERSION: Final = "4.38.0"
_NO_CACHE: Final = {"Cache-Control": "no-store,no-cache", "Pragma": "no-cache"}
_NO_TEMPLATES: Final = (
    "Templates not found within the extension bundle or extension bundle is not configured for "
    "the function app."
)
_INSTANCE: Final = {
    "FUNCTIONS_EXTENSION_VERSION": HOST_VERSION,
    "WEBSITE_NODE_DEFAULT_VERSION": "8.5.0",
}

log = logging.getLogger(__name__)
Spawn = Callable[[Coroutine[Any, Any, None]], None]
Answer = Callable[[Request], web.Response | Awaitable[web.Response]]


class AdminApi:
    """Answers the requests below /admin; the caller has checked the key."""

    def __init__(  # noqa: PLR0913 - everything there is to look at
        self,
        functions: list[Function],
        runner: FunctionRunner,
        spawn: Spawn,
        hub_statistics: Callable[[], Mapping[str, Any]],
        *,
        templates: Mapping[str, str],
        extension_bundle: Mapping[str, Any],
        keys: Keys | None = None,
        errors: Mapping[str, Sequence[str]] | None = None,
        event_hubs: EventHubsService | None = None,
        faults: FaultsApi | None = None,
        role: Callable[[], str] = lambda: "owner",
        timer_request: Callable[[Function], TypedData] = lambda _: TypedData(json="{}"),
    ) -> None:
        """`templates` are the routes of the HTTP functions by their names, prefix included.

        `errors` say by function name why it does not run although it is listed.
        """
        self._role = role
        self._timer_request = timer_request
        self._functions = {
            function.name.lower(): function
            for function in sorted(functions, key=lambda item: item.name.lower())
        }
        self._runner = runner
        self._spawn = spawn
        self._hub_statistics = hub_statistics
        self._event_hubs = event_hubs
        self._faults = faults
        self._templates = templates
        self._extension_bundle = extension_bundle
        self._keys = keys
        self._errors = errors or {}
        self._started = time.monotonic()

    def is_public(self, path: str) -> bool:
        """Tell whether what follows /admin/ is answered without a key."""
        return _split(path) in (["host", "ping"], ["warmup"])

    def knows(self, method: str, path: str) -> bool:
        """Tell whether there is anything to ask a key for; else the answer is 404."""
        return self._find(method, _split(path)) is not None

    async def handle(self, request: Request, path: str) -> web.Response:
        """Answer a request; `path` is what follows `/admin/`, decoded."""
        answer = self._find(request.method, _split(path))
        if answer is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        response = answer(request)
        return response if isinstance(response, web.Response) else await response

    def _find(  # noqa: C901, PLR0911, PLR0912 - a line per path
        self, method: str, parts: list[str]
    ) -> Answer | None:
        match method, parts:
            case _, ["eventhubs", *path] if self._event_hubs is not None:
                return partial(self._event_hubs.show, path=path)
            case _, ["localhost", what] if self._faults is not None:
                return partial(self._faults.answer, what=what)
            case "GET", ["localhost"]:
                return lambda _: web.json_response(self._own())
            case (("GET" | "POST"), ["host", "ping"]):
                return lambda _: web.Response(headers=_NO_CACHE)
            case "GET", ["host", "status"]:
                return lambda _: web.json_response(self._status())
            case "GET", ["host", "keys"] if self._keys is not None:
                return partial(_key_list, name="default", key=self._keys.host)
            case "GET", ["host", "systemkeys"] if self._keys is not None:
                return partial(_key_list, name="durabletask_extension", key=self._keys.system)
            case "GET", ["host", "keys" | "systemkeys" | "config"]:
                return _not_built
            case "GET", ["host", "extensionbundle", *_]:
                return lambda _: web.Response(status=HTTPStatus.NOT_FOUND, text=_NO_TEMPLATES)
            case "GET", ["instance", "info"]:
                return lambda _: web.json_response(_INSTANCE)
            case "GET", ["warmup"]:
                return lambda _: web.Response()
            case "GET", ["functions"]:
                return self._list
            case "GET", ["functions", name, "status" | "keys" as what]:
                return partial(self._answer_function, name=name, what=what)
            case (("GET" | "POST" | "PUT" | "DELETE"), ["functions", name]):
                return partial(self._answer_function, name=name)
        return None

    def _list(self, request: Request) -> web.Response:
        base = f"https://{request.headers.get('Host', 'localhost')}"
        return web.json_response([self._describe(item, base) for item in self._functions.values()])

    async def _answer_function(  # noqa: PLR0911 - a line per verb
        self, request: Request, *, name: str, what: str = ""
    ) -> web.Response:
        if request.method in {"POST", "PUT"} and request.content_type != "application/json":
            return web.Response(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        if request.method == "POST":
            return await self._invoke(request, name)
        function = self._functions.get(name)
        if function is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        match request.method, what:
            case "GET", "":
                base = f"http://{request.headers.get('Host', 'localhost')}"
                return web.json_response(self._describe(function, base))
            case "GET", "status":
                found = self._errors.get(function.name)
                return web.json_response({"errors": list(found)} if found else {})
            case "GET", "keys" if self._keys is not None:
                return _key_list(request, name="default", key=self._keys.of_function(name))
            case "DELETE", "":
                return web.Response(status=HTTPStatus.NO_CONTENT)
        return _not_built(request)

    async def _invoke(self, request: Request, name: str) -> web.Response:
        try:
            given = invocation_of(await request.read())
        except ValueError:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        function = self._functions.get(name)
        if function is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        self._spawn(self._run(function, given))
        return web.Response(status=HTTPStatus.ACCEPTED)

    async def _run(self, function: Function, given: str) -> None:
        """Run a function by hand; the answer was 202 already, so failures are only logged."""
        try:
            if function.trigger_type == TIMER_TRIGGER:
                await self._runner.run(function, Trigger(self._timer_request(function)))
            elif function.trigger_type == ACTIVITY_TRIGGER and not function.disabled:
                json.loads(given)
                await self._runner.run_activity(function.durable_name, given)
            elif self._event_hubs is not None and self._event_hubs.delivers_to(function):
                await self._event_hubs.run_by_hand(function, given)
            else:
                kind = function.trigger_type
                log.error("%s: a function with a %s fails by hand", function.name, kind)
        except StartError as error:
            log.error("%s", error)  # noqa: TRY400
        except ValueError:
            log.error("%s: the input of an activity must be JSON", function.name)  # noqa: TRY400
        except (FunctionFailed, WorkerDied):
            return  # the console has it

    def _describe(self, function: Function, base: str) -> dict[str, Any]:
        return describe(function, base, self._templates.get(function.name))

    def _status(self) -> dict[str, Any]:
        bundle = self._extension_bundle.get("id")
        return {
            "id": "localhost",
            "state": "Running",
            "version": HOST_VERSION,
            "versionDetails": HOST_VERSION.removesuffix(".0"),
            "platformVersion": "",
            "instanceId": "",
            "computerName": "",
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "Unknown",
            **({"extensionBundle": {"id": bundle, "version": BUNDLE_VERSION}} if bundle else {}),
        }

    def _own(self) -> dict[str, Any]:
        return {
            "role": self._role(),
            "workers": self._faults.instances.pids if self._faults is not None else {},
            "statistics": {
                "files": {
                    file.path.name: {"commits": file.commits, "writes": dict(file.writes)}
                    for file in open_files
                },
                "hub": dict(self._hub_statistics()),
                "invocations": dict(self._runner.invocations),
            },
        }


def _split(path: str) -> list[str]:
    return path.lower().removesuffix("/").split("/")


def _key_list(request: Request, *, name: str, key: str) -> web.Response:
    address = f"http://{request.headers.get('Host', 'localhost')}{request.raw_path}"
    links = [{"rel": "self", "href": address.partition("?")[0]}]
    return web.json_response({"keys": [{"name": name, "value": key}], "links": links})


def _not_built(request: Request) -> web.Response:
    what = f"{request.method} {request.raw_path.partition('?')[0]} is not built in localhost"
    return message_response(what, HTTPStatus.NOT_IMPLEMENTED)
