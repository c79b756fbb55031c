"""The clockwork: the sweeper, and the purge of finished orchestrations."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions import OrchestrationRuntimeStatus as Status

from activities.hub import DurableHub, HubOf
from settings import Settings
from store.port import Store
from triggers.announcer import Announcer
from triggers.sweeper import sweep

FINISHED: Final = [Status.Completed, Status.Failed, Status.Terminated, Status.Canceled]
"""Never Running: that is also the status of every entity, for as long as it lives."""

BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The purge call wants to know from when on; this is before all orchestrations."""

log = logging.getLogger(__name__)


async def purge(client: df.DurableOrchestrationClient, now: datetime, older_than: timedelta) -> int:
    """Purge finished orchestrations that were started more than `older_than` ago."""
    answer = await client.purge_instance_history_by(
        created_time_from=BEGINNING,
        created_time_to=now - older_than,
        runtime_status=FINISHED,
    )
    count = int(answer.instances_deleted)
    if count:
        log.info("purged orchestrations=%s", count)
    return count


def blueprint(
    store: Store, announcer: Announcer, settings: Settings, hub_of: HubOf = DurableHub
) -> df.Blueprint:
    """Declare the timers."""
    functions = df.Blueprint()

    # At start too: whatever a crash left behind does not wait for the first tick.
    @functions.timer_trigger("timer", schedule=settings.sweep_schedule, run_on_startup=True)
    @functions.durable_client_input("client")
    async def sweeper(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - a binding
        await sweep(store, announcer, hub_of(client), datetime.now(UTC), settings.sweep_after)

    @functions.timer_trigger("timer", schedule=settings.purge_schedule)
    @functions.durable_client_input("client")
    async def purger(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - a binding
        await purge(client, datetime.now(UTC), settings.purge_after)

    return functions
