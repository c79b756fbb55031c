"""What only the owner of the data folder runs, begun by a host that was a standby."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import azure.functions as func

from localhost.background import Background
from localhost.console import Console
from localhost.data_folder import DataFolder, open_data_folder, replace_json
from localhost.engine import Engine
from localhost.faults import FaultPlan
from localhost.host_json import HostJson
from localhost.runner import FunctionRunner
from tests.localhost.in_process import InProcess


def engine_of(data: DataFolder, fired: list[bool]) -> Engine:
    app = func.FunctionApp()

    @app.timer_trigger(schedule="0 0 * * * *", arg_name="t")
    async def hourly(t: func.TimerRequest) -> None:
        fired.append(t.past_due)

    worker = InProcess(app, data.path)
    functions = worker.functions()
    console = Console(io.StringIO())
    runner = FunctionRunner(functions, worker, console)
    return Engine(data, functions, runner, HostJson({}, {}), console, FaultPlan.of(""))


def remember(data: DataFolder, at: datetime) -> None:
    """As an owner does after it has fired the timer."""
    data.timers.mkdir(exist_ok=True)
    times = {name: at.isoformat() for name in ("Last", "Next", "LastUpdated")}
    replace_json(data.timers / "hourly.json", times)


async def test_a_timer_that_the_owner_before_has_fired_is_not_past_due(tmp_path: Path) -> None:
    fired: list[bool] = []
    background = Background(Console(io.StringIO()))
    with open_data_folder(tmp_path) as data:
        now = datetime.now(UTC)
        remember(data, now - timedelta(hours=3))
        engine = engine_of(data, fired)  # a standby, whose owner goes on for three hours
        remember(data, now + timedelta(seconds=1))
        engine.begin(background.spawn)
        for _ in range(20):
            await asyncio.sleep(0)
        await background.stop()
    assert fired == []


async def test_what_was_never_opened_has_nothing_to_show(tmp_path: Path) -> None:
    with open_data_folder(tmp_path) as data:
        assert engine_of(data, []).statistics() == {}
