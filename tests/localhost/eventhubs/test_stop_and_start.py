"""What is delivered again after a stop, a crash or a rewind."""

import asyncio
import sqlite3

import azure.functions as func
import pytest

from localhost.eventhubs.faults import Point
from localhost.eventhubs.options import EventHubOptions
from tests.localhost.eventhubs.harness import (
    PATIENCE_SECONDS,
    UNLIMITED,
    Events,
    Received,
    Run,
    Setup,
    collecting_app,
    event_hub_app,
    numbered,
)


async def test_retries_are_forgotten_by_a_restart(run: Run) -> None:
    counts: list[int] = []

    async def events(batch: Events, context: func.Context) -> None:
        assert batch[0].get_body() == b"x"
        counts.append(context.retry_context.retry_count)
        raise ValueError("cannot")

    host = await run(event_hub_app(events, retry=UNLIMITED))
    await host.send(b"x")
    await host.clock.until_asleep(1)
    host.clock.advance(8)
    await host.clock.until_asleep(2)
    await host.crash()
    host = await run(event_hub_app(events, retry=UNLIMITED))
    await host.clock.until_asleep(1)
    assert counts == [0, 1, 0]


async def test_crash_before_checkpoint_delivers_the_batch_again(run: Run) -> None:
    received = Received()
    hold = asyncio.Event()

    async def events(batch: Events) -> None:
        received(batch)
        await hold.wait()

    host = await run(event_hub_app(events), Setup(EventHubOptions(max_event_batch_size=5)))
    await host.send(*numbered(8))
    assert await received.bodies(5) == numbered(5)
    await host.crash()
    hold.set()
    host = await run(event_hub_app(events), Setup(EventHubOptions(max_event_batch_size=7)))
    assert await received.bodies(8) == numbered(8)
    await host.faults.until(Point.AFTER_CHECKPOINT, 2)
    assert host.checkpoint() == 7


async def test_checkpoints_come_every_n_batches_and_at_a_stop(run: Run) -> None:
    received = Received()
    options = EventHubOptions(max_event_batch_size=1, batch_checkpoint_frequency=3)
    host = await run(collecting_app(received), Setup(options, start=False))
    await host.send(*numbered(7))
    host.service.start()
    await received.bodies(7)
    await host.faults.until(Point.AFTER_CHECKPOINT, 2)
    assert host.checkpoint() == 5
    await host.service.stop()
    assert host.checkpoint() == 6


async def test_batch_ending_while_the_host_stops_is_redelivered(run: Run) -> None:
    received, leave = Received(), asyncio.Event()

    async def events(batch: Events) -> None:
        received(batch)
        await leave.wait()

    host = await run(event_hub_app(events))
    await host.send(b"x")
    await received.next()
    stopping = asyncio.create_task(host.service.stop())
    await asyncio.sleep(0)  # stop() has begun
    leave.set()
    await stopping
    assert host.checkpoint() is None
    await host.crash()
    host = await run(event_hub_app(events))
    assert await received.bodies(1) == [b"x"]


async def test_a_batch_that_does_not_end_is_abandoned(run: Run) -> None:
    received, cancelled = Received(), asyncio.Event()

    async def events(batch: Events) -> None:
        received(batch)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    host = await run(event_hub_app(events), Setup(stop_seconds_max=0.01))
    await host.send(b"x")
    await received.next()
    await host.service.stop()
    assert cancelled.is_set()
    assert host.checkpoint() is None


async def test_a_stop_does_not_wait_for_the_next_retry(run: Run) -> None:
    async def events(batch: Events) -> None:
        raise ValueError(batch)

    host = await run(event_hub_app(events, retry=UNLIMITED))
    await host.send(b"x")
    await host.clock.until_asleep(1)
    async with asyncio.timeout(PATIENCE_SECONDS / 2):  # less than stop_seconds_max
        await host.service.stop()
    assert host.checkpoint() is None


async def test_batch_failing_while_the_host_stops_waits_for_next_start(
    run: Run,
) -> None:
    received, leave = Received(), asyncio.Event()

    async def events(batch: Events) -> None:
        received(batch)
        await leave.wait()
        raise ValueError("cannot")

    host = await run(event_hub_app(events, retry=UNLIMITED))
    await host.send(b"x")
    await received.next()
    stopping = asyncio.create_task(host.service.stop())
    await asyncio.sleep(0)  # stop() has begun
    leave.set()
    async with asyncio.timeout(PATIENCE_SECONDS / 2):  # less than stop_seconds_max
        await stopping
    assert host.clock.sleeps == []
    assert host.checkpoint() is None


async def test_a_rewind_delivers_everything_again(run: Run) -> None:
    received = Received()
    host = await run(collecting_app(received))
    await host.send(*numbered(5))
    await host.faults.until(Point.AFTER_CHECKPOINT)
    assert await received.bodies(5) == numbered(5)
    await host.service.rewind(host.hub("HUB"), None)
    assert await received.bodies(5) == numbered(5)


async def test_a_rewind_of_one_group_leaves_the_others_alone(run: Run) -> None:
    first, second = Received(), Received()

    async def other(batch: Events) -> None:
        second(batch)

    app = event_hub_app(other, app=collecting_app(first), name="other", consumer_group="other")
    host = await run(app)
    await host.send(b"x")
    await host.faults.until(Point.AFTER_CHECKPOINT, 2)
    await host.service.rewind(host.hub("hub"), "other")
    await host.faults.until(Point.AFTER_CHECKPOINT, 3)
    assert (len(first.batches), len(second.batches)) == (1, 2)


async def test_a_file_that_cannot_be_written_delays_and_loses_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = Received()
    host = await run(collecting_app(received))
    partition = host.hub().partition_of("7")

    async def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(partition, "write_checkpoint", full)
        await host.send(b"x")
        await host.clock.until_asleep(1)
    host.clock.advance(1)
    await host.faults.until(Point.AFTER_CHECKPOINT)
    assert await received.bodies(2) == [b"x", b"x"]
    assert "disk is full; trying again" in host.out.getvalue()
