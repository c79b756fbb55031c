"""Entities through the real SDK and the durable HTTP API. Items: host-protocol section 12."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.durable_functions import EntityId

from localhost.taskhub import Faults
from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.conftest import Open
from tests.localhost.taskhub.host import Host, eventually, until
from tests.localhost.taskhub.manual_clock import ManualClock

pytestmark = [pytest.mark.usefixtures("counter"), UNTYPED]

K = EntityId("Counter", "k")


def batches(app: App, key: str = "k") -> list[list[str]]:
    """Return the names of the operations of every batch that an entity ran."""
    payloads = [json.loads(payload) for name, payload in app.calls if name == "counter"]
    return [[op["name"] for op in p["batch"]] for p in payloads if p["self"]["key"] == key]


async def pile_up(host: Host, app: App, *operations: tuple[str, Any]) -> None:
    """Signal operations that all wait while the entity is busy with a `silent` one."""
    gate = app.close_gate("counter")
    await host.client.signal_entity(K, "silent")
    await until(lambda: app.runs["counter"], lambda runs: runs == 1)
    for name, input_ in operations:
        await host.client.signal_entity(K, name, input_)
    gate.set()


async def test_a_read_sees_committed_state_and_only_that(host: Host, app: App) -> None:
    """Item 6, first half: 404 before the first commit, then what the commit wrote."""
    gate = app.close_gate("counter")
    await host.client.signal_entity(K, "add", 5)
    assert not (await host.client.read_entity_state(K)).entity_exists
    gate.set()
    assert await host.entity_where(K, lambda state: state is not None) == 5


async def test_a_destructed_entity_reads_as_null(host: Host) -> None:
    """Item 6, second half."""
    await host.client.signal_entity(K, "add", 5)
    await host.entity_where(K, lambda state: state == 5)
    await host.client.signal_entity(K, "destruct")
    assert await host.entity_where(K, lambda state: state != 5) == ""
    async with host.http.get("entities/counter/k") as response:
        assert (response.status, await response.text()) == (200, "null")


async def test_an_operation_without_result_repeats_the_one_before(host: Host, app: App) -> None:
    """Item 7: in one batch `[add, silent]` both answer what `add` answered."""

    @app.orchestrator
    def ask_twice(context: Any) -> Any:
        both = [context.call_entity(K, "add", 3), context.call_entity(K, "silent")]
        return (yield context.task_all(both))

    gate = app.close_gate("counter")
    await host.client.signal_entity(K, "get")
    await until(lambda: app.runs["counter"], lambda runs: runs == 1)
    await host.client.start_new("ask_twice", "i")
    await until(lambda: host.hub.waiting("@counter@k"), lambda waiting: waiting == 2)
    gate.set()
    assert (await host.finished("i")).output == [3, 3]
    assert batches(app) == [["get"], ["add", "silent"]]


async def test_the_change_of_an_operation_that_raised_stays(host: Host, app: App) -> None:
    """Item 8: no rollback, and the operations after it see it."""
    await pile_up(host, app, ("add", 5), ("set_and_raise", None), ("add", 1))
    assert await host.entity_where(K, lambda state: state == 1006) == 1006
    assert batches(app) == [["silent"], ["add", "set_and_raise", "add"]]


async def test_poison_batch_comes_again_later_and_blocks_no_others(
    open_hub: Open, app: App
) -> None:
    """Item 9: 2, 4, 8 … up to 600 seconds apart."""
    clock = ManualClock()
    host = await open_hub(clock=clock)
    await host.client.signal_entity(K, "unserialisable", 1)
    waits = []
    for runs in range(1, 12):
        await until(clock.next_alarm_in, lambda alarm: alarm is not None)
        assert app.runs["counter"] == runs
        waits.append(round(clock.next_alarm_in() or 0))
        clock.advance(600)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    await until(clock.next_alarm_in, lambda alarm: alarm is not None)
    await host.client.signal_entity(K, "add", 1)
    await host.entity_where(K, lambda state: state == 1)
    assert batches(app) == [*[["unserialisable"]] * 12, ["add"]]
    clock.advance(600)
    await until(lambda: len(batches(app)), lambda count: count == 14)
    assert batches(app)[-1] == ["unserialisable"]


async def test_an_abandoned_message_stays_so_over_a_restart(open_hub: Open) -> None:
    clock = ManualClock()
    host = await open_hub(clock=clock)
    await host.client.signal_entity(K, "unserialisable", 1)
    await until(clock.next_alarm_in, lambda alarm: alarm is not None)
    await host.stop()
    again = ManualClock()
    await open_hub(clock=again)
    await until(again.next_alarm_in, lambda alarm: alarm is not None)
    assert round(again.next_alarm_in() or 0) == 2  # it is still invisible
    again.advance(2)
    await until(again.next_alarm_in, lambda alarm: alarm is not None)
    assert round(again.next_alarm_in() or 0) == 4


async def test_a_batch_ends_at_the_size_limit_and_the_next_goes_on(
    open_hub: Open, app: App
) -> None:
    host = await open_hub(max_entity_operation_batch_size=3)
    await pile_up(host, app, *[("add", 1)] * 7)
    await host.entity_where(K, lambda state: state == 7)
    assert [len(batch) for batch in batches(app)] == [1, 3, 3, 1]


async def test_entity_runs_one_batch_at_a_time_beside_other_entities(host: Host, app: App) -> None:
    running: dict[str, int] = {}
    together = asyncio.Event()
    loop = asyncio.get_running_loop()

    @app.entity
    def busy(context: Any) -> None:
        key = context.entity_key
        running[key] = running.get(key, 0) + 1
        assert running[key] == 1
        if len([k for k in running if running[k]]) > 1:
            loop.call_soon_threadsafe(together.set)
        asyncio.run_coroutine_threadsafe(together.wait(), loop).result(10)
        running[key] = 0
        context.set_state(context.get_state(lambda: 0) + 1)

    for _ in range(3):
        for key in ("a", "b"):
            await host.client.signal_entity(EntityId("Busy", key), "op")
    for key in ("a", "b"):
        await host.entity_where(EntityId("Busy", key), lambda state: state == 3)


async def test_batch_running_during_a_purge_starts_from_nothing(host: Host, app: App) -> None:
    await host.client.signal_entity(K, "add", 5)
    await host.entity_where(K, lambda state: state == 5)
    gate = app.close_gate("counter")
    await host.client.signal_entity(K, "add", 1)
    await until(lambda: app.runs["counter"], lambda runs: runs == 2)
    await host.client.purge_instance_history("@counter@k")
    gate.set()
    assert await host.entity_where(K, lambda state: state is not None) == 1
    assert app.runs["counter"] == 3


async def test_a_worker_that_dies_in_a_batch_costs_only_time(open_hub: Open, app: App) -> None:
    """Item 20, entity: the batch is run again from the same state."""
    clock = ManualClock()
    host = await open_hub(clock=clock)
    app.deaths["counter"] = 1
    await host.client.signal_entity(K, "add", 5)
    await until(clock.next_alarm_in, lambda alarm: alarm is not None)
    clock.advance(2)
    assert await host.entity_where(K, lambda state: state is not None) == 5


async def test_client_signals_may_come_twice_and_in_any_order(
    open_hub: Open, app: App, counter: Callable[[Any], None]
) -> None:
    del counter
    faults = Faults(duplicate_client_signals=0.5, shuffle_client_signals=1, batch_cut=1, seed=3)
    host = await open_hub(faults=faults)

    @app.entity
    def log(context: Any) -> None:
        context.set_state([*context.get_state(list), context.get_input()])

    gate = app.close_gate("log")
    for number in range(1, 21):
        await host.client.signal_entity(EntityId("Log", "k"), "op", number)
    gate.set()
    entity = EntityId("Log", "k")
    seen = await host.entity_where(entity, lambda s: s is not None and set(s) == {*range(1, 21)})
    assert seen != sorted(seen)
    assert len(seen) > 20
    assert app.runs["log"] > 2


@pytest.mark.parametrize(("faults", "writes"), [(None, 1), (Faults(batch_cut=0.5), 2)])
async def test_state_and_row_are_apart_only_where_faults_are(
    open_hub: Open, faults: Faults | None, writes: int
) -> None:
    host = await open_hub(faults=faults)
    await host.client.signal_entity(K, "add", 2)

    async def state() -> Any:
        return (await host.client.read_entity_state(K)).entity_state

    await eventually(state, lambda found: found == 2)
    statistics = host.hub.statistics()
    assert statistics["hub.instance"] + statistics.get("hub.history", 0) == writes
