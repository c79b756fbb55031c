"""The address of a request is its id."""

import re
from urllib.parse import quote, unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import CLIENT_PATTERN, PATTERN, check_address, check_client_id, parse_integer

VISIBLE = [chr(each) for each in range(0x21, 0x7F)]
FORBIDDEN = set("/\\?#%")


@pytest.mark.parametrize(
    "text", ["!", "~", "a" * 255, "...", ".a", "a.", "..a", '"', "a:b@c;d=e,f"]
)
def test_visible_ascii_is_an_address(text: str) -> None:
    assert check_address(text) == text


@pytest.mark.parametrize("character", VISIBLE)
@pytest.mark.parametrize("form", ["{}", "a{}", "{}a", "a{}b"])
def test_five_characters_and_dots_alone_are_refused(character: str, form: str) -> None:
    text = form.format(character)
    if character in FORBIDDEN or text == ".":
        with pytest.raises(ValueError, match="must not"):
            check_address(text)
    else:
        assert check_address(text) == text


@pytest.mark.parametrize(
    "value",
    ["", "a" * 256, "a b", " ", "a\x7f", "a\n", "ключ", "a\x00", "..", None, 7, True, ["a"]],
)
def test_nothing_else_is_an_address(value: object) -> None:
    with pytest.raises(ValueError, match="must"):
        check_address(value)


@given(st.text(st.sampled_from([*VISIBLE, " ", "é"]), min_size=0, max_size=6))
def test_published_pattern_takes_what_the_check_takes(text: str) -> None:
    try:
        check_client_id(text)
    except ValueError:
        assert not re.fullmatch(CLIENT_PATTERN, text)
    else:
        assert re.fullmatch(CLIENT_PATTERN, text)
        assert re.fullmatch(PATTERN, text)


@given(st.text(st.sampled_from(VISIBLE), min_size=1, max_size=6))
def test_no_normalisation_changes_an_address(text: str) -> None:
    try:
        check_address(text)
    except ValueError:
        return
    url = f"http://localhost/api/projects/7/requests/{quote(text, safe='')}"
    assert urljoin(url, url) == url
    assert unquote(url).rpartition("/")[2] == text
    assert unquote(unquote(url)).rpartition("/")[2] == text


@pytest.mark.parametrize("text", ["event:hub:0:17", "event:"])
def test_ids_of_events_are_addresses_that_no_client_claims(text: str) -> None:
    assert check_address(text) == text
    with pytest.raises(ValueError, match="event:"):
        check_client_id(text)


@given(st.integers(-(2**31), 2**31 - 1))
def test_an_integer_of_an_address_reads_as_it_is_written(value: int) -> None:
    assert parse_integer(str(value), -(2**31), 2**31 - 1) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "+1", "01", "00", "-0", " 1", "1 ", "1_0", "1.0", "1e3", "\u0663", "²", "abc"),
        *("9" * 5_000, "2147483648", '"1"'),
    ],
)
def test_nothing_else_is_an_integer_of_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="must be an integer from 0 to 2147483647"):
        parse_integer(text, 0, 2**31 - 1)
