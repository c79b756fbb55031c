"""The function is folded, or the reason is told why it cannot be."""

import asyncio
import json
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest

from domain import Domain, Refused
from domain.decider import Decider, FoldFailed, Unreadable
from domain.time_limit import TookTooLong, within
from tests.domain.domains import Ask, Reply, parrots, refuse, reply

ASKED = '{"words":"a","times":1}'


def failing(function: Callable[..., Any]) -> Decider:
    """Make the domain work for its examples and do as `function` does for everything else."""

    def decide(ask: Ask, last: int) -> tuple[Reply | Refused, int]:
        if ask.words in {"good", "fine"}:
            return Reply(last + 1, ask.words), last + 1
        answer: tuple[Reply | Refused, int] = function(ask, last)
        return answer

    examples = [(Ask("good"), Reply(1, "good")), (Ask("fine"), Reply(2, "fine"))]
    return Decider(parrots(versions={1: decide}, examples=examples))


def decide_for_ever(ask: Ask, last: int) -> Any:
    return decide_for_ever(ask, last)


class Silent(Exception):
    def __str__(self) -> str:
        raise ValueError


class Secretive(list[str]):
    def __iter__(self) -> Any:
        raise OSError("not for you")


def raising(error: BaseException) -> Callable[[Ask, int], NoReturn]:
    def decide(_: Ask, __: int) -> NoReturn:
        raise error

    return decide


def test_first_request_is_folded_from_the_empty_state() -> None:
    folded = Decider(parrots()).fold(ASKED, 1, None)
    assert (folded.output, folded.state) == ('{"id":1,"words":"a"}', "1")
    assert (folded.refused, folded.version) == (False, 1)


def test_refusal_is_an_output_and_keeps_the_state_it_is_given() -> None:
    decider = Decider(parrots(versions={1: refuse}, examples=[(Ask("a"), Reply(1, "a"))]))
    folded = decider.fold('{"words":"no","times":1}', 5, "4")
    assert folded.refused
    assert json.loads(folded.output) == {"code": "said-no", "detail": "No."}
    assert folded.state == "4"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda _, last: (1 / 0, last), "raised ZeroDivisionError: division by zero"),
        (lambda _, last: Reply(last + 1, "a"), "returned no pair but Reply"),
        (lambda _, __: None, "returned no pair but NoneType"),
        (lambda _, last: (None, last + 1), "the output must be Reply; it is null"),
        (lambda _, last: ({"id": 1}, last + 1), "the output must be Reply; it is dict"),
        (lambda _, last: (Reply(last + 1, 7), last + 1), "/words must be a string; it is an int"),  # type: ignore[arg-type]
        (lambda _, last: (Reply(last + 1, "\ud800"), last + 1), "half a surrogate pair"),
        (lambda _, last: (Reply(last + 1, "a"), str(last)), "the state must be an integer"),
        (lambda _, last: (Reply(last + 1, "a"), True), "the state must be an integer"),
        (lambda _, last: (Reply(last + 1, "a"), 2**53), "out of range"),
        (lambda _, last: (Reply(last + 2, "a"), last + 1), "put 4 into id; its place is 3"),
        (lambda _, last: (Reply(last + 1, "a" * 16_000), last + 1), "16000 are allowed"),
        (lambda _, last: (Reply(last + 1, str(random.random())), last + 1), "two different"),
        (lambda _, last: (Refused("Bad Code", "x"), last), "must match the pattern"),
        (lambda _, last: (Refused("code", ""), last), "1 to 500 characters"),
        (lambda _, last: (Refused("overloaded", "No."), last), "one of the service's own"),
        (decide_for_ever, "raised RecursionError"),
        (raising(SystemExit("stop the worker")), "raised SystemExit: stop the worker"),
        (raising(asyncio.CancelledError()), "raised CancelledError"),
        (raising(StopIteration()), "raised StopIteration"),
        (raising(Silent()), "raised Silent"),
        (raising(ValueError("\ud800 \x00\x1b[2J")), r"ValueError: \ud800 \x00\x1b[2J"),
        (raising(ValueError("ü" * 10_000)), "ValueError: üüü"),
        (lambda _, last: (object.__new__(Reply), last + 1), "cannot be kept: AttributeError"),
    ],
)
def test_what_the_function_gets_wrong_is_told(function: Callable[..., Any], reason: str) -> None:
    with pytest.raises(FoldFailed) as caught:
        failing(function).fold(ASKED, 3, "2")
    assert reason in caught.value.reason
    assert "\n" not in caught.value.reason
    assert len(caught.value.reason) <= 500


def endless(_: Ask, __: int) -> NoReturn:
    while True:
        pass


def obstinate(ask: Ask, last: int) -> NoReturn:
    while True:
        with suppress(Exception):
            endless(ask, last)


def sleeping(_: Ask, __: int) -> NoReturn:
    while True:
        threading.Event().wait(60)


@pytest.mark.parametrize("function", [endless, obstinate, sleeping])
def test_function_without_an_end_is_ended(
    function: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    decider = failing(function)
    monkeypatch.setattr("domain.decider.SECONDS_MAX", 0.1)
    with pytest.raises(FoldFailed, match=r"took more than 0\.1 seconds"):
        decider.fold(ASKED, 3, "2")


def test_timer_of_somebody_else_goes_on_after_a_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda number, _: rung.append(number))
    timer = signal.setitimer(signal.ITIMER_REAL, 3_600)
    try:
        monkeypatch.setattr("domain.decider.SECONDS_MAX", 600)
        assert Decider(parrots()).fold(ASKED, 1, None).state == "1"
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 3_000 < left <= 3_600
        signal.raise_signal(signal.SIGALRM)
        assert rung == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def test_fold_within_a_fold_leaves_the_outer_its_limit() -> None:
    ends = time.monotonic() + 10

    def outer() -> None:
        within(600, lambda: None)
        while time.monotonic() < ends:
            pass

    with pytest.raises(TookTooLong):
        within(0.1, outer)


async def test_fold_in_another_thread_has_no_limit_and_works() -> None:
    folded = await asyncio.to_thread(Decider(parrots()).fold, ASKED, 1, None)
    assert folded.state == "1"


def test_interrupt_of_the_developer_is_no_failure() -> None:
    with pytest.raises(KeyboardInterrupt):
        failing(raising(KeyboardInterrupt())).fold(ASKED, 1, None)


def test_a_failed_fold_leaves_the_next_one_alone() -> None:
    decider = failing(lambda _, last: (1 / 0, last))
    with pytest.raises(FoldFailed):
        decider.fold(ASKED, 1, None)
    assert decider.fold('{"words":"good","times":1}', 1, None).state == "1"


@dataclass(frozen=True, slots=True)
class Basket:
    items: list[str] = field(default_factory=list)


def hidden(ask: Ask, basket: Basket) -> tuple[Reply, Basket]:
    return Reply(1, "x"), basket if ask.words == "good" else Basket(Secretive("ab"))


def test_state_that_cannot_be_looked_at_is_told() -> None:
    domain = parrots(empty=Basket(), versions={1: hidden}, examples=[(Ask("good"), Reply(1, "x"))])
    with pytest.raises(FoldFailed, match="cannot be kept: OSError: not for you"):
        Decider(domain).fold(ASKED, 1, None)


def into_place(ask: Ask, basket: Basket) -> tuple[Reply, Basket]:
    if ask.words != "good":
        basket.items.append(ask.words)
    return Reply(len(basket.items) or 1, "x"), basket


def test_a_state_changed_in_place_is_told() -> None:
    domain = parrots(
        empty=Basket(), versions={1: into_place}, examples=[(Ask("good"), Reply(1, "x"))]
    )
    with pytest.raises(FoldFailed, match="changed its request or its state in place"):
        Decider(domain).fold(ASKED, 1, None)


@pytest.mark.parametrize("place", [0, 2_147_483_648])
def test_no_place_is_given_out_beyond_the_last(place: int) -> None:
    with pytest.raises(FoldFailed, match="no place after 2147483647"):
        Decider(parrots()).fold(ASKED, place, str(place - 1))


@pytest.mark.parametrize(
    ("payload", "state"),
    [
        ('{"words":"a","times":1,"loud":true}', "1"),
        ('{"times":1}', "1"),
        ('{"words":7,"times":1}', "1"),
        (ASKED, '{"last":1}'),
        (ASKED, "null"),
        ("", "1"),
        (ASKED, '{"last"'),
    ],
)
def test_rows_of_a_release_that_knows_more_fail_no_request(payload: str, state: str) -> None:
    with pytest.raises(Unreadable):
        Decider(parrots()).fold(payload, 2, state)


def test_an_unknown_version_is_of_another_release() -> None:
    with pytest.raises(Unreadable, match="version 2"):
        Decider(parrots()).fold_with(2, ASKED, 1, None)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ASKED, ASKED, True),
        (ASKED, '{"times":1,"words":"a"}', True),
        (ASKED, '{"words":"a"}', True),
        (ASKED, '{"words":"b","times":1}', False),
        ('{"new":[1]}', '{ "new": [1] }', True),
    ],
)
def test_payloads_are_compared_by_what_they_ask(one: str, other: str, *, same: bool) -> None:
    assert Decider(parrots()).same(one, other) is same


@pytest.mark.parametrize("kept", ['{"words":"a","times":1,"loud":true}', '{"new":1}', "{"])
def test_payload_of_a_release_that_knows_more_is_no_other_one(kept: str) -> None:
    with pytest.raises(Unreadable, match="none that this release knows"):
        Decider(parrots()).same(kept, ASKED)


@dataclass(frozen=True, slots=True)
class Shout:
    words: str
    loud: bool


def shout(shout: Shout, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, shout.words), last + 1


def test_payload_of_an_older_version_is_another_one() -> None:
    examples = [(Shout("a", loud=True), Reply(1, "a"))]
    decider = Decider(parrots(versions={1: reply, 2: shout}, examples=examples))
    assert not decider.same(ASKED, '{"words":"a","loud":true}')


@dataclass(frozen=True, slots=True)
class Shop:
    last: int = 0
    loud: bool = False


@dataclass(frozen=True, slots=True)
class OldShop:
    last: int = 0


def first(ask: Ask, shop: OldShop) -> tuple[Reply, OldShop]:
    return Reply(shop.last + 1, ask.words), OldShop(shop.last + 1)


def second(ask: Ask, shop: Shop) -> tuple[Reply, Shop]:
    return Reply(shop.last + 1, ask.words.upper()), Shop(shop.last + 1, loud=True)


TWO: Domain[Any, Any, Any] = parrots(
    empty=Shop(), versions={1: first, 2: second}, examples=[(Ask("a"), Reply(1, "A"))]
)


def test_new_version_takes_over_the_state_of_the_old_one() -> None:
    decider = Decider(TWO)
    old = decider.fold_with(1, ASKED, 1, None)
    assert (old.output, old.state, old.version) == ('{"id":1,"words":"a"}', '{"last":1}', 1)
    new = decider.fold(ASKED, 2, old.state)
    assert (new.output, new.version) == ('{"id":2,"words":"A"}', 2)
    assert new.state == '{"last":2,"loud":true}'


def test_old_version_waits_when_the_state_knows_more() -> None:
    with pytest.raises(Unreadable, match="loud"):
        Decider(TWO).fold_with(1, ASKED, 3, '{"last":2,"loud":true}')


def as_before(ask: Ask, shop: Shop) -> tuple[Reply, Shop]:
    words = ask.words.upper() if shop.loud else ask.words
    return Reply(shop.last + 1, words), Shop(shop.last + 1, shop.loud)


def test_versions_of_one_type_of_state_begin_with_the_empty_one() -> None:
    loud, examples = Shop(loud=True), [(Ask("a"), Reply(1, "A"))]
    domain = parrots(empty=loud, versions={1: as_before, 2: second}, examples=examples)
    assert Decider(domain).fold_with(1, ASKED, 1, None).output == '{"id":1,"words":"A"}'


def test_functions_are_folded_as_they_are() -> None:
    assert reply(Ask("a"), 0) == (Reply(1, "a"), 1)
