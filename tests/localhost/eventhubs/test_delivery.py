"""Who gets which events, in which order (host-protocol 7.9, 9 and 12)."""

import asyncio
import json

import azure.functions as func

from localhost.eventhubs.events import NewEvent
from localhost.eventhubs.faults import Point
from localhost.eventhubs.options import EventHubOptions
from tests.localhost.eventhubs.harness import (
    PATIENCE_SECONDS,
    Events,
    Received,
    Run,
    Setup,
    collecting_app,
    event_hub_app,
    numbered,
)


async def test_events_of_a_partition_arrive_in_order_and_checkpointed(run: Run) -> None:
    received = Received()
    host = await run(collecting_app(received))
    await host.send(*numbered(250))
    assert await received.bodies(250) == numbered(250)
    await host.faults.until(Point.AFTER_CHECKPOINT, len(received.batches))
    assert host.checkpoint() == 249


async def test_a_batch_has_at_most_max_event_batch_size_events(run: Run) -> None:
    received = Received()
    setup = Setup(EventHubOptions(max_event_batch_size=10), start=False)
    host = await run(collecting_app(received), setup)
    await host.send(*numbered(25))
    host.service.start()
    await received.bodies(25)
    assert [len(batch) for batch in received.batches] == [10, 10, 5]


async def test_a_partition_has_one_batch_at_a_time(run: Run) -> None:
    entered, leave = Received(), asyncio.Semaphore(0)

    async def events(batch: Events) -> None:
        entered(batch)
        await leave.acquire()

    host = await run(event_hub_app(events))
    await host.send(b"first")
    await entered.next()
    await host.send(b"second")
    await host.send(b"third")
    assert entered.is_idle
    leave.release()
    second = await entered.next()
    assert [event.get_body() for event in second] == [b"second", b"third"]
    leave.release()


async def test_partitions_do_not_wait_for_each_other(run: Run) -> None:
    together = asyncio.Barrier(4)

    async def events(batch: Events) -> None:
        assert len(batch) == 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            await together.wait()

    host = await run(event_hub_app(events))
    for _ in range(4):
        await host.send(b"x", key=None)
    await host.faults.until(Point.AFTER_CHECKPOINT, 4)
    assert host.checkpoints() == [0, 0, 0, 0]


async def test_one_event_at_a_time_and_a_checkpoint_for_all_of_them(run: Run) -> None:
    bodies: list[bytes] = []

    def events(batch: func.EventHubEvent) -> None:
        bodies.append(batch.get_body())
        if batch.get_body() == b"1":
            raise ValueError("cannot")

    host = await run(event_hub_app(events, cardinality="one"), Setup(start=False))
    await host.send(*numbered(4))
    host.service.start()
    await host.faults.until(Point.AFTER_CHECKPOINT)
    assert bodies == numbered(4)
    assert host.faults.points.count(Point.AFTER_CHECKPOINT) == 1
    assert host.checkpoint() == 3


async def test_a_disabled_function_gets_nothing(run: Run) -> None:
    received, other = Received(), Received()
    app = collecting_app(received, consumer_group="off")

    async def second(batch: Events) -> None:
        other(batch)

    event_hub_app(second, app=app, name="second")
    host = await run(app, Setup(environ={"AzureWebJobs.events.Disabled": "1"}))
    await host.send(b"x")
    assert await other.bodies(1) == [b"x"]
    assert received.batches == []
    assert host.checkpoint(group="off") is None


async def test_consumer_groups_each_get_all_events(run: Run) -> None:
    first, second = Received(), Received()

    async def other(batch: Events) -> None:
        second(batch)

    app = event_hub_app(other, app=collecting_app(first), name="other", consumer_group="other")
    host = await run(app)
    await host.send(*numbered(5))
    assert await first.bodies(5) == await second.bodies(5) == numbered(5)


async def test_function_started_by_hand_gets_one_event_no_partition(run: Run) -> None:
    received = Received()
    host = await run(collecting_app(received))
    await host.service.run_by_hand(host.functions[0], "höhe")
    [event] = await received.next()
    assert event.get_body() == "höhe".encode()
    assert "PartitionContext" not in event.metadata
    assert host.checkpoints() == [None] * 4


async def test_positions_and_properties_reach_the_function(run: Run) -> None:
    received = Received()
    host = await run(collecting_app(received))
    await host.hub().send([NewEvent(b"x", "7", "m-1", json.dumps({"requestId": "r"}))])
    [event] = await received.next()
    [system] = event.metadata["SystemPropertiesArray"]
    assert system["message-id"] == "m-1"
    assert event.metadata["PropertiesArray"] == [{"requestId": "r"}]
    assert (event.partition_key, event.sequence_number, event.offset) == ("7", 0, 0)
    number = host.hub().partition_of("7").number
    assert event.metadata["PartitionContext"]["PartitionId"] == str(number)
