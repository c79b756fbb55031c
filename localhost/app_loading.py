"""Start the worker and learn which functions the app has."""

import os
from pathlib import Path
from typing import Final

from localhost.app_settings import read_count
from localhost.console import Console
from localhost.environment import worker_environment
from localhost.errors import StartError
from localhost.functions import Function, functions_of
from localhost.host_json import HostJson
from localhost.instances import ALL, GROUP_SETTING, Instances
from localhost.options import Options
from localhost.profile import Placement, time_factor
from localhost.taskhub.worker_port import WorkerDied
from localhost.worker_faults import WorkerFaults
from localhost.worker_process import AppBroken
from localhost.workers import WorkerOptions, Workers

WORKERS_SETTING: Final = "FUNCTIONS_WORKER_PROCESS_COUNT"
WORKERS_MAX: Final = 10


def instances_of(
    options: Options, host_json: HostJson, console: Console, faults: WorkerFaults
) -> Instances:
    """Return the instances that the profile asks for, none of them started. Raises StartError."""
    count = read_count(WORKERS_SETTING, os.environ, 1, WORKERS_MAX)
    workers = WorkerOptions(count, host_json.function_timeout(), time_factor(os.environ))
    environ = worker_environment(os.environ)

    def workers_of(group: str) -> Workers:
        own = {} if group == ALL else {GROUP_SETTING: group}
        return Workers(options.app, environ | own, console, workers, faults)

    return Instances(workers_of, apart=options.profile.placement is Placement.APART)


async def load_app(
    workers: Workers, app: Path, host_json: HostJson, console: Console
) -> list[Function]:
    """Return the app's functions; none when it is broken, and then the console says why.

    As on Azure such a host runs and answers 404. Raises StartError when the app ends the worker
    while it is loaded.
    """
    try:
        indexed = await workers.start()
    except AppBroken as error:
        console.line(_from_app_on(error.stack_trace, app))
        console.line(f"error: the app has no functions, it cannot be loaded: {error}")
        return []
    except WorkerDied as death:
        raise StartError(f"the app ended its process while it was loaded: {death}") from death
    return functions_of(indexed, os.environ, host_json.names("functions"))


def _from_app_on(trace: str, app: Path) -> str:
    """Leave out the frames before the first one of the app: those are the worker's."""
    start = trace.find(f'  File "{app}')
    return trace if start < 0 else trace[start:].rstrip()
