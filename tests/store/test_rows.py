"""The layout of rows: keys that Azure takes, one for each request id; columns that come back."""

import hashlib
import re
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store.ports.inbox import Waiting
from store.ports.records import Head, Unreadable
from store.tables import rows
from store.tables.answers import ETAG
from tests.store.examples import ALLOWED, IDS, NOON, a_request, answer

ids = st.text(ALLOWED, min_size=1, max_size=255)
likely_ids = st.text(string.ascii_letters + string.digits + "._-~", min_size=1, max_size=255)
SAFE_IN_A_URL = re.compile(r"[0-9A-Za-z._~-]+")
LONGEST_TABLE = "t" * 63


@given(st.one_of(ids, likely_ids), st.one_of(ids, likely_ids))
@example("k" * 64, "i" * 100)
@example("k" * 255, "i" * 255)
@example(ALLOWED, ALLOWED)
def test_address_of_a_row_needs_no_escape_and_is_short_enough(key: str, request_id: str) -> None:
    partition, row_key = rows.partition_of(key), rows.logged_key(request_id)
    assert SAFE_IN_A_URL.fullmatch(partition)
    assert SAFE_IN_A_URL.fullmatch(row_key)
    # HTTP.sys and emulators take segments of 260 characters.
    assert len(f"{LONGEST_TABLE}(PartitionKey='{partition}',RowKey='{row_key}')") <= 260


@given(ids | likely_ids, ids | likely_ids)
@example("a", "A")
@example("." + "a", "a")
@example("_" + hashlib.sha256(b"+").hexdigest(), "+")
@example("~" + hashlib.sha256(b"+").hexdigest(), "+")
@example("a" * 100, "a" * 101)
@example("a" * 64, "a" * 65)
def test_two_ids_share_a_key_only_if_they_are_one(one: str, other: str) -> None:
    assert (rows.request_key(one) == rows.request_key(other)) == (one == other)
    assert (rows.partition_of(one) == rows.partition_of(other)) == (one == other)


@given(ids, st.integers(0, 254), st.sampled_from(ALLOWED))
def test_id_that_differs_in_one_character_has_another_key(
    request_id: str, place: int, character: str
) -> None:
    place %= len(request_id)
    near = request_id[:place] + character + request_id[place + 1 :]
    assert (rows.request_key(request_id) == rows.request_key(near)) == (request_id == near)


def test_keys_of_known_ids_do_not_change() -> None:
    # They are in the logs of everybody who has run this: another key would be another request.
    assert rows.logged_key("6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34") == (
        "r.6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34"
    )
    assert rows.request_key("event:requests:3:17") == (
        "_" + hashlib.sha256(b"event:requests:3:17").hexdigest()
    )
    assert rows.partition_of("C-1042") == "C-1042"
    assert rows.partition_of("a@b.c") == "~" + hashlib.sha256(b"a@b.c").hexdigest()
    assert rows.entry_key(42) == "t0000000042"
    assert rows.HEAD_KEY == "thead"
    assert rows.marker_partition("7") == "~m" + hashlib.sha256(b"7").hexdigest()[-1]


@given(st.integers(1, 2**31), st.integers(1, 2**31))
def test_keys_of_entries_are_in_the_order_of_places(one: int, other: int) -> None:
    assert (rows.entry_key(one) < rows.entry_key(other)) == (one < other)
    assert rows.entry_key(one) < rows.HEAD_KEY


@given(ids, st.integers(1, 2**31))
def test_heads_entries_and_requests_never_share_a_key(request_id: str, place: int) -> None:
    assert len({rows.HEAD_KEY, rows.entry_key(place), rows.logged_key(request_id)}) == 3


@given(ids | likely_ids)
def test_no_key_has_the_partition_of_markers_or_of_the_health(key: str) -> None:
    partition = rows.partition_of(key)
    assert partition != rows.HEALTH_PARTITION
    assert not "~m" <= partition < "~n"


@pytest.mark.parametrize("key", IDS.values(), ids=IDS)
def test_what_was_put_into_a_row_comes_back(key: str) -> None:
    request = a_request(key, key)
    answered = answer(request, 42, refused=True)
    assert rows.entry_of(rows.entry_row(key, answered.entry)) == answered.entry
    assert rows.answered_of(rows.answered_row(key, answered)) == answered
    assert rows.waiting_of(rows.inbox_row(request, NOON)) == Waiting(request, NOON)
    for state in '{"last":42}', None:
        head = rows.head_row(key, Head(42, state, None)) | {ETAG: "etag"}
        assert rows.head_of(head) == Head(42, state, "etag")
        assert rows.key_of(head) == key


REQUEST = a_request("7", "first")
ANSWERED = answer(REQUEST, 1)


@pytest.mark.parametrize(
    "damage",
    [
        *({"v": each} for each in (0, 2, "1", True, None, 1.0)),
        *({"requestId": each} for each in ("of somebody else", None, 7)),
        *({"place": each} for each in ("many", None, True)),
        *({"payload": each} for each in (None, 7)),
        *({"output": each} for each in (None, b"x")),
        *({"version": each} for each in (None, "1", False)),
        *({"refused": each} for each in (None, 0, "false")),
    ],
    ids=str,
)
def test_row_that_somebody_spoilt_is_unreadable(damage: dict[str, Any]) -> None:
    spoilt = rows.answered_row("7", ANSWERED) | damage
    with pytest.raises(Unreadable, match=r"row 7/r\.first"):
        rows.answered_of(spoilt)


def test_row_without_a_column_is_unreadable() -> None:
    whole = rows.entry_row("7", ANSWERED.entry)
    for column in whole.keys() - {"PartitionKey", "RowKey"}:
        with pytest.raises(Unreadable, match=column):
            rows.entry_of({name: value for name, value in whole.items() if name != column})
