"""A domain function that fails: the request is a dead letter, and the next one goes on."""

import asyncio
import logging
import sys
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import pytest

from activities.lane import Dead
from domain import Domain, Key
from domain.decider import Folded
from domain.time_limit import TookTooLong
from entities.order import Order
from intake.accept import Accepted
from store.ports.deadletters import FOLD, Name
from store.ports.records import Entry, Request, Unknown
from telemetry.decisions import LOGGER
from tests.domain_under_test import OTHER_KEY, nth_key
from tests.engine.parts import KEY, EngineUnderTest, Gate, now
from tools.deadletters.desk import Change, Desk, Outcome


@dataclass(frozen=True, slots=True)
class Sum:
    amount: int


@dataclass(frozen=True, slots=True)
class Total:
    total: int


LIMIT = 100
EXITS = 14
ENDLESS = 15


def still_running() -> None:
    """Called again and again by the function without an end."""


def add(request: Sum, total: int) -> tuple[Total, int]:
    if request.amount == 13:
        raise ZeroDivisionError("thirteen")
    if request.amount == EXITS:
        sys.exit("stop the worker")
    while request.amount == ENDLESS:
        still_running()
    if total + request.amount > LIMIT:
        raise ValueError("too much for this state")
    return Total(total + request.amount), total + request.amount


SUMS = Domain(
    name="total",
    key=Key("accountId", str),
    empty=0,
    versions={1: add},
    examples=[(Sum(1), Total(1)), (Sum(2), Total(3))],
)


def mended(request: Sum, total: int) -> tuple[Total, int]:
    return Total(total + request.amount), total + request.amount


MENDED = replace(SUMS, versions={1: add, 2: mended})


def asking(request_id: str, amount: int, key: str = KEY) -> Request:
    return Request(key, request_id, f'{{"amount":{amount}}}')


@pytest.fixture(name="sums")
def _sums(engine: EngineUnderTest) -> EngineUnderTest:
    return EngineUnderTest(engine.real, domain=SUMS)


async def test_failing_request_becomes_a_dead_letter(sums: EngineUnderTest) -> None:
    dead = await sums.post(asking("a", 13))
    assert isinstance(dead, Dead)
    assert "ZeroDivisionError: thirteen" in dead.reason
    letter = await sums.deadletters.get(Name(FOLD, KEY, "a"))
    assert letter is not None
    assert letter.body == b'{"amount":13}'
    await sums.until_inbox_is_empty()
    assert await sums.logged() == []


async def test_requests_beside_a_failing_one_go_on(sums: EngineUnderTest) -> None:
    amounts = [1, 13, 2, 13, 3]
    requests = [asking(f"r{n}", amount) for n, amount in enumerate(amounts)]
    await sums.wait_in_inbox(*requests, seconds=60)
    assert await sums.drains.drain(KEY, sums.hub, 10)
    assert sorted(await sums.logged()) == ["r0", "r2", "r4"]
    assert await sums.rows() == []


async def test_failure_on_a_stale_head_means_nothing(sums: EngineUnderTest) -> None:
    """Another process has appended meanwhile; on the state as it is now the request succeeds."""
    await sums.place(asking("a", 90))
    stale = await sums.real.log.head(KEY)
    await sums.append(asking("b", -80))
    sums.emitter._lanes.lane(KEY).head = stale
    assert await sums.place(asking("c", 50)) == 3


async def test_letter_is_kept_before_the_row_goes(sums: EngineUnderTest) -> None:
    sums.inbox.before["discard"] = [Unknown("no answer")]
    assert isinstance(await sums.post(asking("a", 13)), Dead)
    assert await sums.rows() == ["a"]
    assert await sums.deadletters.get(Name(FOLD, KEY, "a")) is not None


async def test_letter_that_cannot_be_kept_leaves_the_row(sums: EngineUnderTest) -> None:
    class Failing:
        async def put(self, _: object) -> None:
            raise Unknown("no answer")

    appender: Any = sums.emitter._appender
    appender.store.deadletters = Failing()
    assert await sums.post(asking("a", 13), seconds=0.5) is None
    assert await sums.rows() == ["a"]


async def test_dead_request_may_be_sent_again(sums: EngineUnderTest) -> None:
    assert isinstance(await sums.post(asking("a", 13)), Dead)
    await sums.until_inbox_is_empty()
    answer = await sums.post(asking("a", 5))
    assert isinstance(answer, Entry)


async def test_letters_time_is_when_it_was_stored(sums: EngineUnderTest) -> None:
    before = now()
    await sums.post(asking("a", 13))
    letter = await sums.deadletters.get(Name(FOLD, KEY, "a"))
    assert letter is not None
    assert before <= letter.summary.stored_at <= now()


async def test_failure_on_an_already_appended_entry_is_no_dead_letter(
    sums: EngineUnderTest,
) -> None:
    """It had room when the other process appended it; before that and after that it had none."""
    await sums.place(asking("a", 90))
    stale = await sums.real.log.head(KEY)
    (outcome,) = await sums.accept(asking("c", 50))
    assert isinstance(outcome, Accepted)
    await sums.append(asking("b", -80), asking("c", 50), asking("d", 40))
    sums.emitter._lanes.lane(KEY).head = stale
    answer = await sums.emitter.answer(asking("c", 50), sums.hub, 10)
    assert isinstance(answer, Entry)
    assert answer.place == 3
    assert await sums.deadletters.get(Name(FOLD, KEY, "c")) is None


async def test_dead_request_sent_again_at_once_keeps_its_row(sums: EngineUnderTest) -> None:
    """The removal of the first row must not take the second, which was accepted after it."""
    may_go = asyncio.Event()

    async def slow() -> None:
        await may_go.wait()

    sums.inbox.before["remove"] = [slow]
    asyncio.get_running_loop().call_later(0.2, may_go.set)
    assert isinstance(await sums.post(asking("a", 13)), Dead)
    (outcome,) = await sums.accept(asking("a", 13))
    assert isinstance(outcome, Accepted)
    await may_go.wait()
    await asyncio.sleep(0.05)
    assert await sums.rows() == ["a"]


def letters_told(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [each.getMessage() for each in caplog.records]
    return [each for each in lines if each.startswith("dead_letter ")]


async def test_failure_is_told_and_counted(
    sums: EngineUnderTest, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    monkeypatch.setattr(sums.tell, "buried", counted.append)
    with caplog.at_level(logging.WARNING, LOGGER):
        await sums.post(asking("a", 13))
    told = f'dead_letter domain="total" code="fold-failed" requests=["a"] name="fold/{KEY}/a"'
    assert letters_told(caplog) == [told]
    assert counted == ["fold-failed"]


async def test_failure_that_nobody_waits_for_is_told_too(
    sums: EngineUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    await sums.wait_in_inbox(asking("a", 13))
    sums.hub.orders[KEY] = Order(outbox=("a",))
    with caplog.at_level(logging.WARNING, LOGGER):
        assert await sums.place(asking("b", 1)) == 1
    assert len(letters_told(caplog)) == 1
    await sums.until_inbox_is_empty()


async def test_function_that_ends_the_process_ends_nothing(sums: EngineUnderTest) -> None:
    dead = await sums.post(asking("a", EXITS))
    assert isinstance(dead, Dead)
    assert "SystemExit: stop the worker" in dead.reason
    assert await sums.place(asking("b", 1)) == 1


async def test_function_without_an_end_holds_up_nobody_for_ever(
    sums: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.decider.SECONDS_MAX", 1.0)
    await sums.wait_in_inbox(asking("a", ENDLESS), asking("b", 1), seconds=60)
    drained = asyncio.create_task(sums.drains.drain(KEY, sums.hub, 60))
    assert await sums.place(asking("c", 2, OTHER_KEY), seconds=60) == 1
    assert await drained
    assert await sums.logged() == ["b"]
    letter = await sums.deadletters.get(Name(FOLD, KEY, "a"))
    assert letter is not None
    assert "took more than 1 seconds" in letter.summary.reason


async def test_function_that_fails_behind_others_runs_once_more(
    sums: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may take seconds each time, in which nothing else goes on."""
    asked: list[str] = []
    fold = sums.decider.fold

    def counting(payload: str, place: int, state: str | None) -> Folded:
        asked.append(payload)
        return fold(payload, place, state)

    monkeypatch.setattr(sums.decider, "fold", counting)
    bad = asking("b", 13)
    await sums.wait_in_inbox(asking("a", 1), seconds=61)
    await sums.wait_in_inbox(bad, seconds=60)
    assert await sums.drains.drain(KEY, sums.hub, 60)
    assert await sums.logged() == ["a"]
    assert await sums.rows() == []
    assert asked.count(bad.payload) == 2


@pytest.fixture(name="stalls")
def _stalls(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One item for each fold without an end; each has reached its time limit as soon as it begins."""
    ended: list[None] = []

    def end() -> NoReturn:
        ended.append(None)
        raise TookTooLong

    monkeypatch.setattr(sys.modules[__name__], "still_running", end)
    return ended


async def test_each_function_without_an_end_stalls_two_folds(
    sums: EngineUnderTest, stalls: list[None]
) -> None:
    """What it costs everybody in the process is twice the limit, whatever its key is."""
    *keys, other = (nth_key(n) for n in range(1, 7))
    for key in keys:
        await sums.wait_in_inbox(asking("a", ENDLESS, key), seconds=60)
    drained = [asyncio.create_task(sums.drains.drain(key, sums.hub, 60)) for key in keys]
    assert await sums.place(asking("c", 2, other), seconds=60) == 1
    assert all(await asyncio.gather(*drained))
    for key in keys:
        assert await sums.deadletters.get(Name(FOLD, key, "a")) is not None
    assert len(stalls) == 2 * len(keys)


async def test_letter_is_done_once_the_function_is_mended(sums: EngineUnderTest) -> None:
    await sums.place(asking("a", 1))
    assert isinstance(await sums.post(asking("b", 13)), Dead)
    await sums.until_inbox_is_empty()
    deployed = EngineUnderTest(sums.real, domain=MENDED)
    replayed = await Desk(sums.real, MENDED).replay(Name(FOLD, KEY, "b"), Change())
    assert replayed.outcome is Outcome.ACCEPTED
    assert await deployed.drains.drain(KEY, deployed.hub, 60)
    assert await sums.logged() == ["a", "b"]
    assert [each.version for each in await sums.real.log.read(KEY, 0, 9)] == [1, 2]
    assert await sums.deadletters.get(Name(FOLD, KEY, "b")) is None


async def held_elsewhere(sums: EngineUnderTest, step: str) -> tuple[Gate, asyncio.Task[Any]]:
    """Have another process see a request fail, and hold it before a call to the inbox."""
    other = EngineUnderTest(sums.real, sums.hub, SUMS)
    gate = Gate()
    other.inbox.before[step] = [gate]
    late = asyncio.create_task(other.post(asking("a", 13)))
    await gate.held.wait()
    return gate, late


async def sent_anew_while_held(sums: EngineUnderTest, step: str) -> None:
    gate, late = await held_elsewhere(sums, step)
    assert isinstance(await sums.post(asking("a", 13)), Dead)
    assert await sums.accept(asking("a", 1)) == [Accepted()]
    gate.go_on.set()
    assert isinstance(await late, Dead)
    assert await sums.rows() == ["a"]
    assert await sums.drains.drain(KEY, sums.hub, 10)
    assert await sums.logged() == ["a"]


async def test_late_removal_leaves_a_row_that_was_sent_anew(sums: EngineUnderTest) -> None:
    """Of another process, which saw the same request fail."""
    await sent_anew_while_held(sums, "discard")


async def test_late_look_takes_no_row_of_another_request(sums: EngineUnderTest) -> None:
    """It looks for its row when the id is free again, and used for something else."""
    await sent_anew_while_held(sums, "waiting")


async def test_late_look_replaces_no_letter_of_another_request(sums: EngineUnderTest) -> None:
    """What was sent under the free id has failed too: its letter is all that is left of it."""
    gate, late = await held_elsewhere(sums, "waiting")
    assert isinstance(await sums.post(asking("a", 13)), Dead)
    assert isinstance(await sums.post(asking("a", LIMIT + 1)), Dead)
    gate.go_on.set()
    assert isinstance(await late, Dead)
    letter = await sums.deadletters.get(Name(FOLD, KEY, "a"))
    assert letter is not None
    assert letter.body == asking("a", LIMIT + 1).payload.encode()


async def test_late_removal_leaves_a_row_that_was_replayed(sums: EngineUnderTest) -> None:
    """With the same content: the letter is gone by then, and nothing else holds the request."""
    other = EngineUnderTest(sums.real, sums.hub, SUMS)
    gate = Gate()
    other.inbox.before["discard"] = [gate]
    await sums.place(asking("x", 90))
    late = asyncio.create_task(other.post(asking("a", 20)))
    await gate.held.wait()
    assert isinstance(await sums.post(asking("a", 20)), Dead)
    await sums.place(asking("y", -50))
    replayed = await Desk(sums.real, SUMS).replay(Name(FOLD, KEY, "a"), Change())
    assert replayed.outcome is Outcome.ACCEPTED
    gate.go_on.set()
    assert isinstance(await late, Dead)
    assert await sums.drains.drain(KEY, sums.hub, 10)
    assert await sums.logged() == ["x", "y", "a"]
