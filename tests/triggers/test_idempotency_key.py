"""Which request id the header `Idempotency-Key` names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.wire import Invalid, check_request_id
from triggers.idempotency_key import parse_key, render_key

VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("abc", "abc"),
        ("  abc  ", "abc"),
        ('"abc"', "abc"),
        (r'"a\"b\\c"', r'a"b\c'),
        ("a,b", "a,b"),
        ('a"b', 'a"b'),
        ("hub/0/12", "hub/0/12"),
        ("a" * 255, "a" * 255),
        ('"' + "a" * 255 + '"', "a" * 255),
    ],
)
def test_a_key_is_plain_or_quoted(header: str, key: str) -> None:
    assert parse_key(header) == key


@pytest.mark.parametrize(
    "header",
    [
        *("", " ", '""', '"', '"a', '"a"b', r'"a\b"', '"a","b"', '"a";x=1', '"a b"'),
        *("a b", "ü", "a\x00b", "a\x7f", "a" * 256, '"' + "a" * 256 + '"'),
    ],
)
def test_anything_else_is_refused_rather_than_replaced(header: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_key(header)
    assert [each.pointer for each in caught.value.errors] == ["header:Idempotency-Key"]


def test_a_request_without_a_key_gets_one_of_its_own() -> None:
    keys = {parse_key(None) for _ in range(100)}
    assert len(keys) == 100
    assert all(check_request_id(each) for each in keys)


@given(st.text(VISIBLE, min_size=1, max_size=255))
def test_the_key_of_an_answer_can_be_sent_back_as_it_is(key: str) -> None:
    assert parse_key(render_key(key)) == key
