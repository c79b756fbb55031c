"""Timer triggers: each runs one at a time, and a missed time is made up for once, as past due.

Source: WebJobs' TimerListener and ScheduleMonitor (host-protocol 7.9). The status of a timer is
one small file; schedules of less than a minute keep none.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from localhost.app_settings import resolve
from localhost.data_folder import read_json, replace_json
from localhost.errors import StartError
from localhost.functions import TIMER_TRIGGER, Function
from localhost.rpc.messages import TypedData
from localhost.schedule import Schedule, parse_schedule

MONITORED_INTERVAL_MIN: Final = timedelta(minutes=1)
SLEEP_SECONDS_MAX: Final = 30.0
"""Look at the clock at least so often: it may be set, or the machine may have slept."""


class Clock(Protocol):
    """Time for the timers, so that tests can move it."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back after at most so many seconds."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Come back after so many seconds."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Status:
    """When a timer last fired and when it should fire next, as far as the host knows."""

    last: datetime | None
    next: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer function, its schedule and, if it is monitored, the file of its status."""

    function: Function
    schedule: Schedule
    run_on_startup: bool
    status_file: Path | None
    status: Status | None
    """What an earlier host has left in the file."""


Fire = Callable[[Function, TypedData], Awaitable[None]]


def build_timers(
    functions: list[Function], folder: Path, environ: Mapping[str, str], now: datetime
) -> list[Timer]:
    """Return the enabled timers, whose status files are in `folder`.

    Raises StartError when a schedule is wrong or a status file damaged.
    """
    timers = []
    for function in functions:
        if function.trigger_type == TIMER_TRIGGER and not function.disabled:
            schedule = _schedule_of(function, environ)
            monitored = _is_monitored(function, schedule, now)
            file = folder / f"{function.name}.json" if monitored else None
            at_start = function.trigger.get("runOnStartup") is True
            timers.append(Timer(function, schedule, at_start, file, _read_status(file)))
    return timers


def _schedule_of(function: Function, environ: Mapping[str, str]) -> Schedule:
    text = resolve(str(function.trigger["schedule"]), environ, f"{function.name}: schedule")
    try:
        return parse_schedule(text)
    except ValueError as error:
        raise StartError(f"{function.name}: {error}") from error


def _is_monitored(function: Function, schedule: Schedule, now: datetime) -> bool:
    first = schedule.next_after(now)
    if schedule.next_after(first) - first < MONITORED_INTERVAL_MIN:
        return False
    return function.trigger.get("useMonitor") is not False


async def run_timer(timer: Timer, clock: Clock, fire: Fire) -> None:
    """Fire the timer until cancelled. `fire` must not raise for what the function does."""
    status, now = timer.status, clock.now()
    # By the schedule of today, should it have changed since.
    past_due = status is not None and timer.schedule.next_after(status.updated) < now
    if past_due or timer.run_on_startup:
        status = await _fire(timer, clock, fire, status, past_due=past_due)
    elif status is None:
        status = _remember(timer, Status(None, timer.schedule.next_after(now), now))
    due = timer.schedule.next_after(clock.now())
    while True:
        while (wait := (due - clock.now()).total_seconds()) > 0:
            await clock.sleep(min(wait, SLEEP_SECONDS_MAX))
        status = await _fire(timer, clock, fire, status, past_due=False)
        # From after the run on: one that takes longer than the interval skips times.
        due = timer.schedule.next_after(max(due, clock.now()))


async def _fire(
    timer: Timer, clock: Clock, fire: Fire, status: Status | None, *, past_due: bool
) -> Status | None:
    now = clock.now()
    await fire(timer.function, timer_request(status, past_due=past_due))
    # Also when the function failed: a failed run is repeated by a retry policy only.
    after = clock.now()
    return _remember(timer, Status(now, timer.schedule.next_after(after), after))


def _remember(timer: Timer, status: Status) -> Status | None:
    if timer.status_file is None:
        return None
    timer.status_file.parent.mkdir(exist_ok=True)
    replace_json(timer.status_file, _wire(status))
    return status


def timer_request(status: Status | None = None, *, past_due: bool = False) -> TypedData:
    """Return what the worker gets; without arguments it is that of a manual invocation."""
    info = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": None if status is None else _wire(status),
        "IsPastDue": past_due,
    }
    return TypedData(json=json.dumps(info))


_NEVER: Final = "0001-01-01T00:00:00+00:00"


def _wire(status: Status) -> dict[str, str]:
    return {
        "Last": status.last.isoformat() if status.last else _NEVER,
        "Next": status.next.isoformat(),
        "LastUpdated": status.updated.isoformat(),
    }


def _read_status(file: Path | None) -> Status | None:
    if file is None or not file.exists():
        return None
    content = read_json(file)
    try:
        last, due, updated = (content[name] for name in ("Last", "Next", "LastUpdated"))
        return Status(
            None if last == _NEVER else datetime.fromisoformat(last),
            datetime.fromisoformat(due),
            datetime.fromisoformat(updated),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StartError(f"{file} is damaged: {error!r}") from error
