# ruff: noqa: ARG001 - the functions of an app have the parameters of their bindings
"""Host protocol 7.9, timers, on a clock that the tests move."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from localhost.errors import StartError
from localhost.functions import Function
from localhost.schedule import parse_schedule
from localhost.timers import (
    Clock,
    Timer,
    build_timers,
    request_by_hand,
    run_timer,
    schedule_errors,
    schedule_warnings,
    timer_request,
)
from tests.localhost.in_process import index_functions

NOON = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)


class End(Exception):
    """The clock has reached the end of the test."""


class MovedClock(Clock):
    """Sleeping moves it; past the end it ends the timer."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.time, self.end = start, end

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        if self.time > self.end:
            raise End
        await asyncio.sleep(0)


def app_with_timer(schedule: str, **options: Any) -> func.FunctionApp:
    app = func.FunctionApp()

    @app.timer_trigger(schedule=schedule, arg_name="t", **options)
    async def tick(t: func.TimerRequest) -> None:
        return

    return app


def timer(folder: Path, schedule: str = "0 */5 * * * *", **options: Any) -> Timer:
    functions = index_functions(app_with_timer(schedule, **options), folder, {})
    return build_timers(functions, folder / "timers", {"EVERY": "0 0 * * * *"}, NOON)[0]


async def run(
    timer: Timer,
    start: datetime,
    minutes: float,
    takes: Callable[[], timedelta] = timedelta,
) -> list[tuple[datetime, bool, dict[str, str]]]:
    """Run a timer for a while; return when it fired, whether past due, and the status it saw."""
    clock, fired = MovedClock(start, start + timedelta(minutes=minutes)), []

    async def fire(function: Function, request: Any) -> None:
        assert function.name == "tick"
        sent = json.loads(request.json)
        fired.append((clock.now(), sent["IsPastDue"], sent["ScheduleStatus"]))
        clock.time += takes()
        if clock.time > clock.end:
            raise End

    with pytest.raises(End):
        await run_timer(timer, clock, fire)
    return fired


async def test_a_timer_fires_at_each_time_of_its_schedule(tmp_path: Path) -> None:
    fired = await run(timer(tmp_path), NOON + timedelta(seconds=1), 16)
    assert [when for when, _, _ in fired] == [NOON + timedelta(minutes=m) for m in (5, 10, 15)]
    assert not any(past_due for _, past_due, _ in fired)


async def test_a_missed_time_is_made_up_for_once_as_past_due(tmp_path: Path) -> None:
    await run(timer(tmp_path), NOON, 6)
    back = NOON + timedelta(hours=3, minutes=2)
    fired = await run(timer(tmp_path), back, 4)
    assert [(when, past_due) for when, past_due, _ in fired] == [
        (back, True),
        (NOON + timedelta(hours=3, minutes=5), False),
    ]
    assert fired[0][2]["Last"] == (NOON + timedelta(minutes=5)).isoformat()


async def test_nothing_is_past_due_when_no_time_was_missed(tmp_path: Path) -> None:
    await run(timer(tmp_path), NOON, 6)
    fired = await run(timer(tmp_path), NOON + timedelta(minutes=7), 2)
    assert fired == []


async def test_the_first_start_ever_misses_nothing(tmp_path: Path) -> None:
    assert await run(timer(tmp_path), NOON + timedelta(minutes=1), 3) == []
    back = NOON + timedelta(minutes=30)
    assert [past_due for _, past_due, _ in await run(timer(tmp_path), back, 1)] == [True]


async def test_run_on_startup_fires_at_every_start(tmp_path: Path) -> None:
    for _ in range(2):
        start = NOON + timedelta(minutes=1)
        fired = await run(timer(tmp_path, run_on_startup=True), start, 1)
        assert [(when, past_due) for when, past_due, _ in fired] == [(start, False)]


async def test_run_that_overruns_is_followed_by_the_next_at_once(tmp_path: Path) -> None:
    fired = await run(timer(tmp_path), NOON, 30, takes=lambda: timedelta(minutes=12))
    minutes = [(when - NOON).total_seconds() / 60 for when, _, _ in fired]
    assert minutes == [5, 17, 29]


async def test_a_schedule_under_a_minute_keeps_no_status(tmp_path: Path) -> None:
    seconds = timer(tmp_path, "*/10 * * * * *")
    fired = await run(seconds, NOON, 1)
    assert len(fired) == 6
    assert not (tmp_path / "timers").exists()
    assert [status for _, _, status in fired] == [None] * 6


async def test_use_monitor_false_keeps_no_status(tmp_path: Path) -> None:
    await run(timer(tmp_path, use_monitor=False), NOON, 6)
    assert not (tmp_path / "timers").exists()


async def test_a_changed_schedule_counts_from_now_on(tmp_path: Path) -> None:
    await run(timer(tmp_path, "0 */5 * * * *"), NOON, 6)
    hourly = timer(tmp_path, "0 0 * * * *")
    fired = await run(hourly, NOON + timedelta(minutes=20), 5)
    assert fired == []


async def test_the_schedule_can_be_an_app_setting(tmp_path: Path) -> None:
    fired = await run(timer(tmp_path, "%EVERY%"), NOON + timedelta(seconds=1), 61)
    assert [when for when, _, _ in fired] == [NOON + timedelta(hours=1)]


@pytest.mark.parametrize("schedule", ["every day", "%UNKNOWN%"])
def test_wrong_schedule_leaves_its_function_out(tmp_path: Path, schedule: str) -> None:
    functions = index_functions(app_with_timer(schedule), tmp_path, {})
    assert build_timers(functions, tmp_path, {}, NOON) == []
    assert list(schedule_errors(functions, {})) == ["tick"]
    assert schedule_warnings(functions, {})[0].startswith("tick is left out: ")


@pytest.mark.parametrize("content", ["", "[]", '{"Last": "x"}'])
def test_a_damaged_status_is_an_error_at_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "timers").mkdir()
    (tmp_path / "timers" / "tick.json").write_text(content)
    with pytest.raises(StartError, match=r"tick\.json is damaged"):
        timer(tmp_path)


async def test_the_status_file_says_what_the_next_start_needs(tmp_path: Path) -> None:
    await run(timer(tmp_path), NOON, 6)
    status = json.loads((tmp_path / "timers" / "tick.json").read_text())
    assert status["Next"] == (NOON + timedelta(minutes=10)).isoformat()


def test_a_disabled_timer_never_fires(tmp_path: Path) -> None:
    app = func.FunctionApp()

    @app.timer_trigger(schedule="0 * * * * *", arg_name="t")
    async def tick(t: func.TimerRequest) -> None:
        return

    functions = index_functions(app, tmp_path, {"AzureWebJobs_tick_Disabled": "1"})
    assert build_timers(functions, tmp_path, {}, NOON) == []


async def test_first_run_on_startup_has_never_run_before(tmp_path: Path) -> None:
    fired = await run(timer(tmp_path, run_on_startup=True), NOON + timedelta(minutes=1), 1)
    never = "0001-01-01T00:00:00"
    assert [status for _, _, status in fired] == [
        {"Last": never, "Next": (NOON + timedelta(minutes=5)).isoformat(), "LastUpdated": never}
    ]


@pytest.mark.parametrize(("schedule", "adjusted"), [("00:05:00", False), ("0 */5 * * * *", True)])
def test_time_span_is_not_adjusted_for_summer_time(schedule: str, *, adjusted: bool) -> None:
    request = json.loads(timer_request(None, parse_schedule(schedule)).json or "")
    assert request["Schedule"] == {"AdjustForDST": adjusted}


async def test_timer_fired_by_hand_sees_its_real_status(tmp_path: Path) -> None:
    await run(timer(tmp_path), NOON, 6)
    functions = index_functions(app_with_timer("0 */5 * * * *"), tmp_path, {})
    now = NOON + timedelta(minutes=7)
    request = json.loads(request_by_hand(functions[0], tmp_path / "timers", {}, now).json or "")
    assert request["ScheduleStatus"]["Last"] == (NOON + timedelta(minutes=5)).isoformat()
