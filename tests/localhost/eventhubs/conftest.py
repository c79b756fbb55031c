"""Event hubs and a trigger around an app written in the test, in this process."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import azure.functions as func
import pytest

from localhost.console import Console
from localhost.eventhubs import service as service_module
from localhost.eventhubs.service import HUBS_SETTING, PARTITIONS_SETTING, EventHubsService
from localhost.runner import FunctionRunner
from tests.localhost.eventhubs.harness import Dying, ManualClock, Run, Running, Setup, Watched
from tests.localhost.in_process import InProcess


@pytest.fixture
async def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    """Start an app on the test's file; again for a restart."""
    async with AsyncExitStack() as stack:

        async def start(app: func.FunctionRegister, setup: Setup | None = None) -> Running:
            setup = setup or Setup()
            clock, faults, out = ManualClock(), Watched(**setup.faults), io.StringIO()
            worker = InProcess(app, tmp_path)
            functions = worker.functions(setup.environ)
            invoke = Dying(worker, setup.deaths)
            runner = FunctionRunner(functions, invoke, Console(out))
            environ = {HUBS_SETTING: "hub", PARTITIONS_SETTING: str(setup.partitions)}
            file = tmp_path / "eventhubs.db"
            monkeypatch.setattr(service_module, "STOP_SECONDS_MAX", setup.stop_seconds_max)
            service = EventHubsService(
                file, functions, setup.options, faults, {**environ, **setup.environ}
            )
            await service.open(runner, clock, Console(out))
            ended = False

            async def crash() -> None:
                nonlocal ended
                if not ended:
                    ended = True
                    tasks = list(service._running.values())
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    await service.close()

            stack.push_async_callback(crash)
            if setup.start:
                service.start()
            return Running(service, clock, faults, functions, out, crash)

        yield start
