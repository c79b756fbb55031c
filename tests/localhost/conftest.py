"""The front of the host around an app written in the test, in this process, without a task hub."""

import io
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp
import azure.functions as func
import pytest

from localhost.admin import AdminApi
from localhost.console import Console
from localhost.doors import HostDoors
from localhost.http_front import HttpFront
from localhost.listeners import bind_public, listening
from localhost.routing import RouteTable, build_routes
from localhost.runner import FunctionRunner
from tests.localhost.front import Serve, Served, Setup, echo_durable_api
from tests.localhost.in_process import InProcess
from tests.localhost.process import Process, Start

collect_ignore = ["taskhub"] if find_spec("durabletask") else ["protobuf"]
"""The one is about Durable SDK 1.x, the other about 2.x, which is installed for `make sdk2`."""


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(app: func.FunctionRegister, setup: Setup | None = None) -> Served:
            setup = setup or Setup()
            out = io.StringIO()
            console = Console(out)
            worker = InProcess(app, tmp_path)
            functions = worker.functions(setup.environ)
            runner = FunctionRunner(functions, worker, console)
            routes = build_routes(functions, setup.prefix)
            background: list[Coroutine[Any, Any, None]] = []
            admin = AdminApi(
                functions,
                runner,
                background.append,
                lambda: {"signals": 1},
                templates={route.function.name: route.template.text for route in routes},
                extension_bundle={"id": "bundle"},
            )
            front = HttpFront(
                RouteTable(routes),
                runner,
                HostDoors(admin, echo_durable_api, only_loopback=setup.only_loopback),
                console,
                keys=setup.keys,
                limits=setup.limits,
            )
            door = bind_public("127.0.0.1", 0)
            base = f"http://127.0.0.1:{door.getsockname()[1]}"
            await stack.enter_async_context(listening(door, front.handle))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Served(base, session, runner, functions, out, background)

        yield start


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Process] = []

    def run(app: Path, *arguments: str, **environ: str) -> Process:
        started.append(Process(app, *arguments, **environ))
        return started[-1]

    yield run
    for process in started:
        process.process.kill()
        process.exit_code()
        assert process.process.stdout is not None
        process.process.stdout.close()
