"""What `store.deadletters_port` promises, held against both adapters."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store.app_port import AppStore
from store.deadletters_port import BODY_BYTES_MAX, PROPERTIES_BYTES_MAX, DeadLetter, Key, Summary
from store.port import Unknown
from tests.store.examples import NOON, VISIBLE_ASCII

# Advice of aiohttp about requests of more than 1 MiB, which the SDK makes as it does. Sending one
# takes milliseconds, and a dead letter of that size is rare.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")

EVERY_BYTE = bytes(range(256))


def a_key(sequence: int = 17, partition: str = "0", hub: str = "requests") -> Key:
    return Key(hub, partition, f"{sequence}-0a1b2c3d")


def a_letter(
    key: Key | None = None,
    body: bytes = EVERY_BYTE,
    properties: dict[str, Any] | None = None,
    **changes: Any,
) -> DeadLetter:
    summary = Summary(
        key=key or a_key(),
        code="invalid-body",
        reason="#/title is missing",
        request_id="abc",
        enqueued_at=NOON,
        stored_at=NOON + timedelta(seconds=3),
        body_bytes=len(body),
    )
    return DeadLetter(replace(summary, **changes), "message 1", properties or {}, body)


async def keys(store: AppStore) -> list[Key]:
    return [each.key async for page in store.deadletters.pages() for each in page]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="none"),
        pytest.param(EVERY_BYTE, id="every byte"),
        pytest.param(b"\0" * 65_536, id="one chunk"),
        pytest.param(b"\xff" * 65_537, id="one byte more than a chunk"),
        pytest.param(random.Random(1).randbytes(524_288), id="one row"),
        pytest.param(random.Random(2).randbytes(BODY_BYTES_MAX - 1), id="1 MiB less one"),
        pytest.param(random.Random(3).randbytes(BODY_BYTES_MAX), id="1 MiB"),
    ],
)
async def test_a_letter_comes_out_as_it_went_in(store: AppStore, body: bytes) -> None:
    letter = a_letter(body=body, properties={"requestId": "abc", "n": 1, "x": None, "y": [1.5]})
    await store.deadletters.put(letter)
    assert await store.deadletters.get(letter.summary.key) == letter
    assert not letter.is_cut


async def test_the_largest_letter_fits_into_one_transaction(store: AppStore) -> None:
    names = 1_000
    properties = {f"{n:04d}": "\u00e9" * 510 for n in range(names)}  # 1,020 bytes each
    letter = a_letter(body=b"\xfe" * BODY_BYTES_MAX, properties=properties)
    assert names * 1_020 > PROPERTIES_BYTES_MAX * 0.97
    await store.deadletters.put(letter)
    assert await store.deadletters.get(letter.summary.key) == letter


@pytest.mark.parametrize(
    "text", ["", "\0", "\ud800", "\u2028", "🧊" * 5_000, VISIBLE_ASCII, "'\"';--", "</a>\r\n"]
)
async def test_what_a_stranger_wrote_comes_out_as_it_went_in(store: AppStore, text: str) -> None:
    letter = replace(a_letter(properties={text: text, "nested": {text: [text]}}), message_id=text)
    await store.deadletters.put(letter)
    assert await store.deadletters.get(letter.summary.key) == letter


async def test_what_is_not_known_of_an_event_stays_unknown(store: AppStore) -> None:
    letter = a_letter(Key("requests", "manual", "5d41402abc4b2a76"), request_id=None)
    letter = replace(letter, summary=replace(letter.summary, enqueued_at=None), message_id=None)
    await store.deadletters.put(letter)
    assert await store.deadletters.get(letter.summary.key) == letter
    assert letter.summary.key.sequence_number is None


async def test_a_letter_whose_body_was_cut_says_so(store: AppStore) -> None:
    letter = a_letter(body=b"beginning", body_bytes=5_000_000)
    await store.deadletters.put(letter)
    found = await store.deadletters.get(letter.summary.key)
    assert found is not None
    assert found.is_cut


async def test_the_same_event_is_the_same_letter(store: AppStore) -> None:
    large = a_letter(body=b"x" * 600_000)
    for reason in ("#/title is missing", "something else", "#/title is missing"):
        again = replace(large, summary=replace(large.summary, reason=reason))
        await store.deadletters.put(again)
    assert await keys(store) == [large.summary.key]
    assert await store.deadletters.get(large.summary.key) == large


async def test_one_event_delivered_many_times_at_once_is_one_letter(store: AppStore) -> None:
    letter = a_letter(body=b"x" * 600_000)
    await asyncio.gather(*(store.deadletters.put(letter) for _ in range(8)))
    assert await keys(store) == [letter.summary.key]
    assert await store.deadletters.get(letter.summary.key) == letter


async def test_a_hub_made_anew_under_its_name_does_not_overwrite_letters(store: AppStore) -> None:
    one, other = Key("requests", "0", "17-aaaaaaaa"), Key("requests", "0", "17-bbbbbbbb")
    await store.deadletters.put(a_letter(one, b"one"))
    await store.deadletters.put(a_letter(other, b"other"))
    found = [await store.deadletters.get(each) for each in (one, other)]
    assert [each.body for each in found if each] == [b"one", b"other"]


async def test_a_sequence_number_that_begins_like_another_is_another(store: AppStore) -> None:
    for sequence in (1, 17, 170):
        await store.deadletters.put(a_letter(a_key(sequence), str(sequence).encode()))
    await store.deadletters.remove(a_key(17))
    assert await keys(store) == [a_key(1), a_key(170)]


async def test_they_are_listed_by_hub_partition_and_sequence_number(store: AppStore) -> None:
    expected = [
        a_key(sequence, partition, hub)
        for hub in ("orders", "requests")
        for partition in ("0", "1")
        for sequence in (0, 2, 10, 2**63 - 1)
    ]
    shuffled = random.Random(4).sample(expected, len(expected))
    # Of more than one row each, and still one each in the list.
    for key in shuffled:
        await store.deadletters.put(a_letter(key, b"x" * 530_000))
    assert await keys(store) == expected
    [first, *_] = [each async for page in store.deadletters.pages() for each in page]
    assert first == a_letter(expected[0], b"x" * 530_000).summary


async def test_a_long_list_is_whole(store: AppStore) -> None:
    expected = [a_key(sequence) for sequence in range(1_100)]
    for first in range(0, len(expected), 50):
        some = expected[first : first + 50]
        await asyncio.gather(*(store.deadletters.put(a_letter(key, b"{")) for key in some))
    assert await keys(store) == expected


async def test_what_is_removed_is_gone_and_may_be_removed_again(store: AppStore) -> None:
    letter = a_letter(body=b"x" * BODY_BYTES_MAX)
    await store.deadletters.put(letter)
    await asyncio.gather(*(store.deadletters.remove(letter.summary.key) for _ in range(3)))
    await store.deadletters.remove(letter.summary.key)
    assert await store.deadletters.get(letter.summary.key) is None
    assert await keys(store) == []


async def test_nothing_is_there_at_first(store: AppStore) -> None:
    assert await keys(store) == []
    assert await store.deadletters.get(a_key()) is None
    await store.deadletters.remove(a_key())


async def test_a_closed_store_does_not_pretend(store: AppStore) -> None:
    await store.deadletters.put(a_letter())
    await store.close()
    with pytest.raises(Unknown):
        await store.deadletters.put(a_letter())
    with pytest.raises(Unknown):
        await store.deadletters.get(a_key())


@pytest.mark.parametrize("key", [a_key(), a_key(0), Key("a.b-c_d", "manual", "5d41")])
def test_a_key_is_what_it_was_written_as(key: Key) -> None:
    assert Key.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "requests", "requests/0", "requests/0/", "/0/1", "a/b/c/d"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hub/partition/position"):
        Key.parse(text)


def test_a_key_knows_the_sequence_number() -> None:
    assert a_key(170).sequence_number == 170
    assert datetime(2026, 1, 1, tzinfo=UTC) < NOON
