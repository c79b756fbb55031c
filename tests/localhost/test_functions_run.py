# ruff: noqa: ARG001 - the functions of an app have the parameters of their bindings
"""Host protocol, section 3 and 7.9: how functions are called and what comes back."""

import asyncio
import io
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from localhost.console import Console
from localhost.functions import Function, RetryPolicy, Trigger
from localhost.rpc.messages import RpcTraceContext, TypedData
from localhost.runner import FunctionRunner
from localhost.schedule import Interval
from localhost.taskhub import FunctionFailed
from localhost.taskhub.worker_port import FunctionTimedOut
from localhost.timers import timer_request
from tests.localhost.in_process import InProcess

# The SDK tells once per process that the worker, and so this host, decodes without a type.
pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")

Runners = Callable[..., FunctionRunner]


@pytest.fixture
def runners(tmp_path: Path) -> Runners:
    def start(
        app: func.FunctionRegister, *, out: io.StringIO | None = None, **options: Any
    ) -> FunctionRunner:
        worker = InProcess(app, tmp_path)
        functions = worker.functions()
        runner = FunctionRunner(functions, worker, Console(out or io.StringIO()), **options)
        runner.by_name = {item.name: item for item in functions}  # type: ignore[attr-defined]
        return runner

    return start


def function(runner: FunctionRunner, name: str) -> Function:
    return runner.by_name[name]  # type: ignore[attr-defined,no-any-return]


def durable_app(seen: list[Any], result: Any = None) -> df.DFApp:
    app = df.DFApp()

    @app.activity_trigger(input_name="payload", activity="Renamed")
    def work(payload: str) -> Any:
        seen.append(payload)
        return result

    return app


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"x": 1}', {"x": 1}),
        ('"s"', "s"),
        ("5", 5),
        ("null", None),
        ("plain text", "plain text"),
        ("", ""),
    ],
)
async def test_activity_input_is_decoded_whatever_the_annotation(
    runners: Runners, text: str, value: Any
) -> None:
    seen: list[Any] = []
    await runners(durable_app(seen)).run_activity("renamed", text)
    assert seen == [value]


@pytest.mark.parametrize(
    ("result", "text"), [({"a": 1}, '{"a": 1}'), ("s", '"s"'), (0, "0"), (None, None)]
)
async def test_activity_result_is_json_and_none_is_absent(
    runners: Runners, result: Any, text: str | None
) -> None:
    assert await runners(durable_app([], result)).run_activity("RENAMED", '"x"') == text


@pytest.mark.parametrize("result", [b"bytes", object()])
async def test_activity_with_a_non_json_result_fails(runners: Runners, result: Any) -> None:
    with pytest.raises(FunctionFailed, match=r"^ValueError: activity trigger output must be"):
        await runners(durable_app([], result)).run_activity("Renamed", "1")


async def test_durable_names_match_without_regard_to_case(runners: Runners) -> None:
    runner = runners(durable_app([]))
    assert runner.has_activity("renamed")
    assert runner.has_activity("RENAMED")
    assert not runner.has_activity("work")
    assert not runner.has_entity("renamed")
    assert not runner.has_orchestrator("renamed")


async def test_a_failure_crosses_as_type_and_text(runners: Runners) -> None:
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    async def fails(x: int) -> None:
        raise LookupError("no such thing")

    with pytest.raises(FunctionFailed) as failure:
        await runners(app).run_activity("fails", "1")
    assert str(failure.value) == "LookupError: no such thing"


@pytest.mark.sdk1
async def test_a_failed_orchestrator_hands_over_the_sdks_reply(runners: Runners) -> None:
    app = df.DFApp()

    @app.orchestration_trigger(context_name="context")
    def flow(context: df.DurableOrchestrationContext) -> Any:
        if context.instance_id:
            raise LookupError("no way")
        yield context.call_activity("a", 1)

    event = {"EventId": -1, "IsPlayed": False, "Timestamp": "2026-07-01T10:00:00Z"}
    started = {"EventType": 0, "Name": "flow", "Version": "", "Input": None}
    episode = {
        "history": [{**event, "EventType": 12}, {**event, **started}],
        "input": None,
        "instanceId": "i",
        "isReplaying": False,
        "parentInstanceId": None,
    }
    out = io.StringIO()
    runner = runners(app, out=out)
    with pytest.raises(FunctionFailed) as failure:
        await runner.run_orchestrator("FLOW", json.dumps(episode))
    text, _, reply = str(failure.value).partition("\n\n$OutOfProcData$:")
    assert text == "Exception: no way"
    assert json.loads(reply)["error"] == "no way"
    # The reply is for the hub; a person reads what went wrong and where.
    assert "function flow failed: Exception: no way\n" in out.getvalue()
    assert "OutOfProcData" not in out.getvalue()


@pytest.mark.sdk1
async def test_an_entity_batch_runs_through_the_real_sdk_on_a_thread(runners: Runners) -> None:
    app, threads = df.DFApp(), []

    @app.entity_trigger(context_name="context", entity_name="Counter")
    def counter(context: df.DurableEntityContext) -> None:
        threads.append(threading.current_thread())
        context.set_state(context.get_state(lambda: 0) + context.get_input())
        context.set_result(None)

    batch = {
        "self": {"name": "counter", "key": "k"},
        "exists": False,
        "state": None,
        "batch": [{"name": "add", "input": '"2"', "isSignal": True}] * 3,
    }
    reply = json.loads(await runners(app).run_entity("counter", json.dumps(batch)))
    assert reply["entityState"] == "6"
    assert threads[0] is not threading.main_thread()


async def test_plain_functions_run_at_the_same_time(runners: Runners) -> None:
    app, together = df.DFApp(), threading.Barrier(3, timeout=5)

    @app.activity_trigger(input_name="x")
    def meet(x: int) -> int:
        return together.wait() * 0 + x

    runner = runners(app)
    answers = await asyncio.gather(*(runner.run_activity("meet", str(n)) for n in range(3)))
    assert answers == ["0", "1", "2"]


async def test_async_functions_share_the_one_loop(runners: Runners) -> None:
    app, loops = df.DFApp(), set()

    @app.activity_trigger(input_name="x")
    async def where(x: int) -> None:
        loops.add(asyncio.get_running_loop())

    runner = runners(app)
    await asyncio.gather(*(runner.run_activity("where", "1") for _ in range(3)))
    assert loops == {asyncio.get_running_loop()}


async def test_the_context_tells_about_the_invocation(runners: Runners) -> None:
    app = df.DFApp()
    seen: list[Any] = []

    @app.activity_trigger(input_name="x")
    def plain(x: int, context: func.Context) -> None:
        seen.append((context, context.thread_local_storage.invocation_id))  # type: ignore[attr-defined]

    runner = runners(app)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    caller = RpcTraceContext(trace, "a=b")
    await runner.run(function(runner, "plain"), Trigger(TypedData(string="1"), trace=caller))
    await runner.run_activity("plain", "1")
    (first, first_id), (second, second_id) = seen
    assert first.function_name == "plain"
    assert first.function_directory == str(Path(__file__).parent)
    assert first.invocation_id == first_id
    assert second.invocation_id == second_id != first_id
    assert first.trace_context.trace_parent == first.trace_context.Traceparent == trace
    assert first.trace_context.trace_state == first.trace_context.Tracestate == "a=b"
    assert second.trace_context.trace_parent == ""
    assert (first.retry_context.retry_count, first.retry_context.max_retry_count) == (0, 0)


async def test_a_function_without_return_binding_must_return_nothing(runners: Runners) -> None:
    app = func.FunctionApp()

    @app.timer_trigger(schedule="0 * * * * *", arg_name="t")
    async def tick(t: func.TimerRequest) -> int:
        return 5

    runner = runners(app)
    with pytest.raises(FunctionFailed, match=r"without a \$return binding"):
        await runner.run(
            function(runner, "tick"), Trigger(timer_request(None, Interval(timedelta(hours=1))))
        )


def retried_app(attempts: list[Any], failures: int, count: str) -> func.FunctionApp:
    app = func.FunctionApp()

    @app.timer_trigger(schedule="0 * * * * *", arg_name="t")
    @app.retry(strategy="fixed_delay", max_retry_count=count, delay_interval="00:00:07")
    async def tick(t: func.TimerRequest, context: func.Context) -> None:
        attempts.append((t, context.retry_context))
        if len(attempts) <= failures:
            raise LookupError(f"attempt {len(attempts)}")

    return app


async def test_a_retry_policy_runs_again_with_the_same_trigger_data(runners: Runners) -> None:
    attempts: list[Any] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    runner = runners(retried_app(attempts, 2, "5"), sleep=sleep)
    trigger = Trigger(timer_request(None, Interval(timedelta(hours=1))))
    await runner.run(function(runner, "tick"), trigger)
    assert slept == [7.0, 7.0]
    assert [request.past_due for request, _ in attempts] == [False] * 3
    assert [retry.retry_count for _, retry in attempts] == [0, 1, 2]
    assert [retry.max_retry_count for _, retry in attempts] == [5, 5, 5]
    assert attempts[2][1].rpc_exception.message == "LookupError: attempt 2"
    assert runner.invocations["tick"] == 3


async def test_a_retry_policy_ends_with_the_last_failure(runners: Runners) -> None:
    attempts: list[Any] = []

    async def sleep(_seconds: float) -> None:
        return

    runner = runners(retried_app(attempts, 99, "2"), sleep=sleep)
    with pytest.raises(FunctionFailed, match="attempt 3"):
        await runner.run(
            function(runner, "tick"), Trigger(timer_request(None, Interval(timedelta(hours=1))))
        )
    assert len(attempts) == 3


async def test_an_unlimited_policy_goes_on_until_it_works(runners: Runners) -> None:
    attempts: list[Any] = []

    async def sleep(_seconds: float) -> None:
        return

    runner = runners(retried_app(attempts, 500, "-1"), sleep=sleep)
    await runner.run(
        function(runner, "tick"), Trigger(timer_request(None, Interval(timedelta(hours=1))))
    )
    assert len(attempts) == 501


def test_an_exponential_delay_doubles_within_its_bounds() -> None:
    import random

    policy = RetryPolicy(6, timedelta(seconds=1), timedelta(seconds=10))
    waits = [delay.total_seconds() for delay in policy.delays(random.Random(1))]
    assert len(waits) == 6
    for wait, ideal in zip(waits, [1, 2, 4, 8, 10, 10], strict=True):
        assert max(1, ideal * 0.8) <= wait <= min(10, ideal * 1.2)


async def test_a_timeout_of_the_functions_own_is_its_failure(runners: Runners) -> None:
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    async def impatient(x: int) -> None:
        raise TimeoutError("mine")

    with pytest.raises(FunctionFailed, match=r"^TimeoutError: mine") as failure:
        await runners(app).run_activity("impatient", "1")
    assert not isinstance(failure.value, FunctionTimedOut)


async def test_stopping_the_host_does_not_fail_the_function(runners: Runners) -> None:
    app, entered = df.DFApp(), asyncio.Event()

    @app.activity_trigger(input_name="x")
    async def waits(x: int) -> None:
        entered.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(runners(app).run_activity("waits", "1"))
    await entered.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
