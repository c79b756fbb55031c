"""What may be asked for: the contract of TODOs on the wire."""

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.invalid import Invalid
from domain.request import Request
from domain.text import WHITE_SPACE
from domain.wire import Wire
from todos import TODOS
from todos.model import TITLE_LENGTH_MAX

WIRE = Wire(TODOS)
TOO_LONG = TITLE_LENGTH_MAX + 1
ASKED = TODOS.newest.request.schema(asked=True)["properties"]["title"]
KEPT = TODOS.newest.output.schema(asked=False)["properties"]["title"]


def title_of(title: str) -> str:
    body = json.dumps({"projectId": 7, "title": title}).encode()
    kept: str = json.loads(WIRE.request(body, "r").payload)["title"]
    return kept


def errors_of(body: str) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        WIRE.request(body.encode(), "r")
    return {each.pointer: each.detail for each in caught.value.errors}


def test_request_is_read_with_its_title_trimmed() -> None:
    body = '{"title":"\\u2003 Buy milk\\n","projectId":2147483647}'
    assert WIRE.request(body.encode(), "r") == Request("2147483647", "r", '{"title":"Buy milk"}')


@dataclass(frozen=True, slots=True)
class Entry:
    place: int
    output: str
    refused: bool = False


def test_todo_is_written_as_the_contract_shows_it() -> None:
    entry = Entry(42, '{"id":42,"title":"Buy milk"}')
    text = json.dumps(WIRE.answer("7", entry), separators=(",", ":"))
    assert text == '{"projectId":7,"id":42,"title":"Buy milk"}'


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        *(("true", "it is a boolean"), ('"7"', "it is a string"), ("null", "it is null")),
        *(("7.0", "a number with a fraction"), ("7e0", "a number with a fraction")),
        *(("1e400", "not a finite number"), ("NaN", "not a finite number")),
        *(("0", "out of range"), ("-1", "out of range"), ("2147483648", "out of range")),
        *(("9" * 5_000, "out of range"), ("[7]", "an array"), ('{"a": 1}', "an object")),
    ],
)
def test_project_id_is_an_integer_and_nothing_else(value: str, detail: str) -> None:
    errors = errors_of(f'{{"projectId": {value}, "title": "Buy milk"}}')
    assert list(errors) == ["#/projectId"]
    assert "must be an integer from 1 to 2147483647; it is" in errors["#/projectId"]
    assert detail in errors["#/projectId"]


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ('""', f"1 to {TITLE_LENGTH_MAX} characters after trimming; it has 0"),
        ('" \\t\\n\\u00a0 "', "it has 0"),
        ('"\\ufeff"', "it has 0"),
        (json.dumps("x" * TOO_LONG), f"it has {TOO_LONG}"),
        (json.dumps("\N{PILE OF POO}" * TOO_LONG), f"it has {TOO_LONG}"),
        (r'"a\u0000b"', "control character U+0000"),
        (r'"a\nb"', "control character U+000A"),
        (r'"a\u007fb"', "control character U+007F"),
        (r'"\u0085a"', "control character U+0085"),
        (r'"\u001ca"', "control character U+001C"),
        (r'"\ud800"', "half a surrogate pair, U+D800"),
        (r'"\udc00\ud800"', "half a surrogate pair"),
        ("7", "must be a string"),
        ("null", "must be a string; it is null"),
    ],
)
def test_title_has_bounded_length_and_no_controls(value: str, detail: str) -> None:
    errors = errors_of(f'{{"projectId": 7, "title": {value}}}')
    assert list(errors) == ["#/title"]
    assert detail in errors["#/title"]


@pytest.mark.parametrize(
    "title",
    [
        "x",
        "x" * TITLE_LENGTH_MAX,
        "\N{PILE OF POO}" * TITLE_LENGTH_MAX,
        "a\u2028b",
        "\u200b",
        "e\u0301",
        '"\\',
        "a  \u3000 b",
    ],
)
def test_whatever_else_unicode_has_is_a_title_and_stays(title: str) -> None:
    assert title_of(f"  {title}\t\ufeff") == title


def matches(schema: dict[str, Any], text: str) -> bool:
    return re.fullmatch(schema["pattern"], text) is not None


def test_trimmed_characters_are_the_white_space_of_ecma_262() -> None:
    """Its WhiteSpace and LineTerminator: Unicode Zs, and seven more."""
    spaces = {chr(each) for each in range(0x110000) if unicodedata.category(chr(each)) == "Zs"}
    assert set(WHITE_SPACE) == spaces | set("\t\n\v\f\r\u2028\u2029\ufeff")


@pytest.mark.parametrize("form", ["{}", "{}a", "a{}", "a{}b"])
def test_published_pattern_is_what_is_accepted_and_kept(form: str) -> None:
    for code in (*range(0x3001), 0xFEFF, 0xFFFF, 0x1F600):
        if 0xD800 <= code <= 0xDFFF:
            continue
        text = form.format(chr(code))
        try:
            kept = title_of(text)
        except Invalid:
            assert not matches(ASKED, text), repr(text)
        else:
            assert matches(ASKED, text), repr(text)
            assert matches(KEPT, kept), repr(kept)
            assert matches(KEPT, text) is (kept == text), repr(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_any_text_is_a_title_exactly_when_the_pattern_says_so(text: str) -> None:
    try:
        kept = title_of(text)
    except Invalid:
        assert not matches(ASKED, text)
    else:
        assert matches(ASKED, text)
        assert kept == text.strip(WHITE_SPACE)


@pytest.mark.parametrize(("length", "good"), [(TITLE_LENGTH_MAX, True), (TOO_LONG, False)])
def test_published_pattern_counts_as_the_service_does(length: int, *, good: bool) -> None:
    text = " " + "\N{PILE OF POO}" * length + " "
    assert matches(ASKED, text) is good
    if good:
        assert len(title_of(text)) == length
