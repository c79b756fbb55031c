"""What durable clients of SDK 2.x ask for besides: queries, purges, control, and refusals."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from durabletask.client import EntityQuery, OrchestrationQuery, OrchestrationStatus
from durabletask.entities import EntityInstanceId

from tests.localhost.protobuf.functions import Functions
from tests.localhost.protobuf.grpc_host import GrpcHost, eventually

ENDED = [OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED]
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads was called")


@pytest.fixture(autouse=True)
def _functions(app: Functions) -> None:
    @app.orchestrator
    def echo(_: Any, given: Any) -> Any:
        return given

    @app.orchestrator
    def waits(context: Any, _: Any) -> Generator[Any, Any, Any]:
        return (yield context.wait_for_external_event("go"))

    @app.entity
    def counter(context: Any, _: Any) -> None:
        context.set_state(1)


async def waiting(host: GrpcHost) -> str:
    instance: str = await host.client.schedule_new_orchestration("waits")
    await host.client.wait_for_orchestration_start(instance, timeout=30)
    return instance


async def code_of(call: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        await call
    code: grpc.StatusCode = caught.value.code()
    return code


async def test_state_has_payloads_when_they_are_asked_for(host: GrpcHost) -> None:
    ended = await host.run("echo", "text")
    bare = await host.client.get_orchestration_state(ended.instance_id, fetch_payloads=False)
    full = await host.client.get_orchestration_state(ended.instance_id)
    assert (bare.serialized_input, full.serialized_input, full.get_output()) == (
        None,
        '"text"',
        "text",
    )
    assert await host.client.get_orchestration_state("missing") is None


async def test_query_shows_orchestrations_and_no_entities(host: GrpcHost) -> None:
    ended, running = await host.run("echo"), await waiting(host)
    counter = EntityInstanceId("counter", "k")
    await host.client.signal_entity(counter, "set")
    await host.entity_where(counter, lambda state: state == 1)
    found = await host.client.get_all_orchestration_states()
    assert {each.instance_id for each in found} == {ended.instance_id, running}
    query = OrchestrationQuery(runtime_status=[OrchestrationStatus.RUNNING])
    found = await host.client.get_all_orchestration_states(query)
    assert [each.instance_id for each in found] == [running]
    entities = await host.client.get_all_entities(EntityQuery())
    assert [str(each.id) for each in entities] == ["@counter@k"]


async def test_purge_takes_what_has_ended_in_its_time(host: GrpcHost) -> None:
    ended, running = await host.run("echo"), await waiting(host)
    now = datetime.now(UTC)

    async def purge(since: datetime, until: datetime) -> int:
        result = await host.client.purge_orchestrations_by(since, until, ENDED)
        return int(result.deleted_instance_count)

    assert await purge(LONG_AGO, now - timedelta(hours=1)) == 0
    assert await purge(LONG_AGO, now + timedelta(hours=1)) == 1
    assert await host.client.get_orchestration_state(ended.instance_id) is None
    assert await host.client.get_orchestration_state(running) is not None


async def test_statuses_of_1x_cannot_all_be_purged(host: GrpcHost) -> None:
    """A bug of 2.0.0rc3: `Canceled` of 1.x has no counterpart, and the call raises."""
    from azure.durable_functions import OrchestrationRuntimeStatus

    with (
        pytest.warns(DeprecationWarning, match="purge_instance_history_by"),
        pytest.raises(ValueError, match="Canceled"),
    ):
        await host.client.purge_instance_history_by(
            LONG_AGO, None, [OrchestrationRuntimeStatus.Canceled]
        )


async def test_suspended_instance_goes_on_when_it_is_resumed(host: GrpcHost) -> None:
    instance = await waiting(host)
    await host.client.suspend_orchestration(instance)
    await host.client.raise_orchestration_event(instance, "go", data=1)
    await host.client.resume_orchestration(instance)
    assert (await host.ended(instance)).get_output() == 1


async def test_rewound_instance_runs_what_had_failed(app: Functions, host: GrpcHost) -> None:
    left = [ValueError("once")]

    @app.activity
    def fails_once(_: Any) -> str:
        if left:
            raise left.pop()
        return "done"

    @app.orchestrator
    def tries(context: Any, _: Any) -> Generator[Any, Any, Any]:
        return (yield context.call_activity("fails_once"))

    failed = await host.run("tries")
    assert failed.runtime_status == OrchestrationStatus.FAILED
    await host.client.rewind_orchestration(failed.instance_id, reason="mended")

    async def state() -> Any:
        return await host.client.get_orchestration_state(failed.instance_id)

    completed = OrchestrationStatus.COMPLETED
    ended = await eventually(state, lambda found: found.runtime_status == completed)
    assert ended.get_output() == "done"


async def test_terminated_instance_has_the_output_it_was_given(host: GrpcHost) -> None:
    instance = await waiting(host)
    await host.client.terminate_orchestration(instance, output="why")
    ended = await host.ended(instance)
    assert ended.runtime_status == OrchestrationStatus.TERMINATED
    assert ended.get_output() == "why"


async def test_refusals_have_the_codes_of_the_extension(host: GrpcHost) -> None:
    client, running = host.client, await waiting(host)
    start = client.schedule_new_orchestration("echo", instance_id=running)
    assert await code_of(start) is grpc.StatusCode.ALREADY_EXISTS
    terminate = client.terminate_orchestration("missing")
    assert await code_of(terminate) is grpc.StatusCode.NOT_FOUND
    unknown = client.signal_entity(EntityInstanceId("missing", "k"), "set")
    assert await code_of(unknown) is grpc.StatusCode.INVALID_ARGUMENT


async def test_what_is_not_built_is_unimplemented_by_name(host: GrpcHost) -> None:
    with pytest.raises(grpc.RpcError, match="localhost has no ListInstanceIds") as caught:
        await host.client.list_instance_ids()
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    later = host.client.signal_entity(
        EntityInstanceId("counter", "k"), "set", signal_time=datetime.now(UTC)
    )
    assert await code_of(later) is grpc.StatusCode.UNIMPLEMENTED
