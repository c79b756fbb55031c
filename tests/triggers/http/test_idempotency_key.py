"""Which request id the header `Idempotency-Key` names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import check_client_id
from domain.invalid import Invalid
from triggers.http.idempotency_key import make_key, parse_key, render_key
from triggers.http.openapi.components import parameters

ALLOWED = [chr(each) for each in range(0x21, 0x7F) if chr(each) not in "/\\?#%"]


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("abc", "abc"),
        ("  abc  ", "abc"),
        ('"abc"', "abc"),
        (r'"a\"b"', 'a"b'),
        ("a,b", "a,b"),
        ('a"b', 'a"b'),
        ("a" * 255, "a" * 255),
        ('"' + "a" * 255 + '"', "a" * 255),
    ],
)
def test_a_key_is_plain_or_quoted(header: str, key: str) -> None:
    assert parse_key(header) == key


@pytest.mark.parametrize(
    "header",
    [
        *("", " ", '""', '"', '"a', '"a"b', r'"a\b"', '"a","b"', '"a";x=1', '"a b"', r'"a\\b"'),
        *("a b", "ü", "a\x00b", "a\x7f", "a" * 256, '"' + "a" * 256 + '"', "a/b", "..", '".."'),
        *("event:1", '"event:1"', "a%2Fb", "a?b", "a#b", "a\\b", "hub/0/12"),
    ],
)
def test_anything_else_is_refused_rather_than_replaced(header: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_key(header)
    assert [each.pointer for each in caught.value.errors] == ["header:Idempotency-Key"]


def test_a_key_that_is_made_up_is_one_and_new() -> None:
    keys = {make_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(check_client_id(each) for each in keys)


@given(st.text(st.sampled_from(ALLOWED), min_size=1, max_size=255))
def test_the_key_of_an_answer_can_be_sent_back_as_it_is(key: str) -> None:
    if key in {".", ".."} or key.startswith("event:"):
        return
    assert parse_key(render_key(key)) == key


@given(st.text(st.sampled_from([*ALLOWED, "/", "%", "\\", " "]), min_size=0, max_size=8))
def test_published_pattern_takes_what_is_accepted(header: str) -> None:
    pattern = parameters()["IdempotencyKey"]["schema"]["pattern"]
    try:
        parse_key(header)
    except Invalid:
        # Servers take white space at both ends away before anybody sees it.
        assert not re.fullmatch(pattern, header.strip())
    else:
        assert re.fullmatch(pattern, header.strip())
