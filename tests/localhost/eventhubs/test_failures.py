"""What happens to a batch whose function fails (host-protocol 7.9, 9.3, 12.18, 12.19)."""

from typing import Any

import azure.functions as func

from localhost.eventhubs.faults import Point
from tests.localhost.eventhubs.harness import (
    UNLIMITED,
    Events,
    Received,
    Run,
    Setup,
    collecting_app,
    event_hub_app,
)


async def test_without_retry_policy_checkpoint_passes_a_failing_batch(run: Run) -> None:
    seen = Received()

    async def events(batch: Events) -> None:
        seen(batch)
        if batch[0].get_body() == b"poison":
            raise ValueError("cannot")

    host = await run(event_hub_app(events))
    await host.send(b"poison", b"beside it")
    await host.faults.until(Point.AFTER_CHECKPOINT)
    await host.send(b"next")
    await host.faults.until(Point.AFTER_CHECKPOINT, 2)
    bodies = [[event.get_body() for event in batch] for batch in seen.batches]
    assert bodies == [[b"poison", b"beside it"], [b"next"]]
    assert host.checkpoint() == 2
    assert "function events failed: ValueError: cannot" in host.out.getvalue()


async def test_unlimited_retries_repeat_a_batch_until_it_succeeds(run: Run) -> None:
    seen: list[tuple[list[bytes], int]] = []

    async def events(batch: Events, context: func.Context) -> None:
        bodies = [event.get_body() for event in batch]
        seen.append((bodies, context.retry_context.retry_count))
        assert context.retry_context.max_retry_count == -1
        if len(seen) < 6:
            raise ValueError(f"attempt {len(seen)}")
        failed: Any = context.retry_context
        assert failed.rpc_exception.message == "ValueError: attempt 5"

    host = await run(event_hub_app(events, retry=UNLIMITED))
    await host.send(b"a", b"b")
    for attempt in range(1, 6):
        await host.clock.until_asleep(attempt)
        await host.send(b"later")
        assert host.checkpoint() is None
        host.clock.advance(8)
    await host.faults.until(Point.AFTER_CHECKPOINT)
    assert seen[:6] == [([b"a", b"b"], number) for number in range(6)]
    assert host.checkpoint() is not None
    delays = host.clock.sleeps[:5]
    assert all(1 <= delay <= 8 for delay in delays)
    assert delays[0] < 1.3
    assert delays[3] > 6


async def test_a_failing_partition_blocks_only_itself(run: Run) -> None:
    received = Received()

    async def events(batch: Events) -> None:
        if any(event.get_body() == b"poison" for event in batch):
            raise ValueError("cannot")
        received(batch)

    host = await run(event_hub_app(events, retry=UNLIMITED))
    await host.send(b"poison", key="0")
    await host.clock.until_asleep(1)
    assert host.hub().partition_of("1") is not host.hub().partition_of("0")
    await host.send(b"fine", key="1")
    assert await received.bodies(1) == [b"fine"]
    assert host.checkpoint("0") is None


async def test_retries_end_and_then_the_checkpoint_moves(run: Run) -> None:
    attempts: list[int] = []

    async def events(batch: Events, context: func.Context) -> None:
        assert batch[0].get_body() == b"x"
        attempts.append(context.retry_context.retry_count)
        raise ValueError("cannot")

    retry = {"strategy": "fixed_delay", "max_retry_count": "2", "delay_interval": "00:00:03"}
    host = await run(event_hub_app(events, retry=retry))
    await host.send(b"x")
    for count in (1, 2):
        await host.clock.until_asleep(count)
        host.clock.advance(3)
    await host.faults.until(Point.AFTER_CHECKPOINT)
    assert (attempts, host.clock.sleeps) == ([0, 1, 2], [3, 3])
    assert host.checkpoint() == 0


async def test_a_process_that_died_is_a_failed_invocation(run: Run) -> None:
    received = Received()
    host = await run(collecting_app(received), Setup(deaths=1))
    await host.send(b"lost")
    await host.faults.until(Point.AFTER_CHECKPOINT)
    assert host.checkpoint() == 0
    assert "exited with code 137" in host.out.getvalue()


async def test_a_process_that_died_is_retried_when_there_is_a_policy(run: Run) -> None:
    received = Received()

    async def events(batch: Events) -> None:
        received(batch)

    setup = Setup(deaths=1)
    host = await run(event_hub_app(events, retry=UNLIMITED), setup)
    await host.send(b"x")
    await host.clock.until_asleep(1)
    assert host.checkpoint() is None
    host.clock.advance(2)
    await host.faults.until(Point.AFTER_CHECKPOINT)
    assert len(received.batches) == 2


async def test_non_json_body_loses_a_batch_without_declared_type(run: Run) -> None:
    received = Received()
    host = await run(collecting_app(received, data_type=None))
    await host.send(b'{"a":1}', b"not JSON", b'{"a":2}')
    await host.faults.until(Point.AFTER_CHECKPOINT)
    await host.send(b'{"a":3}')
    assert await received.bodies(1) == [b'{"a": 3}']
    assert len(received.batches) == 1
    assert host.checkpoints()[host.hub().partition_of("7").number] is not None


async def test_data_that_cannot_be_bound_block_unlimited_retries(run: Run) -> None:
    received = Received()

    async def events(batch: Events) -> None:
        received(batch)

    host = await run(event_hub_app(events, retry=UNLIMITED, data_type=None))
    await host.send(b"not JSON")
    for attempt in range(1, 4):
        await host.clock.until_asleep(attempt)
        host.clock.advance(8)
    assert received.batches == []
    assert host.checkpoint() is None
