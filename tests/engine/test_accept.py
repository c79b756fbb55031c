"""Intake: what is accepted, replayed, refused or not stored, and in which order it looks."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from concurrency import turns
from intake import accept, admission
from intake.accept import Accepted, NotStored, Reason, Refused, Replayed
from intake.admission import Overloaded
from store.ports.records import ERASED, Conflict, Request, Unknown, Unreadable, Unusable
from tests.concurrency.passes import counted
from tests.domain_under_test import nth_key
from tests.engine.parts import KEY, EngineUnderTest, hang, now, request, until


async def test_new_request_is_in_the_inbox_when_accepted(engine: EngineUnderTest) -> None:
    assert await engine.accept(request("a")) == [Accepted()]
    assert await engine.rows() == ["a"]


async def test_repeat_in_the_inbox_is_accepted_again(engine: EngineUnderTest) -> None:
    await engine.accept(request("a"))
    assert await engine.accept(request("a")) == [Accepted()]
    assert await engine.accept(request("a", "Other")) == [Refused(Reason.OTHER_CONTENT)]
    assert await engine.rows() == ["a"]


async def test_repeat_in_the_log_is_replayed_and_leaves_no_row(engine: EngineUnderTest) -> None:
    await engine.append(request("a"))
    (outcome,) = await engine.accept(request("a"))
    assert isinstance(outcome, Replayed)
    assert outcome.entry.place == 1
    assert await engine.accept(request("a", "Other")) == [Refused(Reason.OTHER_CONTENT)]
    assert await engine.rows() == []


async def test_same_id_in_another_key_is_another_request(engine: EngineUnderTest) -> None:
    assert await engine.accept(request("a"), request("a", "Other", key="8")) == [Accepted()] * 2


async def test_made_up_id_needs_no_look(engine: EngineUnderTest) -> None:
    assert await engine.accept(request("a"), made_here=True) == [Accepted()]
    assert engine.calls == {"inbox.put": 1}


async def test_request_row_is_read_last(engine: EngineUnderTest) -> None:
    """Numbered, and its row removed, between the insert and the look: still the same request."""

    async def numbered_meanwhile() -> None:
        await engine.append(request("a"))
        await engine.real.inbox.remove(KEY, ["a"])

    await engine.wait_in_inbox(request("a"))
    engine.inbox.after["get"] = [numbered_meanwhile]
    assert await engine.accept(request("a", "Other")) == [Refused(Reason.OTHER_CONTENT)]
    assert await engine.logged() == ["a"]


async def test_row_that_vanishes_starts_the_decision_over(engine: EngineUnderTest) -> None:
    async def vanish() -> None:
        await engine.real.inbox.remove(KEY, ["a"])

    await engine.wait_in_inbox(request("a"))
    engine.inbox.before["get"] = [vanish]
    assert await engine.accept(request("a")) == [Accepted()]
    assert await engine.rows() == ["a"]


async def test_put_whose_answer_was_lost_is_believed(engine: EngineUnderTest) -> None:
    engine.inbox.after["put"] = [Unknown("no answer")]
    assert await engine.accept(request("a")) == [Accepted()]


async def test_put_that_did_not_happen_is_not_accepted(engine: EngineUnderTest) -> None:
    engine.inbox.before["put"] = [Unknown("no answer")]
    assert await engine.accept(request("a")) == [NotStored(unreadable=False)]
    assert await engine.rows() == []


async def test_look_that_fails_is_not_accepted(engine: EngineUnderTest) -> None:
    engine.log.before["find"] = [Unknown("no answer")]
    assert await engine.accept(request("a")) == [NotStored(unreadable=False)]


async def test_unreadable_key_is_told_apart_and_alone(engine: EngineUnderTest) -> None:
    engine.log.before["find"] = [Unreadable("of a newer release")]
    outcomes = await engine.accept(request("a"), request("a", key="8"))
    assert outcomes == [NotStored(unreadable=True), Accepted()]


async def test_unusable_store_is_told_apart(engine: EngineUnderTest) -> None:
    for call in ("put", "get"):
        engine.inbox.before[call] = [Unusable("of another domain")]
    assert await engine.accept(request("a")) == [NotStored(unreadable=False, unusable=True)]


async def test_rows_that_keep_changing_are_not_accepted(engine: EngineUnderTest) -> None:
    engine.inbox.before["put"] = [Conflict("there")] * 50
    assert await engine.accept(request("a")) == [NotStored(unreadable=False)]


async def test_one_id_with_1000_payloads_is_one_look(engine: EngineUnderTest) -> None:
    outcomes = await engine.accept(*(request("a", f"content {n}") for n in range(1_000)))
    assert outcomes == [Accepted()] + [Refused(Reason.OTHER_CONTENT)] * 999
    assert engine.calls == {"inbox.put": 1, "log.find": 1}


async def test_1000_new_keys_are_accepted_a_few_at_a_time(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "KEY_SECONDS_MAX", 60.0)  # or a busy machine frees places early
    under_way, most = 0, 0
    put = engine.inbox.put

    async def counted(*args: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await put(*args)
        under_way -= 1

    monkeypatch.setattr(engine.inbox, "put", counted, raising=False)
    requests = [request("a", key=str(n)) for n in range(1, 1_001)]
    assert await engine.accept(*requests) == [Accepted()] * 1_000
    assert most <= 4


async def test_large_call_leaves_the_event_loop_to_others(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand keys are a thousand lines: 50 ms in a piece, which a lone answer would meet."""
    monkeypatch.setattr(turns, "TURN_SECONDS_MAX", 0.0)
    decided, told = Counter[int](), Counter[int]()
    same, accepted = engine.decider.same, engine.tell.accepted
    async with counted() as passes:

        def decide(*args: Any) -> bool:
            decided[passes()] += 1
            return same(*args)

        def tell(*args: Any) -> None:
            told[passes()] += 1
            accepted(*args)

        monkeypatch.setattr(engine.decider, "same", decide)
        monkeypatch.setattr(engine.tell, "accepted", tell)
        await engine.accept(*(request("a", key=nth_key(n)) for n in range(1, 41)))
    assert decided.total() == told.total() == 40
    assert max(decided.values()) == max(told.values()) == 1


async def test_erased_request_is_refused_as_erased(engine: EngineUnderTest) -> None:
    await engine.wait_in_inbox(Request(KEY, "a", ERASED))
    assert await engine.accept(request("a")) == [Refused(Reason.ERASED)]


async def test_requests_of_one_moment_share_a_transaction(engine: EngineUnderTest) -> None:
    await asyncio.gather(*(engine.accept(request(f"r{n}"), made_here=True) for n in range(50)))
    assert engine.calls["inbox.put"] <= 2


async def test_hanging_key_does_not_delay_another(engine: EngineUnderTest) -> None:
    engine.inbox.before["put"] = [hang]
    stuck = asyncio.create_task(engine.accept(request("a")))

    async def has_begun() -> bool:
        return not engine.inbox.before["put"]

    await until(has_begun)
    assert await engine.accept(request("b", key="8")) == [Accepted()]
    stuck.cancel()


async def test_call_ends_in_time_however_many_wait_before_it(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "CALL_SECONDS_MAX", 0.1)
    engine.inbox.before["put"] = [hang]
    many = [engine.accept(request(f"r{n}")) for n in range(250)]
    async with asyncio.timeout(30):  # the store never answers: whoever waits for it reaches this
        outcomes = await asyncio.gather(*many)
    assert outcomes == [[NotStored(unreadable=False)]] * 250
    assert engine.calls["inbox.put"] == 1  # none of them waited for a second round


async def test_overload_refuses_before_anything_is_stored(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "REQUESTS_WAITING_MAX", 4)
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    engine.inbox.before["put"] = [wait]
    first = asyncio.create_task(engine.accept(request("a"), request("b")))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await engine.accept(request("c"))
    assert await engine.accept(request("d", key="8")) == [Accepted()]
    gate.set()
    assert await first == [Accepted()] * 2
    assert await engine.rows() == ["a", "b"]


async def test_damaged_payload_is_unknown_to_its_request_alone(engine: EngineUnderTest) -> None:
    await engine.real.inbox.put([Request(KEY, "a", '{"title"')], now())
    damaged, other = await engine.accept(request("a"), request("b", key="8"))
    assert damaged == NotStored(unreadable=True)
    assert other == Accepted()


async def test_repeat_of_what_a_newer_release_kept_is_unknown(engine: EngineUnderTest) -> None:
    """What that release has filled in cannot be told from what was asked: it may be a repeat."""
    kept = Request(KEY, "a", '{"fieldOfTomorrow":true}')
    await engine.wait_in_inbox(kept)
    assert await engine.accept(request("a")) == [NotStored(unreadable=True)]
    assert await engine.rows() == ["a"]
