"""What the wire lets through, and what it says about the rest."""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest

from domain import Meta
from domain.invalid import ERRORS_MAX, Invalid
from domain.request import Request
from domain.wire import Wire
from examples.invoices import INVOICES
from tests.domain.domains import Reply, parrots

GOOD = '{"customerId": "C-1042", "year": 2026, "cents": 5, "currency": "EUR"}'
PAYLOAD = '{"year":2026,"cents":5,"currency":"EUR"}'
WIRE = Wire(INVOICES)


def errors_of(body: bytes | str, wire: Wire = WIRE) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        wire.request(body.encode() if isinstance(body, str) else body, "r")
    return {each.pointer: each.detail for each in caught.value.errors}


def test_a_request_is_read_in_any_order_and_kept_in_one() -> None:
    body = '\n{"currency":"EUR", "cents":5,"customerId":"C-1042","year":2026 }\t'
    assert WIRE.request(body.encode(), "r") == Request("C-1042", "r", PAYLOAD)
    assert WIRE.payload(b'{"currency":"EUR","year":2026,"cents":5}', "C-1", "r") == Request(
        "C-1", "r", PAYLOAD
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "empty"),
        (b"   ", "not JSON: Expecting value (line 1, column 4)"),
        (b"{", "not JSON"),
        (b"customerId=C-7", "not JSON"),
        (GOOD.encode() + b"}", "Extra data (line 1, column 70)"),
        (b"\xef\xbb\xbf" + GOOD.encode(), "byte order mark"),
        (GOOD.encode("utf-16"), "not UTF-8 at byte 0"),
        (b'{"customerId": "\xff"}', "not UTF-8 at byte 16"),
        (b'{"customerId": "\xed\xa0\x80"}', "not UTF-8"),  # a surrogate, encoded
        (b'{"customerId": "a\x00b"}', "Invalid control character"),
        (b"{'customerId': 7}", "not JSON"),
        (b'{"cents": 07}', "not JSON"),
        (b"[]", "must be an object; it is an array"),
        (b'"text"', "it is a string"),
        (b"null", "it is null"),
        (b"NaN", "it is not a finite number"),
        (b"true", "it is a boolean"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"a":' * 12_000, "nested too deeply"),
        (b" " * 65_537, "must have at most 65536 bytes; it has 65537"),
    ],
)
def test_body_that_is_not_an_object_is_refused_as_a_whole(body: bytes, detail: str) -> None:
    errors = errors_of(body)
    assert list(errors) == ["#"]
    assert detail in errors["#"]


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("true", "it is a boolean"),
        ('"7"', "it is a string"),
        ("null", "it is null"),
        ("7.0", "it is a number with a fraction or an exponent"),
        ("1e400", "it is not a finite number"),
        ("NaN", "it is not a finite number"),
        ("-Infinity", "it is not a finite number"),
        ("0", "it is out of range"),
        ("1000000001", "it is out of range"),
        ("9" * 5_000, "it is out of range"),
        ("-" + "9" * 5_000, "it is out of range"),
        ("[7]", "it is an array"),
        ('{"a": 1, "a": 2}', "it is an object"),
    ],
)
def test_an_integer_is_an_integer_and_nothing_else(value: str, detail: str) -> None:
    errors = errors_of(GOOD.replace("5", value))
    assert list(errors) == ["#/cents"]
    assert "must be an integer from 1 to 1000000000" in errors["#/cents"]
    assert detail in errors["#/cents"]


@pytest.mark.parametrize("key", ["C-", "c-1", "C-1\n", "C-1234567890", "", "C-1/2", "ключ"])
def test_a_key_keeps_its_pattern_in_body_and_address(key: str) -> None:
    errors = errors_of(GOOD.replace('"C-1042"', json.dumps(key)))
    assert list(errors) == ["#/customerId"]
    with pytest.raises(Invalid, match="path:customerId"):
        WIRE.key(key)


def test_all_that_is_wrong_is_told_at_once() -> None:
    body = '{"customerId": 7, "year": true, "Cents": 1, "a/b~c": 1, "\\ud800 ü": null}'
    assert errors_of(body) == {
        "#/customerId": "must be a string; it is an integer",
        "#/year": "must be an integer from 2000 to 2999; it is a boolean",
        "#/cents": "is missing",
        "#/currency": "is missing",
        "#/Cents": "is not a known field",
        "#/a~1b~0c": "is not a known field",
        "#/%3F%20%C3%BC": "is not a known field",
    }


def test_a_name_that_is_there_twice_is_told_even_when_both_agree() -> None:
    twice = '{"customerId": "C-1", "year": 2026, "year": 2026, "x": 1, "x": 2, "x": 3}'
    assert errors_of(twice) == {
        "#/year": "must not be there twice",
        "#/x": "must not be there twice",
    }


def test_a_stranger_cannot_make_the_answer_long() -> None:
    assert len(errors_of(json.dumps({f"x{each}": each for each in range(1_000)}))) == ERRORS_MAX
    twice = "{" + ",".join(f'"{each % 500}":0' for each in range(1_000)) + "}"
    assert len(errors_of(twice)) == ERRORS_MAX
    long = errors_of(json.dumps({**json.loads(GOOD), "x" * 10_000: 1}))
    assert list(long) == ["#/" + "x" * 100]


@dataclass(frozen=True, slots=True)
class Entry:
    place: int
    output: str
    refused: bool = False


def test_answers_begin_with_key_and_place() -> None:
    entry = Entry(17, '{"number":"2026-000017","cents":5}')
    answer = WIRE.answer("C-1042", entry)
    assert json.dumps(answer) == (
        '{"customerId": "C-1042", "id": 17, "number": "2026-000017", "cents": 5}'
    )
    assert WIRE.shown("C-1042", entry) == answer


def test_a_refusal_is_shown_with_its_place() -> None:
    entry = Entry(18, '{"code":"credit-limit","detail":"Too much."}', refused=True)
    assert WIRE.refusal(entry) == ("credit-limit", "Too much.")
    assert WIRE.shown("C-1042", entry) == {
        "customerId": "C-1042",
        "id": 18,
        "refused": {"code": "credit-limit", "detail": "Too much."},
    }


@dataclass(frozen=True, slots=True)
class Line:
    article: str
    count: Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class Basket:
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=3)]
    weight: float = 0.0
    due_on: str | None = None
    tags: list[str] = field(default_factory=list)
    prices: dict[str, int] | None = None
    extra: Any = None
    kind: Literal["a", "b"] = "a"


def packed(basket: Basket, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, basket.kind), last + 1


BASKETS = Wire(
    parrots(
        versions={1: packed},
        examples=[(Basket((Line("x", 1),)), Reply(1, "a"))],
    )
)


def test_every_error_within_a_field_has_its_pointer() -> None:
    body = {
        "shopId": 7,
        "lines": [{"article": 1, "count": 0}, {"article": "x", "count": 1, "y": 2}, 3],
        "weight": "1",
        "dueOn": 5,
        "tags": ["a", None],
        "prices": {"EUR": 1.5, "a b": "c"},
        "kind": "c",
        "due_on": "x",
    }
    errors = errors_of(json.dumps(body), BASKETS)
    assert list(errors) == [
        "#/lines/0/article",
        "#/lines/0/count",
        "#/lines/1/y",
        "#/lines/2",
        "#/weight",
        "#/dueOn",
        "#/tags/1",
        "#/prices/EUR",
        "#/prices/a%20b",
        "#/kind",
        "#/due_on",
    ]
    assert errors["#/kind"] == 'must be one of "a", "b"; it is a string'


@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "[NaN]", '{"a": 1, "a": 1}', '[{"a": 1, "a": 1}]', '"\\ud800"', '{"\\ud800": 1}'),
        *("9007199254740992", "[" * 17 + "]" * 17, "1e999"),
    ],
)
def test_a_field_of_any_type_takes_only_what_all_read_alike(value: str) -> None:
    body = f'{{"shopId": 7, "lines": [{{"article": "x", "count": 1}}], "extra": {value}}}'
    (pointer,) = errors_of(body, BASKETS)
    assert pointer.startswith("#/extra")


def test_any_json_is_kept_in_one_form() -> None:
    body = (
        '{"shopId": 7, "lines": [{"count": 1, "article": "x"}], "weight": 1,'
        ' "extra": {"b": [null, true, 1.5, "ü"], "a": {}}, "prices": {"b": 1, "a": 2}}'
    )
    assert BASKETS.request(body.encode(), "r").payload == (
        '{"lines":[{"article":"x","count":1}],"weight":1.0,"dueOn":null,"tags":[],'
        '"prices":{"a":2,"b":1},"extra":{"a":{},"b":[null,true,1.5,"ü"]},"kind":"a"}'
    )


def test_a_payload_has_a_bounded_size() -> None:
    body = {"shopId": 7, "lines": [{"article": "x" * 16_000, "count": 1}]}
    assert "at most 16000 characters" in errors_of(json.dumps(body), BASKETS)["#"]
