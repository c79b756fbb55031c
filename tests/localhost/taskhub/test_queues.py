"""When messages are seen: polling with a back-off, and what a killed reader had in flight."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from azure.durable_functions import EntityId

from localhost.taskhub.clock import SECOND
from localhost.taskhub.hub import Apart
from localhost.taskhub.management import Management
from localhost.taskhub.queues import Polling, Queue, QueueTimes, partition_of
from tests.localhost.taskhub.apps import UNTYPED, App
from tests.localhost.taskhub.conftest import Open
from tests.localhost.taskhub.host import Host, copy_as_killed, until
from tests.localhost.taskhub.manual_clock import ManualClock

pytestmark = UNTYPED

K = EntityId("Journal", "k")
MS = SECOND // 1000
MINUTES = 60 * SECOND
TIMES = QueueTimes(polling_max=SECOND, control_visibility=5 * MINUTES, work_item_visibility=MINUTES)
LEASE = 40 * SECOND


class Middle(Random):
    """Draws the middle, so that pauses are what they are on average."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def looks(polling_max: int, until_ms: int) -> list[int]:
    """Return the milliseconds after a wake at which the reader of an empty queue looks."""
    polling = Polling(polling_max, Middle())
    polling.wake(0)
    found, now = [], 0
    while now <= until_ms * MS:
        now = polling.next_look(now)
        found.append(now // MS)
        now += 1
    return found[:-1] if found[-1] > until_ms else found


@pytest.mark.parametrize(
    ("polling_max", "expected"),
    [
        (SECOND, [0, 50, 150, 300, 550, 1_000, 1_850, 2_850, 3_850]),
        (SECOND // 2, [0, 50, 150, 300, 550, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500]),
        (SECOND // 10, [0, 50, *range(150, 4_000, 100)]),
    ],
    ids=["1 s", "0.5 s", "0.1 s"],
)
def test_pauses_grow_up_to_the_longest(polling_max: int, expected: list[int]) -> None:
    assert looks(polling_max, 3_960) == expected


def test_look_after_a_long_time_keeps_the_rhythm() -> None:
    polling = Polling(SECOND, Middle())
    polling.wake(0)
    polling.next_look(3 * SECOND)
    assert polling.next_look(10**6 * SECOND + 1) == 10**6 * SECOND + 850 * MS


def test_partitions_are_those_of_the_provider() -> None:
    # FNV-1a, 32 bits: the published test vectors, modulo a power of two.
    assert [partition_of(text, 16) for text in ("", "a", "foobar")] == [0x5, 0xC, 0x8]


class Reader:
    """A queue of texts, and what was seen of it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.seen: list[str] = []
        self.batches: list[int] = []
        self.failures = 0
        polling = Polling(SECOND, Middle())
        self.queue: Queue[str] = Queue(polling, self.clock, self._see, self.seen.append)

    async def _see(self, items: Sequence[str]) -> None:
        if self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("the disk is full")
        self.batches.append(len(items))

    async def after(self, seconds: float) -> list[str]:
        """Let time pass; return what was seen by then."""
        self.clock.advance(seconds)
        for _ in range(5):
            await asyncio.sleep(0)
        return [*self.seen]


async def test_what_others_send_waits_for_the_next_look() -> None:
    reader = Reader()
    reader.queue.put("own", wakes=True)
    assert await reader.after(0.001) == ["own"]
    await reader.after(60)
    reader.queue.put("foreign", wakes=False)
    pause = reader.clock.next_alarm_in() or 0
    assert 0 < pause <= 1
    assert await reader.after(pause - 0.001) == ["own"]
    assert await reader.after(0.002) == ["own", "foreign"]


async def test_what_its_own_instance_sends_wakes_the_reader() -> None:
    reader = Reader()
    await reader.after(60.3)
    reader.queue.put("foreign", wakes=False)
    reader.queue.put("own", wakes=True)
    assert await reader.after(0.001) == ["foreign", "own"]


async def test_look_takes_32_and_the_next_follows_at_once() -> None:
    reader = Reader()
    for number in range(70):
        reader.queue.put(str(number), wakes=True)
    for _ in range(4):
        await reader.after(0.001)
    assert reader.batches == [32, 32, 6]
    assert reader.seen == [str(number) for number in range(70)]


async def test_look_that_fails_is_repeated_and_loses_nothing() -> None:
    reader = Reader()
    reader.failures = 2
    for text in ("first", "second"):
        reader.queue.put(text, wakes=True)
    assert await reader.after(0.001) == []
    await reader.after(1.1)
    assert await reader.after(1.1) == ["first", "second"]


async def test_killed_reader_sees_nothing_any_more() -> None:
    reader = Reader()
    reader.queue.put("late", wakes=False)
    reader.queue.kill()
    assert await reader.after(10) == []


@pytest.fixture
def journal(app: App) -> None:
    @app.entity
    def journal(context: Any) -> None:
        context.set_state([*context.get_state(list), context.operation_name])
        context.set_result(None)


async def let_run(clock: ManualClock, seconds: float) -> None:
    """Let time pass in small steps, so that what follows from one look happens in its time."""
    for _ in range(20):
        clock.advance(seconds / 20)
        await asyncio.sleep(0.005)


async def state_of(host: Host, clock: ManualClock, length: int) -> Any:
    """Return the state of the journal once it is so long."""

    async def read() -> list[str]:
        await let_run(clock, 2)
        found = await host.client.read_entity_state(K)
        return found.entity_state if found.entity_exists else []

    state: list[str] = []
    for _ in range(200):
        if len(state := await read()) == length:
            return state
    raise AssertionError(state)


async def kill_in_the_middle(host: Host, app: App, clock: ManualClock) -> None:
    """Commit `1`; kill the reader while `2` runs."""
    await host.client.signal_entity(K, "1")
    await state_of(host, clock, 1)
    gate = app.close_gate("journal")
    await host.client.signal_entity(K, "2")
    await let_run(clock, 2)
    await until(lambda: app.runs["journal"], lambda runs: runs == 2)
    host.hub.lose_reader()
    gate.set()


@pytest.mark.usefixtures("journal")
async def test_killed_batch_runs_after_what_came_later(open_hub: Open, app: App) -> None:
    """Host-protocol 7.10: signals 1, 2, kill, 3 make 1, 3, 2."""
    clock = ManualClock()
    host = await open_hub(clock=clock, queues=TIMES, lease=LEASE)
    await kill_in_the_middle(host, app, clock)
    await host.client.signal_entity(K, "3")
    await let_run(clock, 30)
    assert app.runs["journal"] == 2, "somebody has worked before the lease was over"
    assert await state_of(host, clock, 2) == ["1", "3"]
    await let_run(clock, 200)
    assert app.runs["journal"] == 3, "what was in flight has come too early"
    await let_run(clock, 100)
    assert await state_of(host, clock, 3) == ["1", "3", "2"]


@pytest.mark.usefixtures("journal")
async def test_signals_without_a_reader_are_kept_in_order(open_hub: Open, app: App) -> None:
    clock = ManualClock()
    host = await open_hub(clock=clock, queues=TIMES, lease=LEASE)
    host.hub.lose_reader()
    for name in "abc":
        await host.client.signal_entity(K, name)
    await until(clock.next_alarm_in, lambda alarm: alarm is not None)
    host.hub.lose_reader()  # nobody is there to be lost
    clock.advance(40)
    for name in "de":
        await host.client.signal_entity(K, name)
    assert await state_of(host, clock, 5) == list("abcde")
    assert app.runs["journal"] <= 5


@pytest.mark.usefixtures("journal")
async def test_next_host_waits_for_lease_and_visibility(
    open_hub: Open, app: App, tmp_path: Path
) -> None:
    clock = ManualClock()
    host = await open_hub(clock=clock, queues=TIMES, lease=LEASE)
    await kill_in_the_middle(host, app, clock)
    await asyncio.sleep(0.02)
    copy = copy_as_killed(tmp_path)
    await host.stop()
    copy.rename(tmp_path / "hub.db")
    later = ManualClock()
    later.advance(60)
    second = await open_hub(clock=later, queues=TIMES, lease=LEASE)
    await second.client.signal_entity(K, "3")
    await let_run(later, 39)
    assert app.runs["journal"] == 2
    assert await state_of(second, later, 2) == ["1", "3"]
    assert await state_of(second, later, 3) == ["1", "3", "2"]


@pytest.mark.usefixtures("journal")
async def test_host_that_stopped_in_order_leaves_no_lease(open_hub: Open, app: App) -> None:
    first = await open_hub(queues=TIMES, lease=LEASE)
    await first.stop()
    clock = ManualClock()
    second = await open_hub(clock=clock, queues=TIMES, lease=LEASE)
    await second.client.signal_entity(K, "1")
    await let_run(clock, 2)
    await until(lambda: app.runs["journal"], lambda runs: runs == 1)


async def test_killed_activity_runs_again_and_counts_once(open_hub: Open, app: App) -> None:
    @app.activity
    def work(number: int) -> int:
        return number + 1

    @app.orchestrator
    def ask(context: Any) -> Any:
        return (yield context.call_activity("work", 1))

    clock = ManualClock()
    host = await open_hub(clock=clock, queues=TIMES, lease=LEASE)
    gate = app.close_gate("work")
    await host.client.start_new("ask", "i")
    await let_run(clock, 5)
    await until(lambda: app.runs["work"], lambda runs: runs == 1)
    host.hub.lose_reader()
    gate.set()
    await let_run(clock, 50)
    assert (app.runs["work"], await host.state_of("i")) == (1, "Running")
    await let_run(clock, 60)
    assert (await host.finished("i")).output == 2
    assert app.runs["work"] == 2


async def test_clients_apart_do_not_wake_the_reader(open_hub: Open, app: App) -> None:
    @app.orchestrator
    def nothing(context: Any) -> Any:
        yield context.create_timer(context.current_utc_datetime)
        return 1

    clock = ManualClock()
    host = await open_hub(clock=clock, queues=TIMES)
    apart = Management(host.hub._resources, Apart(host.hub))
    clock.advance(60.4)
    await apart.start("nothing", "i", None, None)
    await asyncio.sleep(0.02)
    assert not app.runs["nothing"]
    await let_run(clock, 1)
    await until(lambda: app.runs["nothing"], lambda runs: runs == 2)
