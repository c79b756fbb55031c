"""Event hubs and a trigger around an app written in the test, in this process."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import azure.functions as func
import pytest

from localhost.console import Console
from localhost.eventhubs.dispatcher import Dispatcher
from localhost.eventhubs.hub import EventHubs
from localhost.eventhubs.processor import Environment
from localhost.eventhubs.subscriptions import build_subscriptions
from localhost.runner import FunctionRunner
from tests.localhost.eventhubs.harness import Dying, ManualClock, Run, Running, Setup, Watched
from tests.localhost.in_process import InProcess


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Start an app on the test's file; again for a restart."""
    async with AsyncExitStack() as stack:

        async def start(app: func.FunctionRegister, setup: Setup | None = None) -> Running:
            setup = setup or Setup()
            clock, faults, out = ManualClock(), Watched(**setup.faults), io.StringIO()
            worker = InProcess(app, tmp_path)
            functions = worker.functions(setup.environ)
            invoke = Dying(worker, setup.deaths)
            runner = FunctionRunner(functions, invoke, Console(out))
            subscriptions = build_subscriptions(functions, setup.environ)
            names = ["hub", *(item.hub for item in subscriptions)]
            hubs = await EventHubs.open(
                tmp_path / "eventhubs.db", names, setup.partitions, faults, now=_now(clock)
            )
            environment = Environment(runner, setup.options, clock, faults, Console(out))
            dispatcher = Dispatcher(
                hubs, subscriptions, environment, stop_seconds_max=setup.stop_seconds_max
            )
            ended = False

            async def crash() -> None:
                nonlocal ended
                if not ended:
                    ended = True
                    tasks = list(dispatcher._running.values())
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    await hubs.close()

            stack.push_async_callback(crash)
            if setup.start:
                dispatcher.start()
            return Running(hubs, dispatcher, clock, faults, runner, out, subscriptions, crash)

        yield start


def _now(clock: ManualClock) -> Callable[[], int]:
    return lambda: round(clock.time.timestamp() * 1000)
