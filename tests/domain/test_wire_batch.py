"""A batch is read item by item, and a bad item leaves the others alone."""

import json
from typing import Any

import pytest

from domain.invalid import ERRORS_MAX, Invalid
from domain.request import Request
from domain.wire import BATCH_ERRORS_MAX
from tests.domain.test_wire import GOOD, PAYLOAD, WIRE


def item(**changed: Any) -> dict[str, Any]:
    return {**json.loads(GOOD), "requestId": "r1", **changed}


def test_a_bad_item_leaves_the_others_of_its_batch_alone() -> None:
    items: list[Any] = [
        item(),
        item(cents=0),
        7,
        item(requestId="r2", customerId="C-8"),
        item(requestId="event:1"),
    ]
    items.append({**json.loads(GOOD)})
    one, two, three, four, five, six = WIRE.batch(json.dumps(items).encode())
    assert one == Request("C-1042", "r1", PAYLOAD)
    assert four == Request("C-8", "r2", PAYLOAD)
    assert str(two) == "#/1/cents must be an integer from 1 to 1000000000; it is out of range"
    assert str(three) == "#/2 must be an object; it is an integer"
    assert str(five).startswith("#/4/requestId must not begin with event:")
    assert str(six) == "#/5/requestId is missing"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"[]", "it has 0"),
        (b" [ ] ", "it has 0"),
        (b"[" + b",".join([b"{}"] * 1_001) + b"]", "1 to 1000 items; it has more"),
        (b'{"items": []}', "must be an array; it is an object"),
        (b"7", "must be an array; it is an integer"),
        (b'"', "not JSON: Unterminated string starting at (line 1, column 1)"),
        (b"[{}", "not JSON: Expecting ',' delimiter (line 1, column 4)"),
        (b"[{},]", "not JSON: Expecting value (line 1, column 5)"),
        (b"[{}]]", "not JSON: Extra data (line 1, column 5)"),
        (b"[{},\n 7 8]", "not JSON: Expecting ',' delimiter (line 2, column 4)"),
        (b'[{"a":\n}]', "not JSON: Expecting value (line 2, column 1)"),
        (b'[{}, "' + b"a" * 70_000 + b'"]', "not JSON within 65536 characters"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[{}, \xff]", "not UTF-8 at byte 5"),
    ],
)
def test_a_batch_is_an_array_of_1_to_1000(body: bytes, detail: str) -> None:
    with pytest.raises(Invalid) as caught:
        WIRE.batch(body)
    (error,) = caught.value.errors
    assert detail in error.detail


def test_items_are_read_wherever_white_space_stands() -> None:
    spaced = " [ " + " , ".join(json.dumps(item(), indent=1) for _ in range(3)) + " ] "
    assert WIRE.batch(spaced.encode()) == [Request("C-1042", "r1", PAYLOAD)] * 3


def test_a_batch_of_nonsense_has_a_bounded_number_of_errors() -> None:
    bad = {str(each): 0 for each in range(30)}
    items = WIRE.batch(json.dumps([bad] * 1_000).encode())
    counts = [len(each.errors) for each in items if isinstance(each, Invalid)]
    assert len(counts) == 1_000
    assert counts[0] == ERRORS_MAX
    assert counts[-1] == 1
    assert sum(counts) <= BATCH_ERRORS_MAX + 1_000


def test_a_batch_is_read_no_further_than_it_is_asked_for() -> None:
    items = WIRE.items(json.dumps([item()] * 3).encode()[:-1] + b",")
    assert next(items) == Request("C-1042", "r1", PAYLOAD)
    assert isinstance(next(items), Request)
    assert isinstance(next(items), Request)
    with pytest.raises(Invalid):
        next(items)
