"""What the wire lets through, and what it says about the rest."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos import Todo, TodoRequest
from todos.wire import (
    BATCH_ITEMS_MAX,
    ERRORS_MAX,
    Invalid,
    check_request_id,
    check_title,
    parse_batch,
    parse_integer,
    parse_payload,
    parse_request,
    todo_json,
)

GOOD = '{"projectId": 7, "title": "Buy milk"}'


def errors_of(body: bytes | str) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_request(body.encode() if isinstance(body, str) else body, "r")
    return {each.pointer: each.detail for each in caught.value.errors}


def test_a_request_is_read_with_its_title_trimmed() -> None:
    body = '{"title":"\\u2003 Buy milk\\n","projectId":2147483647}'
    assert parse_request(body.encode(), "r") == TodoRequest(2147483647, "r", "Buy milk")


def test_a_todo_is_written_as_the_contract_shows_it() -> None:
    text = json.dumps(todo_json(Todo(7, 42, "Buy milk")), separators=(",", ":"))
    assert text == '{"projectId":7,"id":42,"title":"Buy milk"}'


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "empty"),
        (b"   ", "not JSON: Expecting value (line 1, column 4)"),
        (b"{", "not JSON"),
        (b"projectId=7&title=x", "not JSON"),
        (GOOD.encode() + b"}", "Extra data"),
        (b"\xef\xbb\xbf" + GOOD.encode(), "byte order mark"),
        (GOOD.encode("utf-16"), "not UTF-8 at byte 0"),
        (b'{"projectId": 7, "title": "\xff"}', "not UTF-8 at byte 27"),
        (b'{"projectId": 7, "title": "\xed\xa0\x80"}', "not UTF-8"),  # a surrogate, encoded
        (b'{"projectId": 7, "title": "a\x00b"}', "Invalid control character"),
        (b'{"projectId": 7, "title": "a\nb"}', "Invalid control character"),
        (b"{'projectId': 7}", "not JSON"),
        (b'{"projectId": 07, "title": "x"}', "not JSON"),
        (b"[]", "must be an object; it is an array"),
        (b'["projectId", "title"]', "it is an array"),
        (b'"text"', "it is a string"),
        (b"null", "it is null"),
        (b"NaN", "it is not a finite number"),
        (b"true", "it is a boolean"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_a_body_that_is_no_object_is_refused_as_a_whole(body: bytes, detail: str) -> None:
    errors = errors_of(body)
    assert list(errors) == ["#"]
    assert detail in errors["#"]


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("true", "it is a boolean"),
        ("false", "it is a boolean"),
        ('"7"', "it is a string"),
        ("null", "it is null"),
        ("7.0", "it is a number with a fraction or an exponent"),
        ("7e0", "it is a number with a fraction or an exponent"),
        ("1e400", "it is not a finite number"),
        ("NaN", "it is not a finite number"),
        ("-Infinity", "it is not a finite number"),
        ("0", "it is out of range"),
        ("-1", "it is out of range"),
        ("2147483648", "it is out of range"),
        ("9" * 5_000, "it is out of range"),
        ("-" + "9" * 5_000, "it is out of range"),
        ("[7]", "it is an array"),
        ('{"a": 1}', "it is an object"),
        ('{"a": 1, "a": 2}', "it is an object"),
    ],
)
def test_a_project_id_is_an_integer_and_nothing_else(value: str, detail: str) -> None:
    errors = errors_of(f'{{"projectId": {value}, "title": "Buy milk"}}')
    assert list(errors) == ["#/projectId"]
    assert "integer from 1 to 2147483647" in errors["#/projectId"]
    assert detail in errors["#/projectId"]


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ('""', "it has 0"),
        ('" \\t\\n\\u00a0 "', "it has 0"),
        (json.dumps("x" * 501), "it has 501"),
        (json.dumps("\N{PILE OF POO}" * 501), "it has 501"),
        (r'"a\u0000b"', "control character U+0000"),
        (r'"a\nb"', "control character U+000A"),
        (r'"a\u007fb"', "control character U+007F"),
        (r'"a\u0085b"', "control character U+0085"),
        (r'"\ud800"', "half a surrogate pair, U+D800"),
        (r'"a\udfff"', "half a surrogate pair, U+DFFF"),
        (r'"\udc00\ud800"', "half a surrogate pair"),
        ("7", "must be a string"),
        ("true", "must be a string; it is a boolean"),
        ("null", "must be a string; it is null"),
        ('["Buy milk"]', "must be a string; it is an array"),
    ],
)
def test_a_title_is_1_to_500_characters_without_controls(value: str, detail: str) -> None:
    errors = errors_of(f'{{"projectId": 7, "title": {value}}}')
    assert list(errors) == ["#/title"]
    assert detail in errors["#/title"]


@pytest.mark.parametrize(
    "title",
    [
        "x",
        "x" * 500,
        "\N{PILE OF POO}" * 500,
        "a\u2028b",
        "a\u200bb",
        "e\u0301",
        '"\\',
        "a" + " " * 9 + "b",
    ],
)
def test_whatever_else_unicode_has_is_a_title_and_stays_as_it_is(title: str) -> None:
    for ascii_only in (True, False):
        body = json.dumps({"projectId": 7, "title": f"  {title}\t"}, ensure_ascii=ascii_only)
        assert parse_request(body.encode(), "r").title == title


@given(st.text())
def test_a_title_that_is_accepted_keeps_the_rules(text: str) -> None:
    try:
        title = check_title(text)
    except ValueError:
        rest = text.strip()
        assert not rest or len(rest) > 500 or any(unicodedata.category(c) == "Cc" for c in rest)
    else:
        assert title == text.strip()
        assert 1 <= len(title) <= 500
        assert not any(unicodedata.category(each) in {"Cc", "Cs"} for each in title)


def test_all_that_is_wrong_is_told_at_once() -> None:
    errors = errors_of('{"projectId": true, "Title": "x", "a/b~c": 1, "\\ud800 ü": null}')
    assert list(errors) == [
        "#/projectId",
        "#/title",
        "#/Title",
        "#/a~1b~0c",
        "#/%3F%20%C3%BC",
    ]
    assert errors["#/title"] == "is missing"
    assert errors["#/Title"] == "is not a known field"


def test_a_name_that_is_there_twice_is_told_even_when_both_agree() -> None:
    assert errors_of('{"projectId": 7, "title": "a", "title": "a", "x": 1, "x": 2, "x": 3}') == {
        "#/title": "must not be there twice",
        "#/x": "must not be there twice",
    }


def test_a_stranger_cannot_make_the_answer_long() -> None:
    many = errors_of(json.dumps({f"x{each}": each for each in range(1_000)}))
    assert len(many) == ERRORS_MAX
    long = errors_of(json.dumps({"projectId": 7, "title": "a", "x" * 10_000: 1}))
    assert list(long) == ["#/" + "x" * 100]


def test_the_payload_has_the_title_and_nothing_that_the_address_names() -> None:
    assert parse_payload(b'{"title": " a "}', 7, "r/1") == TodoRequest(7, "r/1", "a")
    with pytest.raises(Invalid, match="#/projectId is not a known field"):
        parse_payload(b'{"title": "a", "projectId": 7}', 7, "r/1")


def test_a_bad_item_leaves_the_others_of_its_batch_alone() -> None:
    items: list[Any] = [
        {"projectId": 7, "title": "a", "requestId": "r1"},
        {"projectId": 7, "title": "a"},
        7,
        {"projectId": 8, "title": " b", "requestId": "r2"},
        {"projectId": 8, "title": "b", "requestId": "r 2"},
    ]
    one, two, three, four, five = parse_batch(json.dumps(items).encode())
    assert one == TodoRequest(7, "r1", "a")
    assert four == TodoRequest(8, "r2", "b")
    assert str(two) == "#/1/requestId is missing"
    assert str(three) == "#/2 must be an object; it is an integer"
    assert str(five).startswith("#/4/requestId must consist of visible ASCII")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"[]", "it has 0"),
        (b"[" + b",".join([b"{}"] * (BATCH_ITEMS_MAX + 1)) + b"]", "it has 1001"),
        (b'{"items": []}', "must be an array; it is an object"),
        (b'{"a": 1, "a": 1}', "must be an array; it is an object"),
        (b"[{}", "not JSON"),
    ],
)
def test_a_batch_is_an_array_of_1_to_1000(body: bytes, detail: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_batch(body)
    (error,) = caught.value.errors
    assert error.pointer == "#"
    assert detail in error.detail


@pytest.mark.parametrize("request_id", ["!", "~", "a" * 255, "hub/0/12", '"', "%2F", ".."])
def test_a_request_id_is_visible_ascii(request_id: str) -> None:
    assert check_request_id(request_id) == request_id


@pytest.mark.parametrize(
    "request_id", ["", "a" * 256, "a b", " ", "a\x7f", "a\n", "ü", "a\x00", None, 7, True, ["a"]]
)
def test_nothing_else_is_a_request_id(request_id: object) -> None:
    with pytest.raises(ValueError, match="must"):
        check_request_id(request_id)


@given(st.integers(0, 2**31 - 1))
def test_an_integer_of_an_address_reads_as_it_is_written(value: int) -> None:
    assert parse_integer(str(value), 0) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "01",
        "00",
        " 1",
        "1 ",
        "1_0",
        "1.0",
        "1e3",
        "\u0663",
        "²",
        "abc",
        "9" * 5_000,
        "2147483648",
    ],
)
def test_nothing_else_is_an_integer_of_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="must be an integer from 0 to 2147483647"):
        parse_integer(text, 0)
