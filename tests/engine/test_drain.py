"""Requests that nobody waits for: drains, hand-over, the sweeper."""

import asyncio
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from activities import drain, hand_over, outbox
from activities.append import Appender
from activities.drain import Drains
from activities.hand_over import HandOver
from intake import sweep
from intake.sweep import Sweeper
from store.ports.inbox import Waiting
from store.ports.records import Request, Unknown, Unreadable
from tests.concurrency.passes import counted
from tests.domain_under_test import nth_key
from tests.engine.parts import KEY, EngineUnderTest, hang, now, request, waiting

TEN_SECONDS = timedelta(seconds=10)


class Rows(list[Waiting]):
    """A page that tells whether it is still held."""


def sweeper_of(engine: EngineUnderTest) -> Sweeper:
    inbox: Any = engine.inbox
    return Sweeper(inbox, engine.drains, engine.tell, now, Random(1))


async def test_drain_brings_the_whole_inbox_into_the_log(engine: EngineUnderTest) -> None:
    for first in range(0, 1_200, 100):
        await engine.wait_in_inbox(*(request(f"r{first + n}") for n in range(100)), seconds=60)
    assert await engine.drains.drain(KEY, engine.hub, 60)
    assert len(await engine.real.log.read(KEY, 0, 1_000)) == 1_000
    assert (await engine.real.log.head(KEY)).place == 1_200
    assert await engine.rows() == []


async def test_drain_reads_the_order_before_it_signals(engine: EngineUnderTest) -> None:
    await engine.wait_in_inbox(request("a"), request("b"))
    engine.hub.commit(KEY, ["b", "a"], [], 0)
    assert await engine.drains.drain(KEY, engine.hub, 10)
    assert await engine.logged() == ["b", "a"]
    assert engine.hub.signals == [(KEY, (), ("b", "a"), 2)]


async def test_drain_of_what_is_in_the_log_removes_the_rows(engine: EngineUnderTest) -> None:
    await engine.append(request("a"))
    await engine.wait_in_inbox(request("a"), seconds=60)
    assert await engine.drains.drain(KEY, engine.hub, 10)
    assert await engine.logged() == ["a"]
    assert await engine.rows() == []


async def test_known_done_does_not_skip_a_row_that_came_back(engine: EngineUnderTest) -> None:
    """Counterexample H: a fail-over took the entry and brought the inbox row back."""
    await engine.place(request("a"))
    await engine.until_inbox_is_empty()
    lane = engine.emitter._lanes.lane(KEY)
    lane.done["b"] = None
    await engine.wait_in_inbox(request("b"), seconds=60)
    engine.hub.commit(KEY, ["b"], [], 1)
    assert await engine.drains.drain(KEY, engine.hub, 10)
    assert await engine.logged() == ["a", "b"]


async def test_drain_gives_up_in_time_and_says_so(engine: EngineUnderTest) -> None:
    engine.log.before["tail"] = [hang]
    await engine.wait_in_inbox(request("a"), seconds=60)
    assert not await engine.drains.drain(KEY, engine.hub, 0.1)


async def test_activity_returns_the_keys_that_are_left(engine: EngineUnderTest) -> None:
    await engine.wait_in_inbox(request("a"), seconds=60)
    await engine.wait_in_inbox(request("a", key="8"), seconds=60)
    engine.inbox.before["page"] = [Unknown("no answer")]
    left = await outbox.emit(engine.drains, [KEY, "8"], engine.hub)
    assert left in ([KEY], ["8"])
    assert await outbox.emit(engine.drains, left, engine.hub) == []


@pytest.mark.parametrize("message", [None, "7", {"keys": ["7"]}, [7], [["7"]]])
async def test_message_of_another_kind_is_left_to_the_sweeper(
    engine: EngineUnderTest, message: Any
) -> None:
    assert await outbox.emit(engine.drains, message, engine.hub) == []


async def test_hand_overs_of_one_moment_share_a_start(engine: EngineUnderTest) -> None:
    starts = HandOver(engine.tell)
    await asyncio.gather(*(starts.hand_over([f"{n % 7}"], engine.hub) for n in range(100)))
    assert len(engine.hub.handed_over) <= 2
    assert {key for keys in engine.hub.handed_over for key in keys} == {str(n) for n in range(7)}


async def test_hand_over_after_a_start_starts_again(engine: EngineUnderTest) -> None:
    starts = HandOver(engine.tell)
    await starts.hand_over([KEY], engine.hub)
    await starts.hand_over([KEY], engine.hub)
    assert engine.hub.handed_over == [[KEY], [KEY]]


async def test_sweep_takes_up_only_what_is_old(engine: EngineUnderTest) -> None:
    await engine.wait_in_inbox(request("old"), seconds=60)
    await engine.wait_in_inbox(request("new", key="8"))
    assert await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 60) == 0
    assert await engine.logged() == ["old"]
    assert await engine.rows("8") == ["new"]
    assert engine.hub.handed_over == []


async def test_sweep_with_a_dead_hub_numbers_what_waits(engine: EngineUnderTest) -> None:
    engine.hub.hangs = True
    for key in range(1, 30):
        await engine.wait_in_inbox(request("a", key=str(key)), seconds=60)
    assert await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 60) == 0


async def test_sweep_that_ends_full_goes_on(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "KEYS_MAX", 3)
    for key in range(1, 11):
        await engine.wait_in_inbox(request("a", key=str(key)), seconds=60)
    assert await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 60) == 0
    assert [await engine.rows(str(key)) for key in range(1, 11)] == [[]] * 10


async def test_full_sweep_whose_time_is_over_has_not_failed(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on because it was full, and lists nothing more in what is left of its time."""
    monkeypatch.setattr(sweep, "KEYS_MAX", 1)
    await engine.wait_in_inbox(request("a"), seconds=60)
    overdue = engine.inbox.overdue
    listings = 0

    async def slow(*args: Any) -> AsyncIterator[Sequence[Waiting]]:
        nonlocal listings
        listings += 1
        if listings > 1:
            await hang()
        async for each in overdue(*args):
            yield each

    engine.inbox.overdue = slow
    assert await sweeper_of(engine).sweep(engine.hub, timedelta(seconds=10), 2.0) == 0
    assert listings == 2
    assert await engine.logged() == ["a"]


async def test_sweep_that_cannot_append_leaves_the_rows(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "KEY_SECONDS_MAX", 0.3)
    await engine.wait_in_inbox(request("a"), seconds=60)
    engine.log.before["append"] = [Unknown("no answer")] * 100
    assert await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 5) == 1
    assert engine.calls["log.append"] <= 4  # and pauses meanwhile
    assert await engine.logged() == []
    assert await engine.rows() == ["a"]
    engine.log.before["append"] = []
    monkeypatch.setattr(sweep, "KEY_SECONDS_MAX", 30.0)
    assert await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 30) == 0
    assert await engine.logged() == ["a"]


async def test_hanging_keys_do_not_hide_keys_behind_them(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "KEYS_MAX", 10)
    monkeypatch.setattr(sweep, "SLOW_KEYS_MAX", 2)
    monkeypatch.setattr(sweep, "KEY_SECONDS_MAX", 0.2)
    monkeypatch.setattr(drain, "DRAIN_SECONDS_MAX", 0.05)
    for key in range(10, 60):
        await engine.wait_in_inbox(request("a", key=str(key)), seconds=60)
    await engine.wait_in_inbox(request("a", key="99"), seconds=60)
    head = engine.log.head

    async def hanging(key: str) -> Any:
        if key != "99":
            await hang()
        return await head(key)

    monkeypatch.setattr(engine.log, "head", hanging, raising=False)
    sweeper = sweeper_of(engine)
    for _ in range(10):
        await sweeper.sweep(engine.hub, TEN_SECONDS, 5)
        if not await engine.rows("99"):
            break
    assert await engine.logged("99") == ["a"]


async def test_domains_share_the_drains_of_a_process(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two domains in one process each has half of them, whatever the other one does."""
    monkeypatch.setattr(drain, "DRAIN_SECONDS_MAX", 3_600)
    under_way: Counter[int] = Counter()
    all_: list[asyncio.Task[bool]] = []
    for domain in range(2):

        async def page(*_: object, domain: int = domain) -> Any:
            under_way[domain] += 1
            await hang()

        inbox: Any = SimpleNamespace(page=page)
        drains = Drains(inbox, engine.emitter, engine.tell, now, 2)
        all_ += [
            asyncio.create_task(drains.drain(nth_key(n), engine.hub, 3_600)) for n in range(1, 21)
        ]
    for _ in range(100):  # all that may begin has begun
        await asyncio.sleep(0)
    assert under_way == {0: drain.DRAINS_MAX // 2, 1: drain.DRAINS_MAX // 2}
    for each in all_:
        each.cancel()
    await asyncio.wait(all_)


async def test_sweep_ends_soon_after_its_time(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.log, "head", hang, raising=False)
    await engine.wait_in_inbox(request("a"), seconds=60)
    async with asyncio.timeout(5):
        assert await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 0.2) == 1


async def test_slow_keys_that_others_finish_are_forgotten(engine: EngineUnderTest) -> None:
    await engine.wait_in_inbox(request("a"), seconds=60)
    engine.log.before["head"] = engine.log.before["tail"] = [Unknown("lost")] * 9
    sweeper = sweeper_of(engine)
    assert await sweeper.sweep(engine.hub, TEN_SECONDS, 0.3) == 1
    engine.log.before.clear()
    assert sweeper._slow == {KEY}
    await engine.real.inbox.remove(KEY, ["a"])
    assert await sweeper.sweep(engine.hub, TEN_SECONDS, 10) == 0
    assert sweeper._slow == set()


async def test_listing_that_hangs_ends_with_half_the_time(engine: EngineUnderTest) -> None:
    """What has come by then is drained."""
    await engine.wait_in_inbox(request("a"), seconds=60)
    overdue = engine.real.inbox.overdue

    async def hanging(before: Any) -> AsyncIterator[Sequence[Waiting]]:
        async for each in overdue(before):
            yield each
        await hang()

    engine.inbox.overdue = hanging
    assert await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 2.0) == 0
    assert await engine.logged() == ["a"]


async def test_listing_that_brings_nothing_in_time_is_an_error(engine: EngineUnderTest) -> None:
    async def hanging(_: Any) -> AsyncIterator[Sequence[Waiting]]:
        await hang()
        yield ()

    engine.inbox.overdue = hanging
    with pytest.raises(Unknown):
        await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 0.1)


async def test_key_with_unreadable_rows_serves_others_meanwhile(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of such a key the inbox shows one row without a payload (`Inbox.overdue`)."""
    monkeypatch.setattr(sweep, "KEY_SECONDS_MAX", 2.0)

    async def overdue(_: object) -> Any:
        yield waiting(Request(KEY, "newer", ""), seconds=60)

    monkeypatch.setattr(engine.inbox, "overdue", overdue, raising=False)
    engine.inbox.before["page"] = [Unreadable("a newer release wrote it")]
    sweeping = asyncio.create_task(sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 60))
    await asyncio.sleep(0.05)
    assert await engine.place(request("a"), seconds=1.0) == 1
    assert await sweeping == 1


async def test_unreadable_row_does_not_stop_a_long_backlog(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable(*_: object) -> None:
        raise Unreadable("a newer release wrote one of them")

    monkeypatch.setattr(engine.inbox, "page", unreadable, raising=False)
    for n in range(3):
        requests = [request(f"r{n}-{i}") for i in range(50)]
        await engine.wait_in_inbox(*requests, seconds=60)
    assert await sweeper_of(engine).sweep(engine.hub, TEN_SECONDS, 60) == 1
    assert len(await engine.logged()) == 100


async def test_activity_ends_in_time_however_many_keys_hang(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "KEY_SECONDS_MAX", 0.2)
    monkeypatch.setattr(outbox, "RUN_SECONDS_MAX", 0.4)
    monkeypatch.setattr(drain, "DRAIN_SECONDS_MAX", 0.1)
    keys = [str(key) for key in range(1, 1_001)]

    monkeypatch.setattr(engine.inbox, "page", hang, raising=False)
    async with asyncio.timeout(6):
        assert await outbox.emit(engine.drains, keys, engine.hub) == keys


async def test_slow_keys_of_a_sweep_are_held_a_few_at_a_time(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "SLOW_KEYS_MAX", 5)
    monkeypatch.setattr(sweep, "KEY_SECONDS_MAX", 0.05)
    monkeypatch.setattr(drain, "DRAIN_SECONDS_MAX", 0.01)
    held: list[weakref.ref[Rows]] = []
    most = 0

    async def overdue(_: object) -> Any:
        nonlocal most
        for key in range(200):
            rows = Rows(waiting(request("a", key=str(key)), seconds=60))
            held.append(weakref.ref(rows))
            yield rows
            del rows
            most = max(most, sum(each() is not None for each in held))

    monkeypatch.setattr(engine.inbox, "overdue", overdue, raising=False)
    monkeypatch.setattr(engine.log, "head", hang, raising=False)
    sweeper = sweeper_of(engine)
    await sweeper.sweep(engine.hub, TEN_SECONDS, 1)
    held.clear()
    most = 0
    await sweeper.sweep(engine.hub, TEN_SECONDS, 1)
    assert most <= 10


async def test_starts_that_hang_leave_connections_to_others(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_over, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(hand_over, "WAIT_SECONDS_MAX", 0.001)
    started: list[list[str]] = []
    may_go = asyncio.Event()

    async def hang(keys: Sequence[str]) -> None:
        started.append(list(keys))
        await may_go.wait()

    monkeypatch.setattr(engine.hub, "hand_over", hang)
    starts = HandOver(engine.tell)
    for key in range(50):
        await starts.hand_over([str(key)], engine.hub)
    assert len(started) <= hand_over.STARTS_MAX
    may_go.set()
    await starts.hand_over(["50"], engine.hub)
    await asyncio.sleep(0.05)
    assert {key for keys in started for key in keys} == {str(n) for n in range(51)}


async def test_keys_without_waiters_fold_one_after_the_other(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer takes some twenty passes of the event loop: eight folds in each are felt."""
    keys = [nth_key(n) for n in range(1, 9)]
    for key in keys:
        rows = [request(f"r{n}", key=key) for n in range(100)]
        await engine.wait_in_inbox(*rows, seconds=60)
    folds, fold = Counter[int](), Appender._fold
    async with counted() as passes:

        def noted(*args: Any) -> Any:
            folds[passes()] += 1
            return fold(*args)

        monkeypatch.setattr(Appender, "_fold", noted)
        assert all(await asyncio.gather(*(engine.drains.drain(k, engine.hub, 60) for k in keys)))
    assert folds.total() >= len(keys)
    assert max(folds.values()) == 1
