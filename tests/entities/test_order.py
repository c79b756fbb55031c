"""The transitions of an order: pure, so every case is a line."""

import json

from hypothesis import given
from hypothesis import strategies as st

from entities.messages import encode_order
from entities.order import OUTBOX_CHARACTERS_MAX, Order, characters, create

IDS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/\\?#%"),
    min_size=1,
    max_size=255,
)


def test_new_ids_are_appended_in_their_order() -> None:
    assert create(Order(3, ("a",)), ["c", "b"], [], 0) == Order(3, ("a", "c", "b"))


def test_listed_id_keeps_its_place() -> None:
    assert create(Order(0, ("a", "b")), ["b", "c", "c"], [], 0) == Order(0, ("a", "b", "c"))


def test_done_ids_leave_and_make_room() -> None:
    full = tuple(f"{n:0255}" for n in range(OUTBOX_CHARACTERS_MAX // characters("x" * 255)))
    order = create(Order(0, full), ["y" * 255], full[:1], 7)
    assert order == Order(7, (*full[1:], "y" * 255))


def test_what_does_not_fit_is_skipped_and_the_rest_taken() -> None:
    full = tuple(f"{n:0255}" for n in range(OUTBOX_CHARACTERS_MAX // characters("x" * 255)))
    room = OUTBOX_CHARACTERS_MAX - Order(0, full).characters
    small = "s" * (room - characters(""))
    assert create(Order(0, full), ["y" * 255, small], [], 0).outbox == (*full, small)


def test_head_never_goes_back() -> None:
    assert create(Order(9), [], [], 4).head == 9


def test_done_id_that_is_asked_for_again_is_listed() -> None:
    assert create(Order(0, ("a",)), ["a"], ["a"], 0).outbox == ("a",)


@given(st.lists(IDS, unique=True, max_size=30))
def test_characters_are_those_of_the_stored_state(ids: list[str]) -> None:
    empty = len(json.dumps(json.dumps(encode_order(Order()))))
    stored = len(json.dumps(json.dumps(encode_order(Order(0, tuple(ids))))))
    assert stored - empty <= Order(0, tuple(ids)).characters <= stored - empty + len(", ")


@given(st.lists(IDS, max_size=200), st.lists(IDS, max_size=50))
def test_outbox_never_exceeds_its_bound(ids: list[str], more: list[str]) -> None:
    order = create(create(Order(), ids, [], 0), more, ids[:3], 1)
    assert order.characters <= OUTBOX_CHARACTERS_MAX
    assert len(set(order.outbox)) == len(order.outbox)
