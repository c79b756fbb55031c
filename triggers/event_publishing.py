"""The timer `publisher`: whatever has a marker is published."""

import azure.durable_functions as df
import azure.functions as func

from publishing.backlog import Backlog
from settings import Settings


def blueprint(backlog: Backlog, settings: Settings) -> df.Blueprint:
    """Declare the timer; its schedule is an NCRONTAB expression."""
    functions = df.Blueprint()

    # At start too: what was not published before a crash does not wait for the first tick.
    @functions.timer_trigger("timer", schedule=settings.publish_schedule, run_on_startup=True)
    async def publisher(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding
        await backlog.publish()

    return functions
