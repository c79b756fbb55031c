"""Where a consumer group begins, how long a batch waits and where it is cut."""

import asyncio
from datetime import timedelta

import pytest

from localhost.eventhubs.faults import Point
from localhost.eventhubs.options import EventHubOptions, InitialOffset
from tests.localhost.eventhubs.harness import (
    Received,
    Run,
    Setup,
    collecting_app,
    numbered,
)


@pytest.mark.parametrize("seed", range(5))
async def test_batches_are_cut_anywhere_and_nothing_is_left_out(run: Run, seed: int) -> None:
    received = Received()
    setup = Setup(faults={"batch_cut": True, "seed": seed}, start=False)
    host = await run(collecting_app(received), setup)
    await host.send(*numbered(200))
    host.service.start()
    assert await received.bodies(200) == numbered(200)
    assert len({len(batch) for batch in received.batches}) > 1


async def test_a_batch_waits_for_company_but_not_for_ever(run: Run) -> None:
    received = Received()
    options = EventHubOptions(min_event_batch_size=3, max_wait_time=timedelta(seconds=20))
    host = await run(collecting_app(received), Setup(options))
    await host.send(b"first")  # without a checkpoint nobody waits
    assert await received.bodies(1) == [b"first"]
    await host.faults.until(Point.AFTER_CHECKPOINT)
    asleep = len(host.clock.sleeps)
    await host.send(b"a")
    await host.clock.until_asleep(asleep + 1)
    await host.send(b"b", b"c")
    assert await received.bodies(3) == [b"a", b"b", b"c"]
    asleep = len(host.clock.sleeps)
    await host.send(b"lonely")
    await host.clock.until_asleep(asleep + 1)
    assert host.clock.sleeps[-1] == 20
    assert received.is_idle
    host.clock.advance(20)
    assert await received.bodies(1) == [b"lonely"]


async def test_the_first_wait_counts_from_the_last_checkpoint(run: Run) -> None:
    received = Received()
    options = EventHubOptions(min_event_batch_size=2, max_wait_time=timedelta(seconds=20))
    host = await run(collecting_app(received), Setup(options))
    await host.send(b"a")
    await host.faults.until(Point.AFTER_CHECKPOINT)
    await host.crash()
    host = await run(collecting_app(received), Setup(options, start=False))
    host.clock.advance(15)
    host.service.start()
    await host.send(b"b")
    await host.clock.until_asleep(1)
    assert host.clock.sleeps == [5]


async def test_from_end_skips_what_was_there(run: Run) -> None:
    received = Received()
    setup = Setup(EventHubOptions(initial_offset=InitialOffset.FROM_END), start=False)
    host = await run(collecting_app(received), setup)
    await host.send(b"old")
    host.service.start()
    await asyncio.sleep(0)  # the processors have looked where to begin
    await host.send(b"new")
    assert await received.bodies(1) == [b"new"]


async def test_from_enqueued_time_begins_there(run: Run) -> None:
    received = Received()
    since = 1_782_900_005_000
    options = EventHubOptions(initial_offset=InitialOffset.FROM_ENQUEUED_TIME, enqueued_since=since)
    host = await run(collecting_app(received), Setup(options, start=False))
    await host.send(b"before")
    host.clock.advance(5)
    await host.send(b"since")
    host.service.start()
    assert await received.bodies(1) == [b"since"]


async def test_a_checkpoint_outweighs_the_initial_offset(run: Run) -> None:
    received = Received()
    setup = Setup(EventHubOptions(initial_offset=InitialOffset.FROM_END))
    host = await run(collecting_app(received), setup)
    await asyncio.sleep(0)
    await host.send(b"seen")
    await host.faults.until(Point.AFTER_CHECKPOINT)
    await host.service.stop()
    await host.send(b"while it was down")
    await host.crash()
    host = await run(collecting_app(received), setup)
    assert await received.bodies(2) == [b"seen", b"while it was down"]
