import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest

from localhost.errors import StartError
from localhost.eventhubs.events import NewEvent, to_datetime
from localhost.eventhubs.faults import EventHubFaults
from localhost.eventhubs.hub import EventHubs, Hub
from localhost.eventhubs.partition import Checkpoint
from localhost.timers import Clock
from tests.localhost.eventhubs.harness import PATIENCE_SECONDS

OpenHub = Callable[..., Awaitable[Hub]]


def _file(folder: Path) -> Path:
    return folder / "eventhubs.db"


async def _open(
    path: Path, name: str = "hub", partitions: int = 4, clock: Clock | None = None
) -> EventHubs:
    return await EventHubs.open(path, [name], partitions, EventHubFaults(), clock or Clock())


@pytest.fixture
async def open_hub(tmp_path: Path) -> AsyncIterator[OpenHub]:
    """Open the hub of the test, closed before it is opened again."""
    opened: list[EventHubs] = []

    async def open_(name: str = "hub", partitions: int = 4, clock: Clock | None = None) -> Hub:
        while opened:
            await opened.pop().close()
        opened.append(await _open(_file(tmp_path), name, partitions, clock))
        hub = opened[0].find(name)
        assert hub is not None
        return hub

    yield open_
    await opened.pop().close()


async def test_sequence_numbers_of_a_partition_are_dense_from_0(open_hub: OpenHub) -> None:
    hub = await open_hub()
    await asyncio.gather(*(hub.send([NewEvent(b"x", str(n % 9))] * 3) for n in range(60)))
    for partition in hub.partitions:
        numbers = [event.sequence_number for event in partition.read(0, 1000)]
        assert numbers == list(range(partition.end))
    assert sum(partition.end for partition in hub.partitions) == 180


async def test_sends_at_the_same_time_share_commits(open_hub: OpenHub) -> None:
    hub = await open_hub()
    before = hub._file.commits
    await asyncio.gather(*(hub.send([NewEvent(b"x")]) for _ in range(200)))
    assert hub._file.commits - before <= 2


async def test_a_transaction_that_fails_leaves_no_hole(open_hub: OpenHub) -> None:
    hub = await open_hub(partitions=1)
    unstorable = NewEvent(b"x", properties=object())  # type: ignore[arg-type]
    object.__setattr__(unstorable, "properties", "\ud800")
    with pytest.raises(UnicodeEncodeError):
        await hub.send([NewEvent(b"lost"), unstorable])
    await hub.send([NewEvent(b"kept")])
    assert [(e.sequence_number, e.body) for e in hub.partitions[0].read(0, 9)] == [(0, b"kept")]


async def test_offsets_grow_even_when_bodies_are_empty(open_hub: OpenHub) -> None:
    hub = await open_hub(partitions=1)
    await hub.send([NewEvent(b""), NewEvent(b"12345"), NewEvent(b"")])
    offsets = [event.offset for event in hub.partitions[0].read(0, 9)]
    assert offsets[0] == 0
    assert offsets == sorted(set(offsets))
    assert offsets[2] - offsets[1] == offsets[1] + 5


async def test_a_partition_key_names_the_same_partition_for_ever(open_hub: OpenHub) -> None:
    hub = await open_hub(partitions=4)
    # What files in the field hold: a change of the hash would split projects over partitions.
    assert [hub.partition_of(str(key)).number for key in range(12)] == [
        *(1, 2, 0, 1, 2, 0, 0, 2, 2, 1, 0, 2)
    ]
    assert hub.partition_of("ä").number == 1
    counts = [0] * 4
    for key in range(1000):
        counts[hub.partition_of(str(key)).number] += 1
    assert min(counts) > 200


async def test_keyless_events_take_turns_and_a_batch_stays_together(open_hub: OpenHub) -> None:
    hub = await open_hub(partitions=4)
    for _ in range(8):
        await hub.send([NewEvent(b"a"), NewEvent(b"b")])
    assert [partition.end for partition in hub.partitions] == [4, 4, 4, 4]
    for partition in hub.partitions:
        assert [event.body for event in partition.read(0, 9)] == [b"a", b"b", b"a", b"b"]


async def test_events_and_the_number_of_partitions_survive(open_hub: OpenHub) -> None:
    body = random.Random(1).randbytes(1_048_576)
    hub = await open_hub("Hub", partitions=2)
    await hub.send([NewEvent(body, "7", "m-1", '{"Case":1}')])
    number = hub.partition_of("7").number
    hub = await open_hub("HUB", partitions=8)
    assert len(hub.partitions) == 2
    [event] = hub.partitions[number].read(0, 9)
    assert (event.body, event.partition_key, event.message_id) == (body, "7", "m-1")
    assert event.properties == '{"Case":1}'


async def test_time_of_arrival_never_goes_back(open_hub: OpenHub) -> None:
    class Jumping(Clock):
        times = iter([5000, 3000, 7000])

        def now(self) -> datetime:
            return to_datetime(next(self.times))

    hub = await open_hub(partitions=1, clock=Jumping())
    for _ in range(3):
        await hub.send([NewEvent(b"x")])
    partition = hub.partitions[0]
    assert [event.enqueued_at for event in partition.read(0, 9)] == [5000, 5000, 7000]
    assert partition.first_enqueued_since(5001) == 2
    assert partition.first_enqueued_since(7001) == 3


async def test_a_read_is_bounded_by_bytes_but_never_empty(open_hub: OpenHub) -> None:
    hub = await open_hub(partitions=1)
    await hub.send([NewEvent(b"x" * 1000)] * 5)
    partition = hub.partitions[0]
    assert len(partition.read(0, 100, bytes_max=2500)) == 2
    assert len(partition.read(0, 100, bytes_max=1)) == 1
    assert len(partition.read(0, 3)) == 3
    assert partition.read(5, 100) == []


async def test_who_waits_is_woken_when_the_sender_gave_up(open_hub: OpenHub) -> None:
    hub = await open_hub(partitions=1)
    waiting = asyncio.create_task(hub.partitions[0].wait_for(0))
    sending = asyncio.create_task(hub.send([NewEvent(b"x")]))
    await asyncio.sleep(0)  # the sender has begun
    sending.cancel()
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)


async def test_each_consumer_group_has_checkpoints_of_its_own(open_hub: OpenHub) -> None:
    hub = await open_hub()
    first, second = hub.partitions[:2]
    await first.write_checkpoint("$Default", Checkpoint(4, 400, 1))
    await first.write_checkpoint("$default", Checkpoint(5, 500, 2))
    await first.write_checkpoint("other", Checkpoint(1, 100, 3))
    assert first.checkpoint_of("$Default") == Checkpoint(5, 500, 2)
    assert first.checkpoints() == {"$default": 5, "other": 1}
    assert second.checkpoint_of("$Default") is None
    await first.delete_checkpoint("$DEFAULT")
    assert first.checkpoints() == {"other": 1}


async def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = _file(tmp_path)
    await (await _open(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(StartError, match=r"eventhubs\.db have format 2; .* up to 1"):
        await _open(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path)
    path.write_bytes(b"not a database, but longer than the header of one" * 100)
    with pytest.raises(StartError, match=r"eventhubs\.db"):
        await _open(path)


async def test_another_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(_file(tmp_path))
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(StartError, match="not one of event hubs"):
        await _open(_file(tmp_path))


async def test_a_folder_that_is_missing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be opened"):
        await _open(tmp_path / "nowhere" / "eventhubs.db")
