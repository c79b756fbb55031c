"""Entities of SDK 2.x on the engine: roll-back, signals and calls, and what a death loses."""

from collections.abc import Generator
from typing import Any

import pytest
from durabletask.entities import EntityInstanceId
from durabletask.task import TaskFailedError

from tests.localhost.protobuf.functions import Functions
from tests.localhost.protobuf.grpc_host import GrpcHost, eventually

COUNTER = EntityInstanceId("counter", "k")

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads was called")


@pytest.fixture(autouse=True)
def _functions(app: Functions) -> None:
    @app.entity
    def counter(context: Any, given: Any) -> Any:
        value = context.get_state(int, 0)
        match context.operation:
            case "add":
                context.set_state(value + given)
                return value + given
            case "fails":
                context.set_state(value + 1000)
                raise ValueError("after the change")
            case "tell":
                context.signal_entity(EntityInstanceId("counter", given), "add", 7)
            case "start":
                context.schedule_new_orchestration("any")
            case "delete":
                context.set_state(None)
        return None


async def test_signals_change_the_state_that_clients_read(host: GrpcHost) -> None:
    assert await host.client.get_entity(COUNTER) is None
    for number in (1, 2):
        await host.client.signal_entity(COUNTER, "add", number)
    assert await host.entity_where(COUNTER, lambda state: state == 3) == 3


async def test_operation_that_raises_is_rolled_back_alone(host: GrpcHost) -> None:
    """SDK 1.x keeps what it had set."""
    await host.client.signal_entity(COUNTER, "add", 1)
    await host.client.signal_entity(COUNTER, "fails")
    await host.client.signal_entity(COUNTER, "add", 2)
    assert await host.entity_where(COUNTER, lambda state: (state or 0) >= 3) == 3


async def test_call_answers_the_orchestration(app: Functions, host: GrpcHost) -> None:
    @app.orchestrator
    def calls(context: Any, _: Any) -> Generator[Any, Any, Any]:
        context.signal_entity(COUNTER, "add", 1)
        one = yield context.call_entity(COUNTER, "add", 2)
        try:
            yield context.call_entity(COUNTER, "fails")
        except TaskFailedError as error:
            return [one, str(error)]

    one, said = (await host.run("calls")).get_output()
    assert one == 3
    assert "after the change" in said


async def test_signal_of_an_entity_reaches_another(host: GrpcHost) -> None:
    await host.client.signal_entity(COUNTER, "tell", "other")
    other = EntityInstanceId("counter", "other")
    assert await host.entity_where(other, lambda state: state == 7) == 7


async def test_what_is_not_built_changes_nothing_and_is_named(
    host: GrpcHost, caplog: pytest.LogCaptureFixture
) -> None:
    await host.client.signal_entity(COUNTER, "add", 1)
    await host.entity_where(COUNTER, lambda state: state == 1)
    await host.client.signal_entity(COUNTER, "start")

    async def said() -> str:
        return caplog.text

    await eventually(said, lambda text: "localhost has no startNewOrchestration" in text)
    await host.client.signal_entity(COUNTER, "add", 1)
    assert await host.entity_where(COUNTER, lambda state: state != 1) == 2


async def test_deleted_entity_reads_as_none(host: GrpcHost) -> None:
    await host.client.signal_entity(COUNTER, "add", 1)
    await host.entity_where(COUNTER, lambda state: state == 1)
    await host.client.signal_entity(COUNTER, "delete")
    assert await host.entity_where(COUNTER, lambda state: state is None) is None


async def test_death_of_the_worker_loses_the_batch(app: Functions, host: GrpcHost) -> None:
    """As the extension has it: it answers the operations with errors and keeps the state."""
    await host.client.signal_entity(COUNTER, "add", 1)
    await host.entity_where(COUNTER, lambda state: state == 1)
    app.deaths["counter"] = 1
    await host.client.signal_entity(COUNTER, "add", 10)

    async def deaths_left() -> int:
        return app.deaths["counter"]

    await eventually(deaths_left, lambda left: left == 0)
    await host.client.signal_entity(COUNTER, "add", 2)
    assert await host.entity_where(COUNTER, lambda state: state != 1) == 3
