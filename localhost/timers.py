"""Timer triggers: each runs one at a time, and a missed time is made up for once, as past due.

Source: WebJobs' TimerListener and ScheduleMonitor (host-protocol 7.9). The status of a timer is
one small file; schedules of less than a minute keep none.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from localhost.app_settings import resolve
from localhost.data_folder import read_json, replace_json
from localhost.errors import StartError
from localhost.functions import TIMER_TRIGGER, Function
from localhost.rpc.messages import TypedData
from localhost.schedule import Interval, Schedule, parse_schedule

MONITORED_INTERVAL_MIN: Final = timedelta(minutes=1)
SLEEP_SECONDS_MAX: Final = 30.0
"""Look at the clock at least so often: it may be set, or the machine may have slept."""


class Clock:
    """The clock of this machine; tests have one that they move."""

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
    updated: datetime | None


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
    """Return the enabled timers whose schedules parse; their status files are in `folder`.

    The others are left out, as in the real host: `schedule_errors` tells. Raises StartError when
    a status file is damaged.
    """
    timers = []
    for function, schedule in _read_schedules(functions, environ):
        if isinstance(schedule, str) or function.disabled:
            continue
        monitored = _is_monitored(function, schedule, now)
        file = folder / f"{function.name}.json" if monitored else None
        at_start = function.trigger.get("runOnStartup") is True
        timers.append(Timer(function, schedule, at_start, file, _read_status(file)))
    return timers


def schedule_errors(
    functions: Iterable[Function], environ: Mapping[str, str]
) -> dict[str, list[str]]:
    """Return, by function, why a timer will never fire although the host runs."""
    title = "Microsoft.Azure.WebJobs.Host: Error indexing method 'Functions.{}'."
    return {
        function.name: [title.format(function.name), schedule]
        for function, schedule in _read_schedules(functions, environ)
        if isinstance(schedule, str)
    }


def schedule_warnings(functions: Iterable[Function], environ: Mapping[str, str]) -> list[str]:
    """Return what the real host says nothing about: timers that are left out, or never fire."""
    now, lines = datetime.now(UTC), []
    for function, schedule in _read_schedules(functions, environ):
        if isinstance(schedule, str):
            lines.append(f"{function.name} is left out: {schedule}")
        elif schedule.next_after(now) is None:
            lines.append(f"{function.name} never fires: {function.trigger['schedule']!r}")
    return lines


def _read_schedules(
    functions: Iterable[Function], environ: Mapping[str, str]
) -> Iterator[tuple[Function, Schedule | str]]:
    """Yield each timer with its schedule, or with what is wrong with it."""
    for function in functions:
        if function.trigger_type == TIMER_TRIGGER:
            text = str(function.trigger["schedule"])
            try:
                resolved = resolve(text, environ, f"{function.name}: schedule")
                schedule: Schedule | str = parse_schedule(resolved)
            except (ValueError, StartError) as error:
                schedule = str(error)
            yield function, schedule


def _is_monitored(function: Function, schedule: Schedule, now: datetime) -> bool:
    first = schedule.next_after(now)
    second = None if first is None else schedule.next_after(first)
    if first is not None and second is not None and second - first < MONITORED_INTERVAL_MIN:
        return False
    return function.trigger.get("useMonitor") is not False


async def run_timer(timer: Timer, clock: Clock, fire: Fire) -> None:
    """Fire the timer until cancelled. `fire` must not raise for what the function does."""
    status, now = timer.status, clock.now()
    due = timer.schedule.next_after(now)
    if due is None:
        return
    # By the schedule of today, should it have changed since.
    updated = None if status is None else status.updated
    missed = None if updated is None else timer.schedule.next_after(updated)
    past_due = missed is not None and missed < now
    if past_due or timer.run_on_startup:
        never_fired = Status(None, due, None)
        status = await _fire(timer, clock, fire, status or never_fired, past_due=past_due)
        due = timer.schedule.next_after(now)
    elif status is None:
        status = _remember(timer, Status(None, due, now))
    while due is not None:
        while (wait := (due - clock.now()).total_seconds()) > 0:
            await clock.sleep(min(wait, SLEEP_SECONDS_MAX))
        started = max(due, clock.now())
        status = await _fire(timer, clock, fire, status, past_due=False)
        # From its start on: a run that takes longer than the interval is followed at once.
        due = timer.schedule.next_after(started)


async def _fire(
    timer: Timer, clock: Clock, fire: Fire, status: Status | None, *, past_due: bool
) -> Status | None:
    now = clock.now()
    shown = status if timer.status_file is not None else None
    request = timer_request(shown, timer.schedule, past_due=past_due)
    await fire(timer.function, request)
    # Also when the function failed: a failed run is repeated by a retry policy only.
    after = clock.now()
    return _remember(timer, Status(now, timer.schedule.next_after(after) or now, after))


def _remember(timer: Timer, status: Status) -> Status | None:
    if timer.status_file is None:
        return None
    timer.status_file.parent.mkdir(exist_ok=True)
    replace_json(timer.status_file, _wire(status))
    return status


def timer_request(
    status: Status | None, schedule: Schedule, *, past_due: bool = False
) -> TypedData:
    """Return what the worker gets; the status of a timer that is not monitored is None."""
    info = {
        "Schedule": {"AdjustForDST": not isinstance(schedule, Interval)},
        "ScheduleStatus": None if status is None else _wire(status),
        "IsPastDue": past_due,
    }
    return TypedData(json=json.dumps(info))


def request_by_hand(
    function: Function, folder: Path, environ: Mapping[str, str], now: datetime
) -> TypedData:
    """Return what a timer gets that is fired by hand: its real status. Raises StartError."""
    timers = build_timers([function], folder, environ, now)
    if not timers:
        raise StartError(f"{function.name} is no timer that could fire")
    return timer_request(timers[0].status, timers[0].schedule)


_NEVER: Final = "0001-01-01T00:00:00"


def _wire(status: Status) -> dict[str, str]:
    return {
        "Last": status.last.isoformat() if status.last else _NEVER,
        "Next": status.next.isoformat(),
        "LastUpdated": status.updated.isoformat() if status.updated else _NEVER,
    }


def _read_status(file: Path | None) -> Status | None:
    if file is None or not file.exists():
        return None
    content = read_json(file, dict[str, str])
    try:
        last, due, updated = (content[name] for name in ("Last", "Next", "LastUpdated"))
        return Status(
            None if last.startswith(_NEVER) else datetime.fromisoformat(last),
            datetime.fromisoformat(due),
            None if updated.startswith(_NEVER) else datetime.fromisoformat(updated),
        )
    except (KeyError, ValueError) as error:
        raise StartError(f"{file} is damaged: {error!r}") from error
