"""The worker processes of a host: which one runs a function, and when one is started again.

Host-protocol 7.10, 13.3 and 13.4. The first worker to die is replaced at once, later ones so that
restarts are ten seconds apart; after too many deaths the host ends.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from localhost.background import Background
from localhost.console import Console
from localhost.functions import Function
from localhost.knowledge import HOST_VERSION
from localhost.rpc.messages import (
    HubRequest,
    HubResponse,
    InvocationRequest,
    InvocationResponse,
    RpcFunctionMetadata,
)
from localhost.taskhub.worker_port import FunctionTimedOut, WorkerDied
from localhost.worker_faults import When, WorkerFaults
from localhost.worker_process import AnswerHub, AppBroken, WorkerProcess

DEATHS_MAX: Final = 3
"""Of each worker, within DEATHS_SECONDS: with the last of them the host ends."""
DEATHS_SECONDS: Final = 1_800.0
RESTART_SECONDS: Final = 10.0
"""Between two restarts, and between the first starts of several workers."""
GRACE_SECONDS: Final = 2.0
"""What a function has after `functionTimeout` before its worker is killed."""
FINISH_SECONDS_MAX: Final = 5.0
"""What functions that nobody waits for have to finish when the host stops: timers, say."""
END_SECONDS_MAX: Final = 5.0
"""What a worker has for ending in an orderly way."""
EXHAUSTED: Final = (
    "Exceeded language worker restart retry count for runtime: python. Shutting down."
)

Answer = asyncio.Future[InvocationResponse]


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How many there are and what time they have."""

    count: int = 1
    function_timeout: timedelta | None = None
    time_factor: float = 1.0
    """What RESTART_SECONDS and GRACE_SECONDS are multiplied by; less than 1 for tests."""


@dataclass(slots=True)
class _Running:
    """An invocation and when it is too late for it, in the time of the loop."""

    deadline: float
    worker: WorkerProcess
    answer: Answer
    function: Function


class Workers:
    """Runs functions on worker processes. Belongs to the running event loop."""

    def __init__(
        self,
        app: Path,
        environ: Mapping[str, str],
        console: Console,
        options: WorkerOptions,
        faults: WorkerFaults | None = None,
    ) -> None:
        """`environ` is that of the processes."""
        self._app = app
        self._environ = environ
        self._console = console
        self._faults = faults or WorkerFaults()
        self._options = options
        self._factor = options.time_factor
        self._loop = asyncio.get_running_loop()
        limit = options.function_timeout
        self._timeout_seconds = None if limit is None else limit.total_seconds()
        self._running: dict[str, _Running] = {}
        """Invocations in the order in which they began, when they have a timeout."""
        self._timer: asyncio.TimerHandle | None = None
        self._ready: deque[WorkerProcess] = deque()
        self._is_ready = asyncio.Event()
        self._deaths: deque[float] = deque(maxlen=DEATHS_MAX * options.count)
        self._next_restart = 0.0
        """Not before this time of the loop."""
        self._background = Background(console)
        self.hub: asyncio.Future[AnswerHub] = self._loop.create_future()
        """Answers the durable clients of the app; they wait until the host has set it."""
        self.exhausted = asyncio.Event()
        """Set when workers have died too often: the host must end."""

    @property
    def pids(self) -> list[int]:
        """The processes that take work."""
        return [worker.pid for worker in self._ready]

    async def start(self) -> list[RpcFunctionMetadata]:
        """Start the first worker and return the app's functions; the others follow by themselves.

        Raises AppBroken when the app cannot be loaded, WorkerDied when loading it ended the process.
        """
        functions = await self._start_one()
        for number in range(1, self._options.count):
            self._background.spawn(self._start_later(number * RESTART_SECONDS * self._factor))
        return functions

    async def invoke(self, request: InvocationRequest, function: Function) -> InvocationResponse:
        """Run a function on the next worker in turn; wait for one when none is there.

        Raises WorkerDied, or FunctionTimedOut when it ran over `functionTimeout`.
        """
        while not self._ready:
            await self._is_ready.wait()
        worker = self._ready[0]
        self._ready.rotate(-1)
        answer = worker.invoke(request)
        if self._faults.when is not None:
            answer = asyncio.ensure_future(self._with_faults(worker, answer, function))
        if self._timeout_seconds is None:
            return await answer
        key = request.invocation_id
        self._running[key] = _Running(
            self._loop.time() + self._timeout_seconds, worker, answer, function
        )
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout_seconds, self._end_overdue)
        try:
            return await answer
        finally:
            self._running.pop(key, None)

    async def _with_faults(
        self, worker: WorkerProcess, answer: Answer, function: Function
    ) -> InvocationResponse:
        before = self._faults.kills(function, When.BEFORE)
        if before:
            worker.kill()
        response = await answer  # which it may have sent all the same
        if before or self._faults.kills(function, When.AFTER):
            worker.kill()
            raise await worker.died
        return response

    def _end_overdue(self) -> None:
        """Give up what has run too long; the timer is then set for the one that began next.

        All have the same time, so that one timer is enough, and none is cancelled.
        """
        now, self._timer = self._loop.time(), None
        for key, running in list(self._running.items()):
            if running.deadline > now:
                self._timer = self._loop.call_at(running.deadline, self._end_overdue)
                return
            del self._running[key]
            running.worker.give_up(key)
            self._background.spawn(self._time_out(running.worker, running.answer, running.function))

    async def _time_out(self, worker: WorkerProcess, answer: Answer, function: Function) -> None:
        """Kill the worker; a plain function is answered only when it has been replaced."""
        await asyncio.sleep(GRACE_SECONDS * self._factor)
        if worker in self._ready:
            self._remove(worker)
            worker.kill()
            self._background.spawn(self._start_later(RESTART_SECONDS * self._factor))
        if not function.is_async:
            await self._is_ready.wait()
        if not answer.done():
            answer.set_exception(_timed_out(function, self._options.function_timeout))

    async def _start_later(self, seconds: float) -> None:
        """Start a worker, again when that fails, unless this is one death too many."""
        await asyncio.sleep(seconds)
        try:
            await self._start_one()
        except (AppBroken, WorkerDied) as error:
            self._console.event(f"the worker could not be started: {error}")
            self._after_death()

    async def _start_one(self) -> list[RpcFunctionMetadata]:
        worker = WorkerProcess(self._console, self._answer_hub)
        await worker.start(self._app, self._environ)
        try:
            functions = await worker.load(self._app, HOST_VERSION)
        except BaseException:
            worker.kill()
            raise
        if len(self._ready) == self._options.count:
            worker.kill()  # of an instance that has ended meanwhile
            return functions
        self._ready.append(worker)
        self._is_ready.set()
        worker.died.add_done_callback(lambda death: self._lost(worker, death.result()))
        return functions

    async def _answer_hub(self, request: HubRequest) -> HubResponse:
        answer = await self.hub
        return await answer(request)

    def _remove(self, worker: WorkerProcess) -> None:
        self._ready.remove(worker)
        if not self._ready:
            self._is_ready.clear()

    def _lost(self, worker: WorkerProcess, death: WorkerDied) -> None:
        if worker not in self._ready:  # it was meant to end
            return
        self._remove(worker)
        self._console.event(f"worker process {worker.pid} is gone: {death}")
        self._after_death()

    def _after_death(self) -> None:
        now = self._loop.time()
        self._deaths.append(now)
        if len(self._deaths) == self._deaths.maxlen and now - self._deaths[0] < DEATHS_SECONDS:
            self._console.event(EXHAUSTED)
            self.exhausted.set()
            return
        delay = max(0.0, self._next_restart - now)
        self._next_restart = now + delay + RESTART_SECONDS * self._factor
        self._background.spawn(self._start_later(delay))

    def kill_one(self) -> bool:
        """Kill a worker, as the system does when memory runs out; false without any."""
        if not self._ready:
            return False
        self._ready[0].kill()
        return True

    def renew(self) -> None:
        """Kill all workers and begin anew, with none that has ever died."""
        self._deaths.clear()
        self.exhausted.clear()
        for worker in self._take_all():
            worker.kill()
        for _ in range(self._options.count):
            self._background.spawn(self._start_later(0.0))

    async def stop(self) -> None:
        """Let functions that run finish, though not for long, and end all workers."""
        workers = await self._retire()
        finished = asyncio.gather(*(worker.idle() for worker in workers))
        with suppress(TimeoutError):
            await asyncio.wait_for(finished, FINISH_SECONDS_MAX)
        await asyncio.gather(*(worker.terminate(END_SECONDS_MAX) for worker in workers))

    async def kill(self) -> None:
        """End all workers at once, for good; calls wait for ever."""
        for worker in await self._retire():
            worker.kill()

    async def _retire(self) -> list[WorkerProcess]:
        """Start no worker any more; return those that are there, which get no work any more."""
        await self._background.stop()
        return self._take_all()

    def _take_all(self) -> list[WorkerProcess]:
        """Return those that are there; they get no work any more."""
        workers, self._ready = [*self._ready], deque()
        self._is_ready.clear()
        return workers


def _as_dotnet(limit: timedelta | None) -> str:
    """Return `00:00:05` or `00:00:01.5000000`, as .NET writes a TimeSpan of less than a day."""
    hours, rest = divmod(limit or timedelta(), timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    fraction = f".{rest.microseconds:06}0" if rest.microseconds else ""
    return f"{hours:02}:{minutes:02}:{rest.seconds:02}{fraction}"


def _timed_out(function: Function, limit: timedelta | None) -> FunctionTimedOut:
    text = (
        f"Timeout value of {_as_dotnet(limit)} was exceeded by function: Functions.{function.name}"
    )
    return FunctionTimedOut(f"FunctionTimeoutException: {text}")
