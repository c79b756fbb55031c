"""Every entry in the log is published: in order, once, or again and then identically."""

import asyncio
import json

import pytest

from publishing.events import event_of
from publishing.producer import NotSent
from publishing.publisher import EVENTS_PER_SEND_MAX, Reached
from store.ports.records import Entry
from store.sqlite.store import SqliteStore
from tests.domain_under_test import KEY, WIRE
from tests.publishing.memory_producer import MemoryProducer, Way
from tests.publishing.parts import append, begin, lose_tail, publisher
from todos.model import TITLE_LENGTH_MAX


@pytest.mark.todos
@pytest.mark.parametrize(
    "title", ["Buy milk", "🧊" * TITLE_LENGTH_MAX, '"' * TITLE_LENGTH_MAX, "漢\u2028"]
)
def test_event_says_what_a_get_says(title: str) -> None:
    output = json.dumps({"id": 42, "title": title}, ensure_ascii=False)
    entry = Entry(42, "1c9e", 1, output)
    event = event_of(KEY, entry, WIRE.shown)
    assert json.loads(event.body) == {"projectId": 7, "id": 42, "title": title}
    assert event.properties == {"requestId": "1c9e", "sequence": 42}
    assert event == event_of(KEY, entry, WIRE.shown)


def test_event_of_a_refusal_says_so() -> None:
    entry = Entry(3, "1c9e", 1, '{"code":"credit-limit","detail":"over"}', refused=True)
    event = event_of(KEY, entry, WIRE.shown)
    assert event.properties["refused"] == 1
    assert json.loads(event.body)["refused"]["code"] == "credit-limit"


@pytest.mark.parametrize("entries", [0, 1, EVENTS_PER_SEND_MAX, EVENTS_PER_SEND_MAX + 1, 350])
async def test_whole_log_goes_out_in_order(store: SqliteStore, entries: int) -> None:
    producer = MemoryProducer()
    await begin(store, KEY, entries)
    assert (await publisher(store, producer).publish(KEY)).place == entries
    assert producer.places(KEY) == list(range(1, entries + 1))
    assert (await publisher(store, producer).publish(KEY)).place == entries
    assert len(producer.places(KEY)) == entries


async def test_many_callers_at_once_publish_once(store: SqliteStore) -> None:
    producer = MemoryProducer()
    await begin(store, KEY, 120)
    made = publisher(store, producer)
    assert (
        await asyncio.gather(*(made.publish(KEY) for _ in range(20)))
        == [Reached(120, is_end=True, sent=120)] * 20
    )
    assert producer.places(KEY) == list(range(1, 121))


async def test_two_processes_repeat_but_never_leave_out(store: SqliteStore) -> None:
    producer = MemoryProducer()
    await begin(store, KEY, 450)
    await asyncio.gather(*(publisher(store, producer).publish(KEY) for _ in range(3)))
    assert producer.consumed(KEY) == list(range(1, 451))
    assert (await store.publications.cursor(KEY)).place == 450


@pytest.mark.parametrize("way", [Way.BEFORE, Way.PARTLY, Way.AFTER])
async def test_failed_send_is_repeated_identically(store: SqliteStore, way: Way) -> None:
    producer = MemoryProducer()
    await begin(store, KEY, 250)
    producer.way = way
    with pytest.raises(NotSent):
        await publisher(store, producer).publish(KEY)
    assert (await store.publications.cursor(KEY)).place == 0
    producer.way = Way.WELL
    assert (await publisher(store, producer).publish(KEY)).place == 250
    assert producer.consumed(KEY) == list(range(1, 251))
    by_place: dict[object, object] = {}
    for event in producer.events[KEY]:
        assert by_place.setdefault(event.properties["sequence"], event) == event


@pytest.mark.parametrize("regrown", [0, 3, 6, 20])
async def test_places_given_out_again_are_published_again(store: SqliteStore, regrown: int) -> None:
    """A fail-over took the log from 9 back to 3; it may have grown past 9 before anybody looks."""
    producer = MemoryProducer()
    await begin(store, KEY, 9)
    await publisher(store, producer).publish(KEY)
    await lose_tail(store, KEY, 3)
    await append(store.log, KEY, [f"new{n}" for n in range(regrown)])
    assert (await publisher(store, producer).publish(KEY)).place == 3 + regrown
    published = dict(zip(producer.places(KEY), producer.ids(KEY), strict=True))
    entries = await store.log.read(KEY, 0, 1_000)
    assert {e.place: e.request_id for e in entries}.items() <= published.items()


@pytest.mark.parametrize("again", [["r9"], ["new", "r9"]])
async def test_id_that_comes_again_in_the_last_place_is_published(
    store: SqliteStore, again: list[str]
) -> None:
    """A fail-over took the log back, and its last request got the same place with other content,
    or behind another one."""
    producer = MemoryProducer()
    first = 10 - len(again)
    await begin(store, KEY, 9, first=1)
    await publisher(store, producer).publish(KEY)
    await lose_tail(store, KEY, first - 1)
    await append(store.log, KEY, again, title="another title")
    assert (await publisher(store, producer).publish(KEY)).place == 9
    entries = await store.log.read(KEY, first - 1, 1_000)
    sent = [event_of(KEY, each, WIRE.shown) for each in entries]
    assert producer.events[KEY][-len(again) :] == sent


async def test_same_request_in_its_place_behind_others_is_noticed(store: SqliteStore) -> None:
    """Found by the model: what stands at the cursor says the same, and what is before it does not."""
    producer = MemoryProducer()
    await begin(store, KEY, 9)
    await publisher(store, producer).publish(KEY)
    same = [f"r{n}" for n in (5, 6, 7, 8)]
    await lose_tail(store, KEY, 3)
    await append(store.log, KEY, ["new4", "new5", *same])
    assert (await publisher(store, producer).publish(KEY)).place == 9
    sent = dict(zip(producer.places(KEY), producer.ids(KEY), strict=True))
    assert [sent[place] for place in range(4, 10)] == ["new4", "new5", *same]


async def test_whole_log_that_was_lost_is_followed_from_its_beginning(store: SqliteStore) -> None:
    producer = MemoryProducer()
    await begin(store, KEY, 5)
    await publisher(store, producer).publish(KEY)
    await lose_tail(store, KEY, 0)
    await append(store.log, KEY, ["x", "y"])
    assert (await publisher(store, producer).publish(KEY)).place == 2
    assert producer.ids(KEY)[-2:] == ["x", "y"]
