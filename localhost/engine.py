"""What only the host that owns the data folder runs: task hub, event hubs, timers.

On Azure, too, each of them has one owner at a time: partitions of the task hub and of event hubs
by leases, timers by a lock.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from localhost.console import Console
from localhost.data_folder import DataFolder
from localhost.dialect import parts_for
from localhost.errors import StartError
from localhost.eventhubs.options import EventHubOptions
from localhost.eventhubs.service import EventHubsService
from localhost.faults import FaultPlan
from localhost.functions import Function, Trigger
from localhost.host_json import HostJson
from localhost.hub_settings import check_clients, hub_options
from localhost.profile import NONE, Profile, time_factor
from localhost.rpc.messages import TypedData
from localhost.runner import FunctionRunner
from localhost.taskhub import FunctionFailed, HubFileError, TaskHub, WorkerDied
from localhost.timers import Clock, Timer, build_timers, run_timer

HUB_STOP_SECONDS_MAX: Final = 30.0
"""How long activities and entities may take to finish when the host stops."""

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Engine:
    """Opens the files, begins to work, and ends both; what was never opened ends at once."""

    def __init__(  # noqa: PLR0913 - all that it is told
        self,
        data: DataFolder,
        functions: list[Function],
        runner: FunctionRunner,
        host_json: HostJson,
        console: Console,
        faults: FaultPlan,
        *,
        profile: Profile = NONE,
    ) -> None:
        """Raise StartError when a setting is invalid."""
        self._data = data
        self._functions = functions
        self._runner = runner
        self._console = console
        self._clock = Clock()
        self._timers = self._build_timers()
        hub = hub_options(host_json, os.environ, profile, time_factor(os.environ))
        check_clients(functions, hub)
        parts = parts_for(functions)
        self.hub = TaskHub(data.task_hub, runner, hub, faults.task_hub, parts=parts)
        self.event_hubs = EventHubsService(
            data.event_hubs,
            functions,
            EventHubOptions.read(host_json),
            faults.event_hubs,
            os.environ,
        )
        self._has_hub = False

    def _build_timers(self) -> list[Timer]:
        now = self._clock.now()
        return build_timers(self._functions, self._data.timers, os.environ, now)

    async def open_hub(self) -> None:
        """Open the task hub, which goes on with what is pending. Raises StartError."""
        assert self._data.is_owned
        try:
            await self.hub.start()
        except HubFileError as error:
            raise StartError(str(error)) from error
        self._has_hub = True

    async def open_event_hubs(self) -> None:
        """Open them for sending. Raises StartError."""
        await self.event_hubs.open(self._runner, self._clock, self._console)

    def begin(self, spawn: Spawn) -> None:
        """Begin to deliver events and to fire timers, which `spawn` keeps running."""
        self.event_hubs.start()
        # Read again: another host may have fired them since this one was started.
        self._timers = self._build_timers()
        for timer in self._timers:
            spawn(run_timer(timer, self._clock, self._fire))

    async def _fire(self, function: Function, request: TypedData) -> None:
        try:
            await self._runner.run(function, Trigger(request))
        except (FunctionFailed, WorkerDied):
            return  # the console has it; the next time comes

    def statistics(self) -> Mapping[str, Any]:
        """Return what the task hub has done here; nothing when it is another host's."""
        return self.hub.statistics() if self._has_hub else {}

    async def close_hub(self) -> None:
        """Stop the task hub, not for long."""
        if not self._has_hub:
            return
        try:
            await asyncio.wait_for(self.hub.stop(), HUB_STOP_SECONDS_MAX)
        except TimeoutError:
            # It is in the hub's file and runs again at the next start.
            self._console.line("Some functions were still running; they will run again.")
