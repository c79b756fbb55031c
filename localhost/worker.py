"""Runs functions as the Python worker does (host-protocol 3) and is the task hub's `Worker`.

`async def` functions are awaited on the one event loop, plain ones run on the thread pool;
orchestrators and entities are plain functions too. A function that runs over `functionTimeout` is
cancelled, or abandoned when it holds a thread: the real host would restart the worker process.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, Final

import azure.functions as func
from azure.functions.meta import Datum

from localhost.console import Console
from localhost.functions import (
    ACTIVITY_TRIGGER,
    ENTITY_TRIGGER,
    ORCHESTRATION_TRIGGER,
    Function,
    by_durable_name,
)
from localhost.invocation import (
    FIRST_ATTEMPT,
    THREAD_LOCAL,
    Failure,
    RetryContext,
    Trigger,
    new_context,
)
from localhost.retry import delays
from localhost.taskhub.worker_port import FunctionFailed
from localhost.thread_pool import ThreadPool

_REPLY_MARKER: Final = "\n\n$OutOfProcData$:"
Sleep = Callable[[float], Awaitable[None]]
Attempt = Callable[[RetryContext], Awaitable[Any]]


class FunctionTimedOut(FunctionFailed):
    """The function was stopped, or abandoned, because it ran over `functionTimeout`."""


class FunctionRunner:
    """Runs the functions of one app. Belongs to the running event loop."""

    def __init__(
        self,
        functions: Iterable[Function],
        pool: ThreadPool,
        console: Console,
        timeout: timedelta | None,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        functions = list(functions)
        self.invocations: Counter[str] = Counter()
        """How often each function was started, retries included."""
        self.client_payload = ""
        """What a durable client parameter gets; the host sets it once its ports are known."""
        self._orchestrators = by_durable_name(functions, ORCHESTRATION_TRIGGER)
        self._entities = by_durable_name(functions, ENTITY_TRIGGER)
        self._activities = by_durable_name(functions, ACTIVITY_TRIGGER)
        self._pool = pool
        self._console = console
        self._timeout_seconds = None if timeout is None else timeout.total_seconds()
        self._sleep = sleep
        self._rng = Random()  # noqa: S311 - spreads retries

    def has_orchestrator(self, name: str) -> bool:
        """Tell whether the app has it, enabled; so do the next two."""
        return name.lower() in self._orchestrators

    def has_entity(self, name: str) -> bool:  # noqa: D102
        return name.lower() in self._entities

    def has_activity(self, name: str) -> bool:  # noqa: D102
        return name.lower() in self._activities

    def names(self, kind: str) -> list[str]:
        """Return the names of all functions of a kind: `activity`, `orchestrator`, `entity`."""
        found = getattr(self, {"activity": "_activities", "orchestrator": "_orchestrators", "entity": "_entities"}[kind])
        member = {"activity": "activity", "orchestrator": "orchestration", "entity": "entityName"}[kind]
        return [str(function.trigger.get(member) or function.name) for function in found.values()]

    async def run_orchestrator(self, name: str, payload: str) -> str:
        """Run one episode: JSON in, JSON out. Raises FunctionFailed."""
        return await self._run_durable(self._orchestrators[name.lower()], payload)

    async def run_entity(self, name: str, payload: str) -> str:
        """Run one batch: JSON in, JSON out. Raises FunctionFailed."""
        return await self._run_durable(self._entities[name.lower()], payload)

    async def _run_durable(self, function: Function, payload: str) -> str:
        result = await self.run(function, Trigger(_decode(function, payload)))
        return str(result)

    async def run_activity(self, name: str, input_json: str) -> str | None:
        """Run an activity. Raises FunctionFailed, also when its result is no JSON."""
        function = self._activities[name.lower()]
        try:
            value = _decode(function, input_json)
        except ValueError as error:
            raise self.failed(function, error) from error
        result = await self.run(function, Trigger(value))
        if result is None:  # the host stores no result for `null`
            return None
        try:
            return str(_converter(ACTIVITY_TRIGGER).encode(result, expected_type=None).value)
        except Exception as error:
            raise self.failed(function, error) from error

    async def run(self, function: Function, trigger: Trigger) -> Any:
        """Run a function, again as its retry policy says, with the same trigger data.

        Raises FunctionFailed with what the last attempt raised.
        """
        return await self.retry(
            function, lambda retry: self.run_once(function, trigger, retry), self._sleep
        )

    async def retry(self, function: Function, attempt: Attempt, sleep: Sleep) -> Any:
        """Make attempts as the function's retry policy says; `sleep` waits between them.

        Raises FunctionFailed with what the last attempt raised.
        """
        if function.retry is None:
            return await attempt(FIRST_ATTEMPT)
        retry = RetryContext(max_retry_count=function.retry.retries_max)
        for delay in delays(function.retry, self._rng):
            try:
                return await attempt(retry)
            except FunctionFailed as error:
                await sleep(delay.total_seconds())
                failure = Failure(function.name, str(error), traceback_of(error))
                retry = RetryContext(retry.retry_count + 1, retry.max_retry_count, failure)
        return await attempt(retry)

    async def run_once(
        self, function: Function, trigger: Trigger, retry: RetryContext = FIRST_ATTEMPT
    ) -> Any:
        """Run a function and return what it returned.

        Raises FunctionFailed when it raised or returned what it must not, FunctionTimedOut when
        it took too long. Both are on the console then.
        """
        self.invocations[function.name] += 1
        limit = asyncio.timeout(self._timeout_seconds)
        try:
            async with limit:
                result = await self._call(function, trigger, retry)
        except GeneratorExit:
            raise  # the loop is gone
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the host stops
            raise self.failed(function, error) from error
        except BaseException as error:
            if limit.expired():
                raise self._timed_out(function) from None
            raise self.failed(function, error) from error
        if result is not None and function.returns is None:
            raise self.failed(function, _unexpected_result(function))
        return result

    def _call(self, function: Function, trigger: Trigger, retry: RetryContext) -> Awaitable[Any]:
        arguments: dict[str, Any] = {function.trigger_parameter: trigger.value}
        for client in function.clients:
            arguments[client] = self.client_payload
        call: Callable[..., Any] = function.call
        if function.wants_context:
            context = new_context(function.name, function.directory, trigger, retry)
            arguments["context"] = context
            if not function.is_async:
                call = partial(_with_thread_local, call, context.invocation_id)
        if function.is_async:
            return call(**arguments)  # type: ignore[no-any-return]
        return self._pool.submit(partial(call, **arguments))

    def failed(self, function: Function, error: BaseException) -> FunctionFailed:
        """Print that an invocation failed; return the failure as the worker reports it."""
        message = f"{type(error).__name__}: {error}"
        shown = message.split(_REPLY_MARKER, 1)[0]
        self._console.failure(f"function {function.name} failed: {shown}", traceback_of(error))
        return FunctionFailed(message)

    def _timed_out(self, function: Function) -> FunctionTimedOut:
        limit = timedelta(seconds=self._timeout_seconds or 0)
        text = f"Timeout value of {limit} was exceeded by function: Functions.{function.name}"
        self._console.failure(f"function {function.name} failed: {text}", "")
        return FunctionTimedOut(f"FunctionTimeoutException: {text}")


def traceback_of(error: BaseException) -> str:
    """Return the traceback without the host's own frames, empty when nothing else is left."""
    frames = error.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_tb(frames)) if frames is not None else ""


def _is_ours(file: str) -> bool:
    return file in {__file__, _POOL_FILE, asyncio.timeouts.__file__}


_POOL_FILE: Final = ThreadPool.submit.__code__.co_filename


def _with_thread_local(call: Callable[..., Any], invocation_id: str, /, **arguments: Any) -> Any:
    THREAD_LOCAL.invocation_id = invocation_id
    return call(**arguments)


def _converter(kind: str) -> Any:
    registry = func.get_binding_registry()
    assert registry is not None
    return registry.get(kind)


def _decode(function: Function, text: str) -> Any:
    return _converter(function.trigger_type).decode(Datum(text, "string"), trigger_metadata=None)


def _unexpected_result(function: Function) -> RuntimeError:
    return RuntimeError(
        f"function {function.name!r} without a $return binding returned a non-None value"
    )
