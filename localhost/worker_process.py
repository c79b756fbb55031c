"""One worker process, seen from the host: start it, ask it, kill it, and notice that it died."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from localhost.console import Console
from localhost.rpc.messages import (
    FunctionLoadRequest,
    FunctionLoadResponse,
    FunctionMetadataResponse,
    FunctionsMetadataRequest,
    HubRequest,
    HubResponse,
    InvocationCancel,
    InvocationRequest,
    InvocationResponse,
    RpcException,
    RpcFunctionMetadata,
    RpcLog,
    StatusResult,
    ToHost,
    WorkerInitRequest,
    WorkerInitResponse,
    WorkerTerminate,
)
from localhost.rpc.stream import Stream
from localhost.taskhub.worker_port import WorkerDied

ROOT: Final = Path(__file__).parents[1]
OUTPUT_BYTES: Final = 65_536

T = TypeVar("T")
AnswerHub = Callable[[HubRequest], Awaitable[HubResponse]]
"""The task hub, as durable clients in a worker call it; it must not raise."""


class AppBroken(Exception):
    """The worker could not load or index the app; it serves no function."""

    def __init__(self, exception: RpcException) -> None:
        super().__init__(exception.message)
        self.stack_trace = exception.stack_trace


class WorkerProcess:
    """A process that has loaded the app, or is about to. Belongs to the running event loop."""

    def __init__(self, console: Console, hub: AnswerHub) -> None:
        """`hub` answers the durable clients of the app."""
        self._console = console
        self._hub = hub
        self._hub_calls: set[asyncio.Task[None]] = set()
        self._stream = Stream(ToHost, self._received, self._lost)
        self._answers: dict[str, asyncio.Future[Any]] = {}
        """What is asked of the worker and not yet answered, by the id in the answer."""
        self._loop = asyncio.get_running_loop()  # once: each time costs a system call
        self.died: asyncio.Future[WorkerDied] = self._loop.create_future()
        """Has a result once the process is gone, for whatever reason."""

    async def start(self, app: Path, environ: Mapping[str, str]) -> None:
        """Start the process in the app's folder; `load` comes next."""
        ours, its = socket.socketpair()
        its_lifeline, self._lifeline = os.pipe()
        paths = filter(None, (str(ROOT), environ.get("PYTHONPATH")))
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "localhost.worker"),
                *(str(its.fileno()), str(its_lifeline)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                cwd=app,
                env={**environ, "PYTHONPATH": os.pathsep.join(paths)},
                pass_fds=(its.fileno(), its_lifeline),
                start_new_session=True,  # Ctrl-C in a terminal is for the host alone
            )
        finally:
            its.close()
            os.close(its_lifeline)
        self._output = asyncio.create_task(self._print_output())
        await self._loop.create_unix_connection(lambda: self._stream, sock=ours)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    async def idle(self) -> None:
        """Come back when nothing runs in it."""
        while self._answers:
            await asyncio.wait([*self._answers.values()])

    async def load(self, app: Path, host_version: str) -> list[RpcFunctionMetadata]:
        """Have the app loaded and indexed. Raises AppBroken, WorkerDied."""
        init = WorkerInitRequest(function_app_directory=str(app), host_version=host_version)
        _check((await self._ask(WorkerInitResponse, init)).result)
        request = FunctionsMetadataRequest(function_app_directory=str(app))
        listed = await self._ask(FunctionMetadataResponse, request)
        _check(listed.result)
        functions = listed.function_metadata_results or []
        for function in functions:
            load = FunctionLoadRequest(function.function_id, function)
            _check((await self._ask(FunctionLoadResponse, load)).result)
        return functions

    async def _ask(self, kind: type[T], request: Any) -> T:
        answer: T = await self._expect(kind.__name__, request)
        return answer

    def invoke(self, request: InvocationRequest) -> asyncio.Future[InvocationResponse]:
        """Run a function; the future fails with WorkerDied when the process dies first."""
        return self._expect(request.invocation_id, request, request.invocation_id)

    def _expect(self, key: str, request: Any, about: str = "") -> asyncio.Future[Any]:
        answer = self._loop.create_future()
        if self.died.done():
            answer.set_exception(self.died.result())
            return answer
        self._answers[key] = answer
        self._stream.send(request, about)
        return answer

    def give_up(self, invocation_id: str) -> None:
        """Have an `async def` cancelled, and do not look at the answer or its log any more."""
        self._answers.pop(invocation_id, None)
        self._stream.send(InvocationCancel(invocation_id), invocation_id)

    def kill(self) -> None:
        """End the process at once with all that runs in it."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def terminate(self, seconds_max: float) -> None:
        """Have the process end in an orderly way, in so many seconds."""
        self._stream.send(WorkerTerminate())
        try:
            await asyncio.wait_for(asyncio.shield(self.died), seconds_max)
        except TimeoutError:
            self.kill()
            await self.died

    def _received(self, message: Any) -> None:
        if isinstance(message, InvocationResponse):
            self._answer(message.invocation_id, message)
        elif isinstance(message, HubRequest):
            task = self._loop.create_task(self._answer_hub(message))
            self._hub_calls.add(task)
            task.add_done_callback(self._hub_calls.discard)
        elif isinstance(message, RpcLog):
            # As the real host: a line is dropped unless its invocation runs.
            if message.invocation_id in self._answers:
                self._console.log(message.level, message.category, message.message)
        else:
            self._answer(type(message).__name__, message)

    async def _answer_hub(self, request: HubRequest) -> None:
        self._stream.send(await self._hub(request))

    def _answer(self, key: str, message: Any) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _lost(self) -> None:
        self._burial = asyncio.create_task(self._bury())

    async def _bury(self) -> None:
        self.kill()  # it may have closed the stream only
        code = await self._process.wait()
        os.close(self._lifeline)
        await self._output
        death = WorkerDied(_exit_text(code))
        self.died.set_result(death)
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            if not answer.done():
                answer.set_exception(death)

    async def _print_output(self) -> None:
        """Show what the app prints, and what Python prints when it dies."""
        assert self._process.stdout is not None
        rest = b""
        while data := await self._process.stdout.read(OUTPUT_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._console.line(line.decode(errors="replace"))
        if rest:
            self._console.line(rest.decode(errors="replace"))


def _check(result: StatusResult) -> None:
    if result.status != StatusResult.Success:
        raise AppBroken(result.exception or RpcException("unknown"))


def _exit_text(code: int) -> str:
    """Return what the real host says; a signal counts from 128, as in a shell."""
    code = code if code >= 0 else 128 - code
    return f"python exited with code {code} (0x{code:X})"
