"""Every TODO in the log is published: in id order, once, or again and then identically."""

import asyncio
import json
from typing import Any

import pytest

from publishing.events import event_of
from publishing.producer import NotSent
from publishing.publisher import EVENTS_PER_SEND_MAX
from store.port import Entry
from store.sqlite import SqliteStore
from tests.publishing.memory_producer import MemoryProducer, Way
from tests.publishing.parts import begin, publisher
from tests.store.examples import TITLES
from todos import Todo


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
def test_an_event_says_what_the_log_says(title: str) -> None:
    event = event_of(Entry("a/b é", Todo(7, 42, title)))
    assert json.loads(event.body) == {"projectId": 7, "id": 42, "title": title}
    assert event.properties == {"requestId": "a/b é", "sequence": 42}
    assert event == event_of(Entry("a/b é", Todo(7, 42, title)))


def test_no_event_is_larger_than_it_is_said_to_be() -> None:
    event = event_of(Entry("x", Todo(2**31 - 1, 2**31 - 1, "🧊" * 500)))
    assert len(event.body) <= 4_096
    worst = event_of(Entry("x", Todo(2**31 - 1, 2**31 - 1, '"' * 500)))
    assert len(worst.body) <= 4_096


@pytest.mark.parametrize("todos", [0, 1, EVENTS_PER_SEND_MAX, EVENTS_PER_SEND_MAX + 1, 350])
async def test_the_whole_log_goes_out_in_id_order(store: SqliteStore, todos: int) -> None:
    producer = MemoryProducer()
    await begin(store, 7, todos)
    assert await publisher(store, producer).publish(7) == todos
    assert producer.ids(7) == list(range(1, todos + 1))
    assert await publisher(store, producer).publish(7) == todos
    assert len(producer.ids(7)) == todos


async def test_many_callers_at_once_publish_once(store: SqliteStore) -> None:
    producer = MemoryProducer()
    await begin(store, 7, 120)
    made = publisher(store, producer)
    assert await asyncio.gather(*(made.publish(7) for _ in range(20))) == [120] * 20
    assert producer.ids(7) == list(range(1, 121))


async def test_two_processes_repeat_but_never_leave_out(store: SqliteStore) -> None:
    producer = MemoryProducer()
    await begin(store, 7, 450)
    await asyncio.gather(*(publisher(store, producer).publish(7) for _ in range(3)))
    assert producer.consumed(7) == list(range(1, 451))
    assert (await store.publications.cursor(7)).last == 450


@pytest.mark.parametrize("way", [Way.BEFORE, Way.PARTLY, Way.AFTER])
async def test_a_send_that_fails_is_sent_again_identically(store: SqliteStore, way: Way) -> None:
    producer = MemoryProducer()
    await begin(store, 7, 250)
    producer.way = way
    with pytest.raises(NotSent):
        await publisher(store, producer).publish(7)
    assert (await store.publications.cursor(7)).last == 0
    producer.way = Way.WELL
    assert await publisher(store, producer).publish(7) == 250
    assert producer.consumed(7) == list(range(1, 251))
    by_id: dict[Any, Any] = {}
    for event in producer.events["7"]:
        assert by_id.setdefault(event.properties["sequence"], event) == event
