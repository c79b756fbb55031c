"""Whatever an event holds, its dead letter fits into one transaction of 4 MiB."""

from dataclasses import replace

import pytest

from store.details import bounded, encode_details
from store.ports.deadletters import (
    BODY_BYTES_MAX,
    PROPERTIES_BYTES_MAX,
    TEXT_CHARACTERS_MAX,
    DeadLetter,
)
from store.ports.store import Store
from tests.store.test_deadletters import a_letter

pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")

BODY = b"\xfe" * (3 * BODY_BYTES_MAX)


async def kept(store: Store, letter: DeadLetter) -> DeadLetter:
    await store.deadletters.put(letter)
    found = await store.deadletters.get(letter.summary.name)
    assert found == bounded(letter)
    return found


@pytest.mark.parametrize("character", ["x", "\x01", '"', "🧊", "\ud800"], ids=ascii)
async def test_message_id_of_any_length_is_cut(store: Store, character: str) -> None:
    letter = replace(a_letter(body=BODY), message_id=character * 700_000)
    found = await kept(store, letter)
    assert found.message_id == character * TEXT_CHARACTERS_MAX


@pytest.mark.parametrize("character", ["x", "\x01", "🧊", "\ud800"], ids=ascii)
async def test_reason_and_code_of_any_length_are_cut(store: Store, character: str) -> None:
    text = character * 100_000
    found = await kept(store, a_letter(code=text, reason=text))
    assert found.summary.reason[:6] in {character * 6, "\\ud800"}
    assert len(found.summary.reason) <= 6 * TEXT_CHARACTERS_MAX


@pytest.mark.parametrize("character", ["x", "\x01", '"', "é", "🧊", "\ud800"], ids=ascii)
async def test_properties_that_do_not_fit_are_left_out(store: Store, character: str) -> None:
    text = character * 60_000
    properties = {"first": 1, **{f"{n:04d}": text for n in range(200)}, "last": 2}
    found = await kept(store, a_letter(body=BODY, properties=properties))
    assert {"first", "0000", "last"} <= set(found.properties)
    assert len(encode_details(found)) <= PROPERTIES_BYTES_MAX + 10_000


async def test_one_property_that_is_too_large_is_left_out(store: Store) -> None:
    properties = {"large": "x" * 5_000_000, "n" * 5_000_000: 1, "small": True}
    found = await kept(store, a_letter(body=BODY, properties=properties))
    assert dict(found.properties) == {"n" * TEXT_CHARACTERS_MAX: 1, "small": True}


async def test_body_is_cut_and_says_so(store: Store) -> None:
    found = await kept(store, a_letter(body=BODY))
    assert found.body == BODY[:BODY_BYTES_MAX]
    assert found.is_cut


async def test_event_of_the_largest_size_is_kept_whole(store: Store) -> None:
    letter = a_letter(
        body=b"\xfe" * BODY_BYTES_MAX, properties={f"{n:03d}": "é" * 5_100 for n in range(100)}
    )
    assert await kept(store, letter) == letter
