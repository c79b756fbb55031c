"""Orchestrations of SDK 2.x on the engine: what they wait for, how they end, what a death does."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId
from durabletask.task import RetryPolicy, TaskFailedError

from tests.localhost.protobuf.functions import Functions
from tests.localhost.protobuf.grpc_host import GrpcHost, Open

Steps = Generator[Any, Any, Any]

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads was called")


@pytest.fixture(autouse=True)
def _functions(app: Functions) -> None:
    @app.activity
    def double(number: int) -> int:
        return 2 * number

    @app.activity
    def fails(text: str) -> None:
        raise ValueError(text)

    @app.orchestrator
    def waits(context: Any, given: Any) -> Steps:
        got = yield context.wait_for_external_event("go")
        return [given, got]


async def test_activities_run_in_turn_and_side_by_side(app: Functions, host: GrpcHost) -> None:
    @app.orchestrator
    def chain(context: Any) -> Steps:  # in the form of 1.x
        one = yield context.call_activity("double", context.get_input())
        both = yield context.task_all([context.call_activity("double", n) for n in (one, 5)])
        return [one, *both]

    state = await host.run("chain", 3)
    assert state.runtime_status == OrchestrationStatus.COMPLETED
    assert state.get_output() == [6, 12, 10]
    assert app.runs["double"] == 3


async def test_failure_of_an_activity_reaches_the_code(app: Functions, host: GrpcHost) -> None:
    @app.orchestrator
    def catches(context: Any, _: Any) -> Steps:
        try:
            yield context.call_activity("fails", input="boom")
        except TaskFailedError as error:
            return [error.details.error_type, error.details.message]

    state = await host.run("catches")
    assert state.get_output() == ["ValueError", "boom"]


async def test_retries_wait_for_timers(app: Functions, host: GrpcHost) -> None:
    @app.orchestrator
    def again(context: Any, _: Any) -> Steps:
        policy = RetryPolicy(
            first_retry_interval=timedelta(milliseconds=5), max_number_of_attempts=3
        )
        yield context.call_activity("fails", input="boom", retry_policy=policy)

    state = await host.run("again")
    assert state.runtime_status == OrchestrationStatus.FAILED
    assert app.runs["fails"] == 3
    assert "boom" in state.failure_details.message


async def test_child_gets_its_input_and_answers(app: Functions, host: GrpcHost) -> None:
    @app.orchestrator
    def child(_: Any, given: Any) -> Any:
        return {"got": given}

    @app.orchestrator
    def parent(context: Any, _: Any) -> Steps:
        return (yield context.call_sub_orchestrator("child", input={"a": [1, "x"]}))

    assert (await host.run("parent")).get_output() == {"got": {"a": [1, "x"]}}


async def test_failure_of_a_child_reaches_its_parent(app: Functions, host: GrpcHost) -> None:
    @app.orchestrator
    def child(_: Any, __: Any) -> Any:
        raise ValueError("boom")

    @app.orchestrator
    def parent(context: Any, _: Any) -> Steps:
        try:
            yield context.call_sub_orchestrator("child")
        except TaskFailedError as error:
            return str(error)

    assert "boom" in (await host.run("parent")).get_output()


async def test_event_of_a_client_arrives_once_it_is_waited_for(host: GrpcHost) -> None:
    instance = await host.client.schedule_new_orchestration("waits", input=1)
    await host.client.raise_orchestration_event(instance, "go", data={"b": 2})
    assert (await host.ended(instance)).get_output() == [1, {"b": 2}]


async def test_continuing_as_new_carries_events_over(app: Functions, host: GrpcHost) -> None:
    @app.orchestrator
    def sums(context: Any, total: int) -> Steps:
        number = yield context.wait_for_external_event("add")
        if number == 0:
            return total
        context.continue_as_new(total + number, save_events=True)
        return None

    instance = await host.client.schedule_new_orchestration("sums", input=0)
    for number in (1, 2, 3, 0):
        await host.client.raise_orchestration_event(instance, "add", data=number)
    assert (await host.ended(instance)).get_output() == 6


async def test_code_that_does_not_repeat_its_history_fails(app: Functions, host: GrpcHost) -> None:
    runs: list[int] = []

    @app.orchestrator
    def fickle(context: Any, _: Any) -> Steps:
        runs.append(1)
        if len(runs) == 1:
            yield context.call_activity("double", input=1)
        else:
            yield context.create_timer(timedelta(seconds=1))

    state = await host.run("fickle")
    assert state.runtime_status == OrchestrationStatus.FAILED
    assert "NonDeterminism" in state.failure_details.error_type


@pytest.mark.parametrize("answer", ["null", "no base64"])
async def test_answer_that_is_none_fails_the_instance(
    app: Functions, host: GrpcHost, answer: str
) -> None:
    app.answers["waits"] = answer
    assert (await host.run("waits")).runtime_status == OrchestrationStatus.FAILED


async def test_unknown_functions_fail_with_what_there_is(app: Functions, host: GrpcHost) -> None:
    state = await host.run("missing")
    assert "known orchestrator functions: 'waits'" in state.failure_details.message

    @app.orchestrator
    def calls(context: Any, _: Any) -> Steps:
        yield context.call_activity("missing")

    assert "'missing' doesn't exist" in (await host.run("calls")).failure_details.message


async def test_custom_status_is_that_of_the_last_episode(app: Functions, host: GrpcHost) -> None:
    @app.orchestrator
    def tells(context: Any, _: Any) -> Steps:
        context.set_custom_status({"step": 1})
        yield context.call_activity("double", input=1)
        context.set_custom_status({"step": 2})

    assert (await host.run("tells")).serialized_custom_status == '{"step": 2}'


async def test_what_is_not_built_fails_with_its_name(app: Functions, host: GrpcHost) -> None:
    @app.entity
    def counter(context: Any, _: Any) -> None: ...

    @app.orchestrator
    def locks(context: Any, _: Any) -> Steps:
        with (yield context.lock_entities([EntityInstanceId("counter", "k")])):
            pass

    state = await host.run("locks")
    assert state.runtime_status == OrchestrationStatus.FAILED
    assert "entityLockRequested" in state.failure_details.message


@pytest.mark.parametrize("name", ["chain", "double"])
async def test_work_runs_again_when_its_worker_dies(
    app: Functions, host: GrpcHost, name: str
) -> None:
    """With 1.x the orchestration would fail, or the activity."""

    @app.orchestrator
    def chain(context: Any, _: Any) -> Steps:
        return (yield context.call_activity("double", input=2))

    app.deaths[name] = 1
    assert (await host.run("chain")).get_output() == 4
    assert app.runs[name] >= 2


async def test_orchestration_goes_on_after_a_restart(open_hub: Open) -> None:
    first = await open_hub()
    instance = await first.client.schedule_new_orchestration("waits", input=1)
    await first.client.wait_for_orchestration_start(instance, timeout=30)
    await first.stop()
    second = await open_hub()
    await second.client.raise_orchestration_event(instance, "go", data=2)
    assert (await second.ended(instance)).get_output() == [1, 2]
