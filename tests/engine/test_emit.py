"""The emitter, round by round: what it does with an order, whatever that says."""

import asyncio
import threading
from collections import Counter
from typing import Any

import pytest

from activities import append, emit, entity_calls, lane
from activities.emit import Emitter
from entities.order import OUTBOX_CHARACTERS_MAX, Order, characters, create
from intake.accept import Replayed
from store.ports.records import Conflict, Entry, Unknown
from taskhub.port import HubUnknown
from tests.domain_under_test import OTHER_KEY, nth_key
from tests.engine.parts import KEY, EngineUnderTest, hang, now, request, until


async def test_lone_request_costs_three_store_and_two_hub_calls(engine: EngineUnderTest) -> None:
    await engine.place(request("warm"))
    await engine.until_inbox_is_empty()
    engine.calls.clear()
    engine.hub.calls.clear()
    answer = await engine.post(request("a"), made_here=True)
    assert isinstance(answer, Entry)
    assert answer.place == 2
    await engine.until_inbox_is_empty()
    assert engine.calls == {"inbox.put": 1, "log.append": 1, "inbox.remove": 1}
    assert engine.hub.calls["create"] == 1
    assert engine.hub.calls["order"] <= 3


async def test_entity_that_runs_on_another_thread_is_heard(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with Durable SDK 2.x; an asyncio.Event may be set on the thread of its loop only."""
    await engine.place(request("a"))
    threads: list[int] = []
    bell = engine.emitter.lane(KEY).bell
    monkeypatch.setattr(bell, "set", lambda: threads.append(threading.get_ident()))
    await asyncio.to_thread(engine.emitter.entity_ran, KEY)
    await asyncio.sleep(0)
    assert threads == [threading.get_ident()]


async def test_done_ids_travel_with_the_next_signal(engine: EngineUnderTest) -> None:
    await engine.place(request("a"))
    await engine.place(request("b"))
    assert engine.hub.signals == [(KEY, ("a",), (), 0), (KEY, ("b",), ("a",), 1)]


async def test_requests_get_their_places_in_the_entitys_order(engine: EngineUnderTest) -> None:
    await engine.accept(*(request(each) for each in "abc"))
    engine.hub.commit(KEY, ["c", "a", "b"], [], 0)
    await asyncio.gather(*(engine.emitter.answer(request(e), engine.hub, 10) for e in "abc"))
    assert await engine.logged() == ["c", "a", "b"]


async def test_entity_that_says_anything_never_breaks_the_log(engine: EngineUnderTest) -> None:
    await engine.place(request("a"))
    engine.hub.shown = [
        Order(99, ("a", "a", "never-asked", "b")),
        Order(0, ("b", "a")),
        HubUnknown("gone"),
        Order(1, ("b", "b")),
    ]
    assert await engine.place(request("b")) == 2
    assert await engine.logged() == ["a", "b"]


async def test_id_without_a_row_is_told_done_and_never_appended(engine: EngineUnderTest) -> None:
    engine.hub.commit(KEY, ["ghost"], [], 0)
    await engine.place(request("a"))
    await engine.place(request("b"))
    assert await engine.logged() == ["a", "b"]
    assert "ghost" in {each for _, _, done, _ in engine.hub.signals for each in done}


async def test_id_of_another_process_is_appended_too(engine: EngineUnderTest) -> None:
    await engine.wait_in_inbox(request("theirs"))
    engine.hub.commit(KEY, ["theirs"], [], 0)
    assert await engine.place(request("mine")) == 2
    assert await engine.logged() == ["theirs", "mine"]


async def test_full_page_of_the_inbox_proves_no_absence(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append, "INBOX_PAGE_ROWS", 2)
    ids = [f"other{n}" for n in range(6)]
    await engine.other().accept(*map(request, ids))
    engine.hub.commit(KEY, ids, [], 0)
    await engine.place(request("mine"))
    assert await engine.logged() == [*ids, "mine"]


async def test_waiter_whose_id_was_done_by_another_is_answered(engine: EngineUnderTest) -> None:
    """Counterexample C: numbered and acknowledged by another process, so never listed again."""
    await engine.accept(request("w"))
    await engine.append(request("w"))
    engine.hub.orders[KEY] = Order(1, ())
    engine.hub.loses_signals = True
    answer = await engine.emitter.answer(request("w"), engine.hub, 2.5)
    assert isinstance(answer, Entry)
    assert answer.place == 1


async def test_conflict_is_followed_by_one_read_of_the_tail(engine: EngineUnderTest) -> None:
    await engine.place(request("a"))
    await engine.append(request("x"), request("y"))
    engine.calls.clear()
    assert await engine.place(request("b")) == 4
    assert engine.calls["log.append"] == 2
    assert engine.calls["log.tail"] == 1
    assert engine.calls["log.head"] == 0


async def test_nobody_is_answered_before_the_append(engine: EngineUnderTest) -> None:
    held, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        held.set()
        await go_on.wait()

    engine.log.before["append"] = [wait]
    asked = asyncio.create_task(engine.post(request("a")))
    await held.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    assert not asked.done()
    go_on.set()
    assert isinstance(await asked, Entry)
    assert await engine.logged() == ["a"]


async def test_append_whose_answer_was_lost_is_seen_in_the_log(engine: EngineUnderTest) -> None:
    engine.log.after["append"] = [Unknown("no answer")]
    assert await engine.place(request("a")) == 1
    assert await engine.logged() == ["a"]
    await engine.until_inbox_is_empty()


async def test_append_that_did_not_happen_is_done_again(engine: EngineUnderTest) -> None:
    engine.log.before["append"] = [Unknown("no answer")]
    assert await engine.place(request("a")) == 1
    assert await engine.logged() == ["a"]


async def test_append_that_lands_late_is_not_doubled(engine: EngineUnderTest) -> None:
    """Unknown; not there when looked for; there when it is tried again."""
    engine.log.before["append"] = [Unknown("no answer")]

    async def late() -> None:
        await engine.append(request("a"))

    engine.log.after["tail"] = [None, late]
    assert await engine.place(request("a")) == 1
    assert await engine.logged() == ["a"]


async def test_stale_cached_head_never_overwrites(engine: EngineUnderTest) -> None:
    other = engine.other()
    await engine.place(request("a"))
    for place, name in enumerate("bcdefg", start=2):
        process = other if place % 2 else engine
        assert await process.place(request(name)) == place
    assert await engine.logged() == list("abcdefg")


async def test_many_waiters_share_transactions(engine: EngineUnderTest) -> None:
    requests = [request(f"r{n}") for n in range(200)]
    await engine.accept(*requests)
    await asyncio.gather(*(engine.emitter.answer(e, engine.hub, 10) for e in requests))
    assert engine.calls["log.append"] <= 200 // 49 + 8
    assert sorted(await engine.logged()) == sorted(each.id for each in requests)


async def test_two_waiters_for_one_id_get_one_answer(engine: EngineUnderTest) -> None:
    await engine.accept(request("a"))
    answers = await asyncio.gather(
        *(engine.emitter.answer(request("a"), engine.hub, 10) for _ in range(3))
    )
    assert len({each.place for each in answers if isinstance(each, Entry)}) == 1


async def test_full_outbox_of_done_ids_is_cleared(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counterexample A. The first signal finds no room; the next one tells what is done and has it,
    so no request waits for the order of last resort.
    """
    monkeypatch.setattr(emit, "OVERDUE_SECONDS", 60.0)
    ids = [f"{n:0240}" for n in range(OUTBOX_CHARACTERS_MAX // characters("x" * 240))]
    engine.hub.commit(KEY, ids, [], 0)
    assert create(engine.hub.orders[KEY], ["x" * 240], [], 0) == engine.hub.orders[KEY]
    await engine.place(request("x" * 240))
    await engine.place(request("y" * 240))
    await engine.place(request("z" * 240))
    assert len(engine.hub.orders[KEY].outbox) < len(ids) // 2


async def test_mute_hub_delays_by_three_seconds_only(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emit, "OVERDUE_SECONDS", 0.2)
    engine.hub.loses_signals = True
    assert await engine.place(request("a")) == 1


async def test_hanging_hub_delays_by_three_seconds_only(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emit, "OVERDUE_SECONDS", 0.2)
    engine.hub.hangs = True
    places = await asyncio.gather(*(engine.place(request("a", key=f"{n}")) for n in range(1, 100)))
    assert set(places) == {1}


async def test_order_of_last_resort_is_that_of_acceptance(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emit, "OVERDUE_SECONDS", 0.3)
    engine.hub.loses_signals = True
    waits = []
    for name in "cab":
        await engine.accept(request(name))
        waits.append(asyncio.create_task(engine.emitter.answer(request(name), engine.hub, 10)))
        await asyncio.sleep(0)
    await asyncio.gather(*waits)
    assert await engine.logged() == ["c", "a", "b"]


async def test_working_entity_never_meets_the_last_resort(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[object] = []
    monkeypatch.setattr(engine.tell, "last_resort", lambda *args, **_: used.append(args))
    requests = [request(f"r{n}", key=f"{n % 7 + 1}") for n in range(100)]
    await asyncio.gather(*(engine.place(each) for each in requests))
    assert not used


async def test_caller_who_stops_waiting_leaves_the_request(engine: EngineUnderTest) -> None:
    engine.hub.loses_signals = True
    assert await engine.post(request("a"), seconds=0.05) is None
    assert await engine.rows() == ["a"]
    assert engine.emitter._lanes.lane(KEY).waiting == {}


async def test_repeat_after_the_answer_is_replayed(engine: EngineUnderTest) -> None:
    place = await engine.place(request("a"))
    answer = await engine.post(request("a"))
    assert isinstance(answer, Replayed)
    assert answer.entry.place == place


async def test_key_whose_store_hangs_does_not_delay_another(engine: EngineUnderTest) -> None:
    engine.log.before["append"] = [hang]
    await engine.accept(request("a"))
    stuck = asyncio.create_task(engine.emitter.answer(request("a"), engine.hub, 30))

    async def has_begun() -> bool:
        return not engine.log.before["append"]

    await until(has_begun)
    assert await engine.place(request("b", key="8")) == 1
    assert not stuck.done()
    stuck.cancel()


async def test_failing_key_backs_off_alone(engine: EngineUnderTest) -> None:
    engine.log.before["tail"] = [Conflict("broken")] * 3
    assert await engine.place(request("a")) == 1
    assert engine.calls["log.tail"] == 4


async def test_late_fence_does_not_put_an_old_head_back(engine: EngineUnderTest) -> None:
    await engine.place(request("a"))
    before = await engine.real.log.head(KEY)
    after = await engine.real.log.fence(KEY, before)
    engine.emitter.fenced(KEY, before, after)
    engine.calls.clear()
    await engine.place(request("b"))
    assert engine.calls["log.append"] == 1, "the fence of the same process renews the cached head"
    engine.emitter.fenced(KEY, before, after)
    engine.calls.clear()
    await engine.place(request("c"))
    assert engine.calls["log.append"] == 1


async def test_what_is_known_done_is_bounded(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emit, "OVERDUE_SECONDS", 0.0)
    monkeypatch.setattr(lane, "DONE_REMEMBERED_MAX", 5)
    engine.hub.loses_signals = True
    await asyncio.gather(*(engine.place(request(f"r{n}")) for n in range(50)))
    assert len(engine.emitter._lanes.lane(KEY).done) <= 5


async def test_idle_lanes_are_forgotten(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "KEYS_REMEMBERED_MAX", 10)
    for n in range(1, 40):
        await engine.place(request("a", key=str(n)))
        await engine.until_inbox_is_empty(str(n))
    assert len(list(engine.emitter._lanes)) <= 12


async def test_failed_round_is_retried_for_its_waiters(
    engine: EngineUnderTest,
) -> None:
    engine.hub.shown = [ZeroDivisionError("a bug")]
    assert await engine.place(request("a"), seconds=5.0) == 1


async def test_key_that_failed_for_hours_goes_on_when_it_can(
    engine: EngineUnderTest,
) -> None:
    """A doubling pause has no float after 1,024 failures."""
    engine.emitter._lanes.lane(KEY).failures = 2_000
    engine.log.before["tail"] = [Unknown("no answer")]
    assert await engine.place(request("a")) == 1


async def test_flood_without_waiters_leaves_hub_calls_to_others(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub that takes 20 ms a signal: 500 of them would be half a second for everybody else."""
    monkeypatch.setattr(entity_calls, "HUB_CALLS_MAX", 2)
    engine = engine.other()
    signal = engine.hub.create

    async def slow(*args: Any) -> None:
        await asyncio.sleep(0.02)
        await signal(*args)

    monkeypatch.setattr(engine.hub, "create", slow)
    flood = [
        asyncio.create_task(engine.emitter.announce([request(f"r{n}", key="8")], engine.hub))
        for n in range(500)
    ]
    await asyncio.sleep(0.01)
    assert await engine.place(request("lone"), seconds=2.0) == 1
    assert engine.hub.calls["create"] < 50
    await asyncio.wait(flood)


async def test_entry_above_the_head_makes_its_key_back_off(engine: EngineUnderTest) -> None:
    """Damage: each append meets the row, and the head never moves."""
    await engine.place(request("a"))
    file: Any = engine.real
    await file.opened().write(
        lambda db: db.execute(
            "INSERT INTO entry SELECT key, 2, 'stray', payload, output, refused, version, mark,"
            " logged_at FROM entry"
        )
    )
    assert await engine.post(request("b"), 1.0) is None
    assert engine.calls["log.append"] < 10


async def test_flooded_domain_leaves_hub_calls_to_others(engine: EngineUnderTest) -> None:
    """Of three domains in one process each has a third of the calls."""
    emitter = Emitter(engine.real, engine.decider, engine.tell, now, 3)
    engine.hub.hangs = True
    waits = [
        asyncio.create_task(emitter.answer(request("a", key=nth_key(n)), engine.hub, 0.2))
        for n in range(1, 41)
    ]
    await asyncio.sleep(0.1)
    assert 0 < engine.hub.calls.total() <= entity_calls.HUB_CALLS_MAX // 3
    await asyncio.wait(waits)


@pytest.mark.parametrize("domains", [6, 10])
async def test_key_that_hangs_leaves_its_domain_a_hub_call(
    domains: int, engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of so many domains each has three calls or two, which two signals and a read would take."""
    monkeypatch.setattr(emit, "OVERDUE_SECONDS", 3_600.0)
    monkeypatch.setattr(entity_calls, "READ_SECONDS_MAX", 3_600.0)
    signal, read = engine.hub.create, engine.hub.order
    hanging: Counter[str] = Counter()

    async def create(key: str, *about: Any) -> None:
        if key != KEY:
            hanging["create"] += 1
            await hang()
        await signal(key, *about)

    async def order(key: str) -> Order:
        if key != KEY:
            hanging["order"] += 1
            await hang()
        return await read(key)

    monkeypatch.setattr(engine.hub, "create", create)
    monkeypatch.setattr(engine.hub, "order", order)
    emitter = Emitter(engine.real, engine.decider, engine.tell, now, domains)
    emitter._entities.pace._listing = 0.5  # time for more signals before the read
    waits: list[asyncio.Task[Any]] = []
    for number in range(5):  # one after another, or they share a signal
        asked = request(f"r{number}", key=OTHER_KEY)
        waits.append(asyncio.create_task(emitter.answer(asked, engine.hub, 3_600)))
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    assert hanging
    lone = await emitter.answer(request("lone"), engine.hub, 30)
    assert lone is not None
    for each in waits:
        each.cancel()
    await asyncio.wait(waits)


async def test_key_whose_signals_hang_reads_its_order(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of six domains each has three calls, and a key two of them: one is for reading."""
    monkeypatch.setattr(emit, "OVERDUE_SECONDS", 3_600.0)
    monkeypatch.setattr(engine.hub, "create", hang)
    engine.hub.commit(KEY, ["r0"], [], 0)  # a signal of another process
    emitter = Emitter(engine.real, engine.decider, engine.tell, now, 6)
    emitter._entities.pace._listing = 0.5  # time for more signals before the read
    others: list[asyncio.Task[Any]] = []
    for number in range(1, 4):
        asked = request(f"r{number}")
        others.append(asyncio.create_task(emitter.answer(asked, engine.hub, 3_600)))
        await asyncio.sleep(0.01)
    assert await emitter.answer(request("r0"), engine.hub, 30) is not None
    for each in others:
        each.cancel()
    await asyncio.wait(others)
