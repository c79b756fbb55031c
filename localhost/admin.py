"""`/admin`: what runs here, and functions started by hand (host-protocol 2.5).

What the real host answers, with its routes and levels; `/admin/localhost` is this host's own.
"""

import json
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from localhost.admin_functions import describe, invocation_of
from localhost.errors import StartError
from localhost.eventhubs.service import EventHubsService
from localhost.faults_api import FaultsApi
from localhost.functions import ACTIVITY_TRIGGER, TIMER_TRIGGER, Function, Trigger
from localhost.http_server import Request
from localhost.http_wire import json_response
from localhost.keys import Keys
from localhost.rpc.messages import TypedData
from localhost.runner import FunctionRunner
from localhost.sqlite_file import open_files
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied

HOST_VERSION: Final = "4.1037.0.0"
"""The host whose recorded answers this one is held against."""
BUNDLE_VERSION: Final = "4.38.0"
_NO_CACHE: Final = {"Cache-Control": "no-store,no-cache", "Pragma": "no-cache"}
_NO_TEMPLATES: Final = (
    "Templates not found within the extension bundle or extension bundle is not configured for "
    "the function app."
)
_BY_HAND: Final = frozenset({"POST", "PUT", "DELETE"})

log = logging.getLogger(__name__)
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
        templates: Mapping[str, str],
        extension_bundle: Mapping[str, Any],
        host_id: str = "localhost",
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
        self._host_id = host_id
        self._keys = keys
        self._errors = errors or {}
        self._started = time.monotonic()

    def is_public(self, path: str) -> bool:
        """Tell whether what follows /admin/ is answered without a key."""
        return _split(path) in (["host", "ping"], ["warmup"])

    def knows(self, method: str, path: str) -> bool:  # noqa: PLR0911 - a line per path
        """Tell whether there is anything to ask a key for; else the answer is 404."""
        match method, _split(path):
            case _, ["eventhubs", *_] if self._event_hubs is not None:
                return True
            case _, ["localhost", _] if self._faults is not None:
                return True
            case (("GET" | "POST"), ["host", "ping"]):
                return True
            case "GET", ["host", name]:
                return name in {"status", "keys", "systemkeys", "config"}
            case "GET", (
                ["functions" | "warmup" | "localhost"]
                | ["functions", _]
                | ["functions", _, "status" | "keys"]
                | ["instance", "info"]
                | ["host", "extensionbundle", *_]
            ):
                return True
            case method, ["functions", _]:
                return method in _BY_HAND
        return False

    async def handle(self, request: Request, path: str) -> web.Response:
        """Answer a request; `path` is what follows `/admin/`, decoded."""
        parts = _split(path)
        if not self.knows(request.method, path):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        match parts:
            case ["localhost", what] if self._faults is not None:
                body = (await request.read()).decode(errors="replace")
                return self._faults.answer(request.method, what, body)
            case ["host" | "instance" | "warmup" | "localhost", *_]:
                return self._answer_host(request, parts)
            case ["functions"]:
                base = f"https://{request.headers.get('Host', 'localhost')}"
                return _json([self._describe(item, base) for item in self._functions.values()])
            case ["functions", name, *rest]:
                return await self._answer_function(request, name, rest)
        assert self._event_hubs is not None
        return await self._event_hubs.show(request, parts[1:])

    def _answer_host(  # noqa: C901, PLR0911 - a line per path
        self, request: Request, parts: list[str]
    ) -> web.Response:
        match parts:
            case ["host", "ping"]:
                return web.Response(headers=_NO_CACHE)
            case ["host", "status"]:
                return _json(self._status())
            case ["host", "keys"] if self._keys is not None:
                return _json(_key_list(request, {"default": self._keys.host}))
            case ["host", "systemkeys"] if self._keys is not None:
                return _json(_key_list(request, {"durabletask_extension": self._keys.system}))
            case ["host", "extensionbundle", *_]:
                return web.Response(status=HTTPStatus.NOT_FOUND, text=_NO_TEMPLATES)
            case ["instance", "info"]:
                node = "WEBSITE_NODE_DEFAULT_VERSION"
                return _json({"FUNCTIONS_EXTENSION_VERSION": HOST_VERSION, node: "8.5.0"})
            case ["warmup"]:
                return web.Response()
            case ["localhost"]:
                return _json(self._own())
        return _not_built(request)

    async def _answer_function(  # noqa: PLR0911 - a line per verb
        self, request: Request, name: str, rest: list[str]
    ) -> web.Response:
        if request.method in {"POST", "PUT"} and request.content_type != "application/json":
            return web.Response(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        if request.method == "POST":
            return await self._invoke(request, name)
        function = self._functions.get(name)
        if function is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        base = f"http://{request.headers.get('Host', 'localhost')}"
        match request.method, rest:
            case "GET", []:
                return _json(self._describe(function, base))
            case "GET", ["status"]:
                found = self._errors.get(function.name)
                return _json({"errors": list(found)} if found else {})
            case "GET", ["keys"] if self._keys is not None:
                return _json(_key_list(request, {"default": self._keys.of_function(name)}))
            case "DELETE", []:
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
            "id": self._host_id,
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
            "workers": self._faults.processes() if self._faults is not None else {},
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


def _key_list(request: Request, keys: Mapping[str, str]) -> dict[str, Any]:
    address = f"http://{request.headers.get('Host', 'localhost')}{request.raw_path}"
    return {
        "keys": [{"name": name, "value": value} for name, value in keys.items()],
        "links": [{"rel": "self", "href": address.partition("?")[0]}],
    }


def _not_built(request: Request) -> web.Response:
    what = f"{request.method} {request.raw_path.partition('?')[0]} is not built in localhost"
    return json_response({"Message": what}, status=HTTPStatus.NOT_IMPLEMENTED)


def _json(value: Any) -> web.Response:
    return web.Response(text=json.dumps(value), content_type="application/json", charset="utf-8")
