"""The timers, one of each for all domains: on Flex Consumption every timer has instances of its own.

The sweeper, the purge of finished orchestrations, and the publisher of what could not be published
at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func

from intake.sweep import Sweeper
from publishing.catch_up import CatchUpPublisher
from settings.app import Settings
from store.ports.records import StoreError
from store.ports.store import Store
from taskhub.durable import HubOf
from taskhub.sdk import Calls, calls_of
from telemetry.decisions import Decisions

BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The purge call wants to know from when on; this is before all orchestrations."""

PURGE_SLICE: Final = timedelta(hours=1)
"""Of creation times per call: after 240 s the SDK closes the session that all its calls share, so
no call may be asked to delete very many."""

PURGE_SLICES_MAX: Final = 48
"""Slices of one run, the oldest first but one: what is older than those goes in one call, which is
nearly always empty."""

PURGE_CALL_SECONDS_MAX: Final = 60.0

NOTE_SECONDS: Final = 20.0
"""Between two notes of a sweep under way: a full one takes minutes, and health takes a minute
without a note for a timer that is dead."""

SHARE: Final = 0.5
"""Of `functionTimeout` that a sweep or a purge may take: a timeout kills the worker with all that
runs in it."""


@dataclass(frozen=True, slots=True)
class Swept:
    """One domain, to the sweeper."""

    sweeper: Sweeper
    store: Store
    hub_of: HubOf
    tell: Decisions


async def sweep_all(
    domains: Sequence[Swept],
    client: Any,
    older_than: timedelta,
    seconds_max: float,
    now: Callable[[], datetime],
) -> None:
    """Sweep the domains side by side, and note for health that it runs. Raises StoreError."""

    async def one(domain: Swept) -> None:
        await domain.store.note_sweep(now())
        noting = asyncio.create_task(_go_on_noting(domain.store, now))
        try:
            await domain.sweeper.sweep(domain.hub_of(client), older_than, seconds_max)
        finally:
            noting.cancel()
        await domain.store.note_sweep(now())

    results = await asyncio.gather(*map(one, domains), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _go_on_noting(store: Store, now: Callable[[], datetime]) -> None:
    while True:
        await asyncio.sleep(NOTE_SECONDS)
        with suppress(StoreError):
            await store.note_sweep(now())


async def purge(calls: Calls, now: datetime, older_than: timedelta, seconds_max: float) -> int:
    """Purge finished orchestrations that were started more than `older_than` ago, in slices.

    Begins no slice after `seconds_max`: the next run goes on.
    """
    clock = asyncio.get_running_loop().time
    ends_at = clock() + seconds_max
    end = now - older_than
    first = end - PURGE_SLICES_MAX * PURGE_SLICE
    slices = [(BEGINNING, first)]
    slices += [
        (first + n * PURGE_SLICE, first + (n + 1) * PURGE_SLICE) for n in range(PURGE_SLICES_MAX)
    ]
    count = 0
    for since, until in slices:
        if clock() >= ends_at:
            break
        async with asyncio.timeout(PURGE_CALL_SECONDS_MAX):
            count += await calls.purge(since, until)
    return count


def blueprint(
    settings: Settings,
    timeout_seconds: float,
    domains: Sequence[Swept],
    publishers: Sequence[CatchUpPublisher],
    now: Callable[[], datetime],
) -> df.Blueprint:
    """Declare the timers; the publisher only when something is published."""
    functions = df.Blueprint()

    # At start too: whatever a crash left behind does not wait for the first tick.
    @functions.timer_trigger("timer", schedule=settings.sweep_schedule, run_on_startup=True)
    @functions.durable_client_input("client")
    async def sweeper(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - a binding
        seconds_max = SHARE * timeout_seconds
        await sweep_all(domains, client, settings.sweep_after, seconds_max, now)

    @functions.timer_trigger("timer", schedule=settings.purge_schedule)
    @functions.durable_client_input("client")
    async def purger(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - a binding
        tell = domains[0].tell
        try:
            seconds_max = SHARE * timeout_seconds
            tell.purged(await purge(calls_of(client), now(), settings.purge_after, seconds_max))
        except Exception as error:  # noqa: BLE001 - the SDK documents none; the next run goes on
            tell.purge_failed(error)

    if publishers:

        @functions.timer_trigger("timer", schedule=settings.publish_schedule, run_on_startup=True)
        async def publisher(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding
            results = await asyncio.gather(
                *(each.publish() for each in publishers), return_exceptions=True
            )
            for result in results:
                if isinstance(result, BaseException):
                    raise result

    return functions
