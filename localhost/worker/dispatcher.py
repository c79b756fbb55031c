"""Answers the host's requests, with Microsoft's worker library behind."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime
from azure_functions_runtime import handle_event

from localhost.rpc import messages
from localhost.rpc.messages import (
    FunctionLoadRequest,
    FunctionMetadataResponse,
    FunctionsMetadataRequest,
    HubResponse,
    InvocationCancel,
    InvocationRequest,
    InvocationResponse,
    RpcException,
    StatusResult,
    WorkerInitRequest,
    WorkerTerminate,
)
from localhost.rpc.stream import Stream
from localhost.worker.durable_client import HubCalls, use_stream
from localhost.worker.logs import HostHandler, send_logs

runtime: Any = azure_functions_runtime  # has no types
ASYNC_PROPERTY = "is_async"
"""Property of a function's metadata: `true` for an `async def`."""
PROPERTIES = {"protos": messages, "host": "127.0.0.1"}


class Dispatcher:
    """Runs every request in a task of its own. Belongs to the running event loop."""

    def __init__(self, end: Callable[[], None]) -> None:
        """`end` is called when the host says that nothing more will come."""
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._invocations: dict[str, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()

    def open(self, stream: Stream) -> None:
        """Answer over this stream, and send the app's log over it."""
        self._stream = stream
        self._hub_calls = HubCalls(stream)
        self._log = HostHandler(stream)
        send_logs(self._log)
        runtime.start_threadpool_executor()

    def received(self, message: Any) -> None:
        """Take a message of the host."""
        if isinstance(message, InvocationRequest):
            task = self._loop.create_task(self._invoke(message))
            self._invocations[message.invocation_id] = task
            return
        if isinstance(message, HubResponse):
            self._hub_calls.received(message)
            return
        match message:
            case InvocationCancel():
                if found := self._invocations.get(message.invocation_id):
                    found.cancel()
            case WorkerTerminate():
                self._end()
            case _:
                task = self._loop.create_task(self._prepare(message))
                self._others.add(task)
                task.add_done_callback(self._others.discard)

    async def _prepare(self, message: Any) -> None:
        match message:
            case WorkerInitRequest():
                request = _request(worker_init_request=message)
                answer = await runtime.worker_init_request(request)
                use_stream(self._hub_calls)
                self._send(answer)
            case FunctionsMetadataRequest():
                request = _request(functions_metadata_request=message)
                self._send(_with_kinds(await runtime.functions_metadata_request(request)))
            case FunctionLoadRequest():
                request = _request(function_load_request=message)
                self._send(await runtime.function_load_request(request))

    async def _invoke(self, message: InvocationRequest) -> None:
        """Run a function and answer.

        What is no Exception gets no answer, as in the Python worker: the host gives up at
        `functionTimeout`. SystemExit and KeyboardInterrupt end the event loop and so the process.
        """
        runtime.invocation_id_cv.set(message.invocation_id)
        try:
            answer = await runtime.invocation_request(_request(invocation_request=message))
        finally:
            del self._invocations[message.invocation_id]
        try:
            self._send(answer, message.invocation_id)
        except (TypeError, ValueError, OverflowError) as error:  # a lone surrogate, say
            self._send(_failed(message.invocation_id, error), message.invocation_id)

    def _send(self, message: Any, about: str = "") -> None:
        body = self._stream.encoded(message)
        self._log.send()  # before the answer, or the host would drop the lines that led to it
        self._stream.write(body, about)


def _request(**message: Any) -> Any:
    """Return a StreamingMessage, as far as the library looks at it."""
    return SimpleNamespace(request=SimpleNamespace(**message), properties=PROPERTIES)


def _with_kinds(answer: FunctionMetadataResponse) -> FunctionMetadataResponse:
    registry: Any = handle_event._functions  # noqa: SLF001 - not told in any other way
    for function in answer.function_metadata_results or ():
        info = registry.get_function(function.function_id)
        function.properties[ASYNC_PROPERTY] = str(info.is_async).lower()
    return answer


def _failed(invocation_id: str, error: Exception) -> InvocationResponse:
    exception = RpcException(f"{type(error).__name__}: {error}")
    return InvocationResponse(invocation_id, result=StatusResult(StatusResult.Failure, exception))
