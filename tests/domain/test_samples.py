"""Requests without end, for whoever tests the engine with a domain."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, Any, Literal

import pytest

from domain import Domain, Key, Meta
from domain.samples import Samples, TooFew, key_of
from domain.wire import Wire
from examples.invoices import INVOICES
from tests.domain.domains import Ask, Reply, parrots
from todos import TODOS

DOMAINS = [TODOS, INVOICES]


@pytest.mark.parametrize("domain", DOMAINS)
def test_samples_are_valid_requests_and_all_different(domain: Domain[Any, Any, Any]) -> None:
    samples, wire = Samples(domain, Random(7)), Wire(domain)
    seen = set()
    for number in range(500):
        key = key_of(domain, number)
        body = json.dumps(samples.body(key)).encode()
        request = wire.request(body, f"r{number}")
        assert request.key == key
        seen.add(request.payload)
    assert len(seen) == 500


@pytest.mark.parametrize("domain", DOMAINS)
def test_same_random_numbers_make_the_same_samples(domain: Domain[Any, Any, Any]) -> None:
    one, other = Samples(domain, Random(7)), Samples(domain, Random(7))
    assert [one.payload() for _ in range(20)] == [other.payload() for _ in range(20)]


@pytest.mark.parametrize("domain", DOMAINS)
def test_items_of_a_batch_have_a_request_id(domain: Domain[Any, Any, Any]) -> None:
    samples, wire = Samples(domain, Random(7)), Wire(domain)
    items = [samples.item(key_of(domain, each % 3), f"r{each}") for each in range(30)]
    requests = wire.batch(json.dumps(items).encode())
    assert [getattr(each, "id", None) for each in requests] == [f"r{each}" for each in range(30)]


def test_keys_are_counted_where_the_example_counts() -> None:
    assert [key_of(INVOICES, each) for each in (0, 8, 9, 122)] == ["C-1", "C-9", "C-10", "C-123"]
    assert [key_of(TODOS, each) for each in (0, 41)] == ["1", "42"]
    padded = Key("shopId", Annotated[str, Meta(pattern="^S[0-9]{4}$", examples=["S0007"])])
    assert key_of(parrots(key=padded), 41) == "S0042"
    assert key_of(parrots(key=Key("shopId", str)), 0) == "shop-1"


def test_keys_that_run_out_are_told() -> None:
    with pytest.raises(TooFew, match="more than 99 keys"):
        key_of(parrots(), 99)


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    weight: Annotated[float, Meta(ge=0.1, le=9.5)]


@dataclass(frozen=True, slots=True)
class Thing:
    parts: tuple[Part, ...]
    on: bool
    tags: dict[str, int]
    size: Literal["s", "m"]
    code: Annotated[str, Meta(pattern="^[A-Z]{2}[0-9]{3}$")]
    step: Annotated[int, Meta(ge=0, multiple_of=5)]
    short: Annotated[str, Meta(max_length=5)]
    note: str | None = None
    extra: Any = field(default_factory=dict)


def put(thing: Thing, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, thing.code), last + 1


def test_every_type_is_varied_within_its_bounds() -> None:
    thing = Thing((Part("a", 1.0),), True, {"x": 3}, "s", "AB123", 50, "abc", "n", {"id": 1})  # noqa: FBT003
    domain = parrots(versions={1: put}, examples=[(thing, Reply(1, "AB123"))])
    samples = Samples(domain, Random(1))
    drawn = [json.loads(samples.payload()) for _ in range(200)]
    for each in domain.newest.request.names:
        assert len({json.dumps(one[each]) for one in drawn}) > 1, each


def test_types_without_enough_values_are_told() -> None:
    @dataclass(frozen=True, slots=True)
    class Switch:
        on: bool

    def turn(switch: Switch, last: int) -> tuple[Reply, int]:
        return Reply(last + 1, str(switch.on)), last + 1

    turn.__annotations__["switch"] = Switch
    samples = Samples(
        parrots(versions={1: turn}, examples=[(Switch(on=True), Reply(1, "True"))]), Random(1)
    )
    samples.payload()
    samples.payload()
    with pytest.raises(TooFew):
        samples.payload()


def test_examples_of_a_domain_are_left_alone() -> None:
    examples = [(Ask("a", 2), Reply(1, "aa"))]
    samples = Samples(parrots(examples=examples), Random(1))
    samples.payload()
    assert examples == [(Ask("a", 2), Reply(1, "aa"))]
