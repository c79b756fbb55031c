"""The layout of rows: keys that Azure takes, one for each request id; columns that come back."""

import hashlib
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store import rows
from store.port import Entry
from tests.store.examples import NOON, REQUEST_IDS, VISIBLE_ASCII
from todos import ID_MAX, Todo, TodoRequest

request_ids = st.text(min_size=1, max_size=255)  # any characters that have an encoding
likely_ids = st.text(string.ascii_letters + string.digits + "._-/%é", min_size=1, max_size=255)
SAFE_IN_A_URL = re.compile(r"[0-9A-Za-z._-]+")


@given(st.one_of(request_ids, likely_ids))
@example(VISIBLE_ASCII)
@example("/" * 255)
@example("\U0010ffff" * 255)
@example("\0")
@example("..")
def test_a_key_needs_no_escape_anywhere_and_is_short_enough(request_id: str) -> None:
    key = rows.logged_key(request_id)
    assert SAFE_IN_A_URL.fullmatch(key)
    # With the address of an account, the keys must fit into URLs of 260 characters a segment.
    assert len(f"todos(PartitionKey='{ID_MAX}',RowKey='{key}')") <= 260


@given(request_ids | likely_ids, request_ids | likely_ids)
@example("a", "A")
@example("é", "e\u0301")
@example("." + "a", "a")
@example("_" + hashlib.sha256(b"/").hexdigest(), "/")
@example("a" * 200, "a" * 201)
@example("a" * 201, "a" * 202)
def test_two_request_ids_share_a_key_only_if_they_are_one(one: str, other: str) -> None:
    assert (rows.request_key(one) == rows.request_key(other)) == (one == other)


@given(request_ids, st.integers(0, 254), st.characters(codec="utf-8"))
def test_a_request_id_that_differs_in_one_character_has_another_key(
    request_id: str, place: int, character: str
) -> None:
    place %= len(request_id)
    near = request_id[:place] + character + request_id[place + 1 :]
    assert (rows.request_key(request_id) == rows.request_key(near)) == (request_id == near)


def test_the_keys_of_known_request_ids_do_not_change() -> None:
    # They are in the logs of everybody who has run this: another key would be another request.
    assert rows.logged_key("6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34") == (
        "r.6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34"
    )
    assert rows.request_key("todo-requests/3/17") == (
        "_" + hashlib.sha256(b"todo-requests/3/17").hexdigest()
    )
    assert rows.request_key("é") == "_" + hashlib.sha256(b"\xc3\xa9").hexdigest()
    assert rows.todo_key(42) == "t0000000042"
    assert rows.HEAD_KEY == "head"


@given(st.integers(1, ID_MAX), st.integers(1, ID_MAX))
def test_keys_of_todos_are_in_the_order_of_their_ids(one: int, other: int) -> None:
    assert (rows.todo_key(one) < rows.todo_key(other)) == (one < other)


@given(request_ids, st.integers(1, ID_MAX))
def test_heads_todos_and_requests_never_share_a_key(request_id: str, todo_id: int) -> None:
    assert len({rows.HEAD_KEY, rows.todo_key(todo_id), rows.logged_key(request_id)}) == 3


@pytest.mark.parametrize("request_id", REQUEST_IDS.values(), ids=REQUEST_IDS)
def test_what_was_put_into_a_row_comes_back(request_id: str) -> None:
    entry = Entry(request_id, Todo(7, 42, "Buy milk"))
    assert rows.todo_of(rows.todo_row(entry)) == entry.todo
    assert rows.answer_of(rows.logged_row(entry)) == entry.todo
    request = TodoRequest(7, request_id, "Buy milk")
    assert rows.request_of(rows.inbox_row(request, NOON)) == request
    assert rows.state_of(rows.head_row(7, 42)) == 42
    rows.check_owner(rows.logged_row(entry), request_id)
    with pytest.raises(ValueError, match="belongs to request id"):
        rows.check_owner(rows.logged_row(entry), request_id + "x")


def test_a_payload_cannot_take_the_column_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Todo, "payload", lambda _: {"title": "Buy milk", "RowKey": "head"})
    with pytest.raises(AssertionError, match="column taken"):
        rows.todo_row(Entry("any", Todo(7, 42, "Buy milk")))
