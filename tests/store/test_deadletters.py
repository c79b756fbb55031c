"""What `store.ports.deadletters` promises, held against both adapters."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from store.ports.deadletters import BODY_BYTES_MAX, FOLD, DeadLetter, Name, Summary
from store.ports.records import Unknown
from store.ports.store import Store
from tests.store.examples import IDS, NOON, TEXTS

# Advice of aiohttp about requests of more than 1 MiB. Sending one takes milliseconds, and a dead
# letter of that size is rare.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")

EVERY_BYTE = bytes(range(256))


def a_name(sequence: int = 17, partition: str = "0", source: str = "requests") -> Name:
    return Name(source, partition, f"{sequence}-0a1b2c3d")


def a_letter(
    name: Name | None = None,
    body: bytes = EVERY_BYTE,
    properties: dict[str, Any] | None = None,
    **changes: Any,
) -> DeadLetter:
    summary = Summary(
        name=name or a_name(),
        code="invalid-body",
        reason="#/title is missing",
        request_id="abc",
        enqueued_at=NOON,
        stored_at=NOON + timedelta(seconds=3),
        body_bytes=len(body),
    )
    return DeadLetter(replace(summary, **changes), "message 1", properties or {}, body)


async def names(store: Store) -> list[Name]:
    return [each.name async for page in store.deadletters.pages() for each in page]


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
async def test_letter_comes_out_as_it_went_in(store: Store, body: bytes) -> None:
    letter = a_letter(body=body, properties={"requestId": "abc", "n": 1, "x": None, "y": [1.5]})
    await store.deadletters.put(letter)
    assert await store.deadletters.get(letter.summary.name) == letter
    assert not letter.is_cut


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "\u2028", "🧊" * 1_000, *TEXTS.values()])
async def test_what_a_stranger_wrote_comes_out_as_it_went_in(store: Store, text: str) -> None:
    letter = replace(a_letter(properties={text: text, "nested": {text: [text]}}), message_id=text)
    await store.deadletters.put(letter)
    assert await store.deadletters.get(letter.summary.name) == letter


async def test_what_is_not_known_of_an_event_stays_unknown(store: Store) -> None:
    letter = a_letter(Name("requests", "manual", "5d41402abc4b2a76"), request_id=None)
    letter = replace(letter, summary=replace(letter.summary, enqueued_at=None), message_id=None)
    await store.deadletters.put(letter)
    assert await store.deadletters.get(letter.summary.name) == letter


async def test_request_of_any_key_and_id_has_a_letter_of_its_own(store: Store) -> None:
    every = [Name(FOLD, key, "same") for key in IDS.values()]
    every += [Name(FOLD, "7", request_id) for request_id in IDS.values()]
    for name in every:
        await store.deadletters.put(a_letter(name, str(name).encode()))
    assert sorted(await names(store), key=str) == sorted(every, key=str)
    for name in every:
        letter = await store.deadletters.get(name)
        assert letter is not None
        assert letter.body == str(name).encode()


async def test_letter_whose_body_was_cut_says_so(store: Store) -> None:
    letter = a_letter(body=b"beginning", body_bytes=5_000_000)
    await store.deadletters.put(letter)
    found = await store.deadletters.get(letter.summary.name)
    assert found is not None
    assert found.is_cut


async def test_same_event_is_the_same_letter(store: Store) -> None:
    large = a_letter(body=b"x" * 600_000)
    for reason in ("#/title is missing", "something else", "#/title is missing"):
        again = replace(large, summary=replace(large.summary, reason=reason))
        await store.deadletters.put(again)
    assert await names(store) == [large.summary.name]
    assert await store.deadletters.get(large.summary.name) == large


async def test_one_event_delivered_many_times_at_once_is_one_letter(store: Store) -> None:
    letter = a_letter(body=b"x" * 600_000)
    await asyncio.gather(*(store.deadletters.put(letter) for _ in range(8)))
    assert await names(store) == [letter.summary.name]
    assert await store.deadletters.get(letter.summary.name) == letter


async def test_hub_made_anew_under_its_name_overwrites_no_letter(store: Store) -> None:
    one, other = Name("requests", "0", "17-aaaaaaaa"), Name("requests", "0", "17-bbbbbbbb")
    await store.deadletters.put(a_letter(one, b"one"))
    await store.deadletters.put(a_letter(other, b"other"))
    found = [await store.deadletters.get(each) for each in (one, other)]
    assert [each.body for each in found if each] == [b"one", b"other"]


async def test_position_that_begins_like_another_is_another(store: Store) -> None:
    every = [Name("requests", "0", each) for each in ("1", "1-", "1-0", "1-00", "1.0", "10")]
    for name in every:
        await store.deadletters.put(a_letter(name, name.position.encode()))
    await store.deadletters.remove(every[1])
    assert set(await names(store)) == {*every} - {every[1]}


async def test_letters_are_listed_by_source_and_partition(store: Store) -> None:
    expected = [
        Name(source, partition, position)
        for source in ("orders", "requests")
        for partition in ("0", "1")
        for position in ("0-a", "10-a", "2-a")
    ]
    # Of more than one row each, and still one each in the list.
    for name in random.Random(4).sample(expected, len(expected)):
        await store.deadletters.put(a_letter(name, b"x" * 530_000))
    assert await names(store) == expected
    [first, *_] = [each async for page in store.deadletters.pages() for each in page]
    assert first == a_letter(expected[0], b"x" * 530_000).summary


async def test_long_list_is_whole(store: Store) -> None:
    expected = [a_name(sequence) for sequence in range(1_100)]
    for first in range(0, len(expected), 50):
        some = expected[first : first + 50]
        await asyncio.gather(*(store.deadletters.put(a_letter(name, b"{")) for name in some))
    assert sorted(await names(store), key=str) == sorted(expected, key=str)


async def test_what_is_removed_is_gone_and_may_be_removed_again(store: Store) -> None:
    letter = a_letter(body=b"x" * BODY_BYTES_MAX)
    await store.deadletters.put(letter)
    await asyncio.gather(*(store.deadletters.remove(letter.summary.name) for _ in range(3)))
    await store.deadletters.remove(letter.summary.name)
    assert await store.deadletters.get(letter.summary.name) is None
    assert await names(store) == []


async def test_letter_that_took_the_place_of_another_stays(store: Store) -> None:
    read = a_letter(body=b"x" * 600_000)
    later = a_letter(body=b"y" * 600_000, stored_at=NOON + timedelta(seconds=4))
    await store.deadletters.put(read)
    await store.deadletters.put(later)
    await store.deadletters.remove(a_name(), read.summary.stored_at)
    assert await store.deadletters.get(a_name()) == later
    await store.deadletters.remove(a_name(), later.summary.stored_at)
    assert await store.deadletters.get(a_name()) is None


async def test_nothing_is_there_at_first(store: Store) -> None:
    assert await names(store) == []
    assert await store.deadletters.get(a_name()) is None
    await store.deadletters.remove(a_name())


async def test_closed_store_does_not_pretend(store: Store) -> None:
    await store.deadletters.put(a_letter())
    await store.close()
    with pytest.raises(Unknown):
        await store.deadletters.put(a_letter())
    with pytest.raises(Unknown):
        await store.deadletters.get(a_name())


@pytest.mark.parametrize("name", [a_name(), a_name(0), Name("a.b-c_d", "manual", "5d41")])
def test_name_is_what_it_was_written_as(name: Name) -> None:
    assert Name.parse(str(name)) == name


@pytest.mark.parametrize("text", ["", "requests", "requests/0", "requests/0/", "/0/1", "a/b/c/d"])
def test_invalid_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="source/partition/position"):
        Name.parse(text)
