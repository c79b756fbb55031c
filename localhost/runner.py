"""Runs functions: once, or as their retry policies say; it is the task hub's `Worker`.

What a function gets is put together here; where it runs is the concern of `localhost.workers`.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import Any, Final

from localhost.console import Console
from localhost.functions import (
    ACTIVITY_TRIGGER,
    ENTITY_TRIGGER,
    FIRST_ATTEMPT,
    ORCHESTRATION_TRIGGER,
    Function,
    Trigger,
    by_durable_name,
)
from localhost.rpc.messages import (
    InvocationRequest,
    InvocationResponse,
    ParameterBinding,
    RetryContext,
    RpcException,
    StatusResult,
    TypedData,
)
from localhost.taskhub.worker_port import FunctionFailed, WorkerDied

_REPLY_MARKER: Final = "\n\n$OutOfProcData$:"
_GUID_RANDOM: Final = 0xFFFFFFFF_FFFF_0FFF_3FFF_FFFFFFFFFFFF
_GUID_VERSION_4: Final = 0x00000000_0000_4000_8000_000000000000
Sleep = Callable[[float], Awaitable[None]]
Attempt = Callable[[RetryContext], Awaitable[Any]]
Invoke = Callable[[InvocationRequest, Function], Awaitable[InvocationResponse]]
"""Has a worker run a function. Raises WorkerDied, FunctionTimedOut."""


class NotBuilt(FunctionFailed):
    """The function has a binding that this host does not have; `str` of it names it."""


class FunctionRunner:
    """Runs the functions of one app. Belongs to the running event loop."""

    def __init__(
        self,
        functions: Iterable[Function],
        invoke: Invoke,
        console: Console,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        functions = list(functions)
        self.invocations: Counter[str] = Counter()
        """How often each function was started, retries included."""
        self._client_payload = TypedData()
        self._orchestrators = by_durable_name(functions, ORCHESTRATION_TRIGGER)
        self._entities = by_durable_name(functions, ENTITY_TRIGGER)
        self._activities = by_durable_name(functions, ACTIVITY_TRIGGER)
        self._not_built = {item.name: item.not_built for item in functions if item.not_built}
        self._invoke = invoke
        self._console = console
        self._sleep = sleep
        self._rng = Random()  # noqa: S311 - spreads retries, makes ids

    def set_client_payload(self, payload: str) -> None:
        """Say what a durable client parameter gets, once the ports of the host are known."""
        self._client_payload = TypedData(string=payload)

    def has_orchestrator(self, name: str) -> bool:
        """Tell whether the app has it, enabled; so do the next two."""
        return name.lower() in self._orchestrators

    def has_entity(self, name: str) -> bool:  # noqa: D102
        return name.lower() in self._entities

    def has_activity(self, name: str) -> bool:  # noqa: D102
        return name.lower() in self._activities

    def names(self, kind: str) -> list[str]:
        """Return the names of all functions of a kind: `activity`, `orchestrator`, `entity`."""
        found = {
            "orchestrator": self._orchestrators,
            "entity": self._entities,
            "activity": self._activities,
        }[kind]
        return [function.shown_name for function in found.values()]

    async def run_orchestrator(self, name: str, payload: str) -> str:
        """Run one episode: JSON in, JSON out. Raises FunctionFailed, WorkerDied."""
        return await self._run_durable(self._orchestrators[name.lower()], payload)

    async def run_entity(self, name: str, payload: str) -> str:
        """Run one batch: JSON in, JSON out. Raises FunctionFailed, WorkerDied."""
        return await self._run_durable(self._entities[name.lower()], payload)

    async def run_activity(self, name: str, input_json: str) -> str | None:
        """Run an activity. Raises FunctionFailed, WorkerDied."""
        result = await self._run_durable(self._activities[name.lower()], input_json)
        return None if result == "null" else result  # the host stores no result for `null`

    async def _run_durable(self, function: Function, payload: str) -> str:
        result = await self.run(function, Trigger(TypedData(string=payload)))
        if result is None:
            return "null"
        text = result.string if result.json is None else result.json  # protobuf comes as `string`
        return "null" if text is None else text

    async def run(self, function: Function, trigger: Trigger) -> TypedData | None:
        """Run a function, again as its retry policy says, with the same trigger data.

        Raises what the last attempt raised: FunctionFailed, WorkerDied.
        """
        result: TypedData | None = await self.retry(
            function, lambda retry: self.run_once(function, trigger, retry), self._sleep
        )
        return result

    async def retry(self, function: Function, attempt: Attempt, sleep: Sleep) -> Any:
        """Make attempts as the function's retry policy says; `sleep` waits between them.

        Raises what the last attempt raised: FunctionFailed, WorkerDied.
        """
        if function.retry is None:
            return await attempt(FIRST_ATTEMPT)
        retry = RetryContext(max_retry_count=function.retry.retries_max)
        for delay in function.retry.delays(self._rng):
            try:
                return await attempt(retry)
            except (FunctionFailed, WorkerDied) as error:
                await sleep(delay.total_seconds())
                exception = RpcException(str(error), getattr(error, "stack_trace", ""))
                retry = RetryContext(retry.retry_count + 1, retry.max_retry_count, exception)
        return await attempt(retry)

    async def run_once(
        self, function: Function, trigger: Trigger, retry: RetryContext = FIRST_ATTEMPT
    ) -> TypedData | None:
        """Run a function and return what it returned.

        Raises FunctionFailed when it raised or returned what it must not, NotBuilt when it cannot
        run here, FunctionTimedOut when it took too long, WorkerDied when its process ended. All are
        on the console then.
        """
        self.invocations[function.name] += 1
        try:
            if function.name in self._not_built:
                raise NotBuilt(f"localhost has no {', '.join(self._not_built[function.name])}")
            answer = await self._invoke(self._request(function, trigger, retry), function)
        except (FunctionFailed, WorkerDied) as error:
            self._console.event(f"function {function.name} failed: {error}")
            raise
        if answer.result.status != StatusResult.Success:
            raise self.failed(function, answer.result.exception or RpcException())
        return answer.return_value

    def _request(
        self, function: Function, trigger: Trigger, retry: RetryContext
    ) -> InvocationRequest:
        inputs = [ParameterBinding(function.trigger_parameter, trigger.data)]
        inputs += [ParameterBinding(name, self._client_payload) for name in function.clients]
        return InvocationRequest(
            self._new_id(),
            function.id,
            inputs,
            dict(trigger.metadata),
            trigger.trace,
            retry,
        )

    def _new_id(self) -> str:
        """Return a GUID; it need not be hard to guess, and asking the system for one is slow."""
        bits = self._rng.getrandbits(128) & _GUID_RANDOM | _GUID_VERSION_4
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def failed(self, function: Function, exception: RpcException) -> FunctionFailed:
        """Print that an invocation failed; return the failure as the worker reports it."""
        shown, trace = (
            text.partition(_REPLY_MARKER)[0] for text in (exception.message, exception.stack_trace)
        )
        self._console.failure(f"function {function.name} failed: {shown}", trace)
        return FunctionFailed(exception.message, exception.stack_trace)
