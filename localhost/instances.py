"""The instances of the app: one for all its functions, or one for each group of them.

On Flex Consumption all HTTP functions are one group, all durable ones another, and each other
function is a group of its own, on instances of its own (host-protocol 13.9). Here an instance is its
worker processes; front end, storage and this host are what all instances share on Azure, too. An
instance that ends takes with it what runs in it, and nothing else: another one takes its place.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from localhost.errors import StartError
from localhost.functions import HTTP_TRIGGER, Function
from localhost.rpc.messages import InvocationRequest, InvocationResponse
from localhost.taskhub.worker_port import WorkerDied
from localhost.worker_process import AnswerHub, AppBroken
from localhost.workers import Workers

ALL: Final = "all"
HTTP: Final = "http"
DURABLE: Final = "durable"
GROUP_SETTING: Final = "FUNCTIONS_TARGET_GROUP"
"""Tells a worker which group its instance is for, as on Azure."""


def group_of(function: Function) -> str:
    """Return the group of a function: `http`, `durable`, or `function:NAME`."""
    if function.trigger_type == HTTP_TRIGGER:
        return HTTP
    return DURABLE if function.is_durable else f"function:{function.name.lower()}"


class Instances:
    """All instances. Belongs to the running event loop."""

    def __init__(self, workers_of: Callable[[str], Workers], *, apart: bool) -> None:
        """`workers_of` makes the workers of a group, not yet started."""
        self.is_apart = apart
        self._workers_of = workers_of
        self.first = workers_of(HTTP if apart else ALL)
        """The workers that index the app."""
        self._groups = {HTTP if apart else ALL: self.first}
        self._watches: list[asyncio.Task[None]] = []
        self.exhausted = self.first.exhausted if not apart else asyncio.Event()
        """Set when workers have died too often: the host must end. Apart, instances do instead."""
        self.reader_lost: Callable[[], None] = lambda: None
        """Called when the instance of the durable functions ends."""

    async def spread(self, functions: Iterable[Function]) -> None:
        """Start an instance for each further group; the app was indexed by the first.

        Raises StartError.
        """
        if not self.is_apart:
            return
        for group in sorted({group_of(function) for function in functions} - {HTTP}):
            self._groups[group] = self._workers_of(group)
        others = [workers for workers in self._groups.values() if workers is not self.first]
        try:
            await asyncio.gather(*(workers.start() for workers in others))
        except (AppBroken, WorkerDied) as error:
            raise StartError(f"an instance of the app could not be started: {error}") from error
        self._watches = [asyncio.create_task(self._watch(group)) for group in self._groups]

    def set_hub(self, own: AnswerHub, apart: AnswerHub) -> None:
        """Say what answers durable clients: those of the hub's reader, and all others."""
        for group, workers in self._groups.items():
            workers.hub.set_result(own if group in {ALL, DURABLE} else apart)

    async def invoke(self, request: InvocationRequest, function: Function) -> InvocationResponse:
        """Run a function on an instance of its group. Raises WorkerDied, FunctionTimedOut."""
        if not self.is_apart:
            return await self.first.invoke(request, function)
        return await self._groups[group_of(function)].invoke(request, function)

    @property
    def pids(self) -> dict[str, list[int]]:
        """The worker processes that take work, by group."""
        return {group: workers.pids for group, workers in self._groups.items()}

    def kill_worker(self) -> bool:
        """Kill a worker process, as the system does when memory runs out; false without any."""
        return any(workers.kill_one() for workers in self._groups.values())

    def end(self, group: str) -> bool:
        """End the instance of a group with all that runs in it; false when there is none."""
        if not self.is_apart or group not in self._groups:
            return False
        if group == DURABLE:
            self.reader_lost()  # before anything in it can fail for want of a worker
        self._groups[group].renew()
        return True

    async def stop(self) -> None:
        """Let functions that run finish, though not for long, and end all."""
        await self._retire()
        await asyncio.gather(*(workers.stop() for workers in self._groups.values()))

    async def kill(self) -> None:
        """End all at once, for good; calls wait for ever."""
        await self._retire()
        await asyncio.gather(*(workers.kill() for workers in self._groups.values()))

    async def _retire(self) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    async def _watch(self, group: str) -> None:
        """Replace an instance whose workers have died too often: its host has ended."""
        while True:
            await self._groups[group].exhausted.wait()
            self.end(group)
