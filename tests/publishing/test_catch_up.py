"""What the timer does: whatever has a marker is published, and no key waits for another."""

from datetime import timedelta
from typing import Any

import pytest

from publishing import catch_up as module
from publishing import publisher as runs
from publishing.producer import NotSent
from store.ports.records import Head, Unknown
from store.sqlite.store import SqliteStore
from tests.domain_under_test import KEY, OTHER_KEY, nth_key
from tests.publishing.memory_producer import MemoryProducer, Way
from tests.publishing.parts import NOON, append, begin, catch_up, lose_tail, marked


async def test_round_publishes_every_key_that_has_a_marker(store: SqliteStore) -> None:
    producer = MemoryProducer()
    for number in range(1, 41):
        await begin(store, nth_key(number), number % 5)
    assert await catch_up(store, producer).publish() == 40
    for number in range(1, 41):
        assert producer.places(nth_key(number)) == list(range(1, number % 5 + 1))
    # Those without an entry keep theirs: a first append may be under way.
    assert await marked(store) == sorted(nth_key(each) for each in range(1, 41) if each % 5 == 0)


async def test_marker_stays_while_the_key_is_busy(store: SqliteStore) -> None:
    producer = MemoryProducer()
    await begin(store, KEY, 3)
    await catch_up(store, producer, NOON + timedelta(seconds=1)).publish()
    assert await marked(store) == [KEY]
    await catch_up(store, producer, NOON + timedelta(minutes=2)).publish()
    assert await marked(store) == []
    assert producer.places(KEY) == [1, 2, 3]


async def test_fence_tells_the_emitter_of_its_process(store: SqliteStore) -> None:
    heard: list[tuple[str, Head, Head]] = []
    await begin(store, KEY, 3)
    before = await store.log.head(KEY)
    await catch_up(store, MemoryProducer(), fenced=lambda *each: heard.append(each)).publish()
    assert heard == [(KEY, before, await store.log.head(KEY))]
    assert heard[0][1] != heard[0][2]


async def test_hub_that_is_down_leaves_it_for_later(store: SqliteStore) -> None:
    producer = MemoryProducer()
    for key in (KEY, OTHER_KEY):
        await begin(store, key, 120)
    producer.way = Way.BEFORE
    assert await catch_up(store, producer).publish() == 0
    assert await marked(store) == [KEY, OTHER_KEY]
    producer.way = Way.WELL
    assert await catch_up(store, producer).publish() == 2
    assert producer.places(KEY) == producer.places(OTHER_KEY) == list(range(1, 121))


@pytest.mark.parametrize(
    "failure", [NotSent(OTHER_KEY), ValueError("an entry that cannot be shown")]
)
async def test_key_that_fails_does_not_hold_up_another(
    store: SqliteStore, failure: Exception
) -> None:
    producer = MemoryProducer()
    for key in (KEY, OTHER_KEY, nth_key(9)):
        await begin(store, key, 3)
    send = producer.send

    async def some(partition_key: str, events: Any) -> None:
        if partition_key == OTHER_KEY:
            raise failure
        await send(partition_key, events)

    producer.send = some  # type: ignore[method-assign]
    assert await catch_up(store, producer).publish() == 2
    assert await marked(store) == [OTHER_KEY]


async def test_hub_that_hangs_ends_the_round_only(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = MemoryProducer()
    await begin(store, KEY, 3)
    producer.way = Way.HANGING
    monkeypatch.setattr(module, "ROUND_SECONDS_MAX", 0.05)
    assert await catch_up(store, producer).publish() == 0
    producer.way = Way.WELL
    monkeypatch.undo()
    assert await catch_up(store, producer).publish() == 1
    assert producer.places(KEY) == [1, 2, 3]


async def test_busy_key_whose_log_lost_its_tail_is_published_again(store: SqliteStore) -> None:
    """The log regrows past the cursor while its marker is always young."""
    producer = MemoryProducer()
    await begin(store, KEY, 9)
    soon = NOON + timedelta(seconds=10)
    await catch_up(store, producer, soon).publish()
    await lose_tail(store, KEY, 3)
    await append(store.log, KEY, [f"new{n}" for n in range(9)])
    await store.publications.mark(KEY, soon)
    await catch_up(store, producer, soon + timedelta(seconds=5)).publish()
    assert producer.ids(KEY)[-9:] == [f"new{n}" for n in range(9)]


async def test_store_that_fails_is_tried_again_later(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = MemoryProducer()
    await begin(store, KEY, 3)

    async def lose(*_: object) -> None:
        raise Unknown("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(store.publications, "move", lose)
        assert await catch_up(store, producer).publish() == 0
    assert await catch_up(store, producer).publish() == 1
    assert producer.consumed(KEY) == [1, 2, 3]


async def test_round_holds_no_more_markers_than_it_takes(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It draws from all of them, so that none waits for ever behind others."""
    monkeypatch.setattr(module, "MARKERS_PER_DRAW_MAX", 5)
    for number in range(1, 31):
        await begin(store, nth_key(number), 1)
    publisher = catch_up(store, MemoryProducer(), NOON)
    drawn = {each.key for _ in range(40) for each in await publisher._markers()}
    assert drawn == {nth_key(each) for each in range(1, 31)}
    assert len(await publisher._markers()) == 5


async def test_round_goes_on_with_a_log_longer_than_a_run(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SENDS_PER_RUN_MAX", 2)
    producer = MemoryProducer()
    await begin(store, KEY, 1_050)
    assert await catch_up(store, producer).publish() == 1
    assert producer.places(KEY) == list(range(1, 1_051))
    assert await marked(store) == []


async def test_long_log_goes_behind_the_other_keys(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SENDS_PER_RUN_MAX", 1)
    monkeypatch.setattr(module, "KEYS_AT_ONCE_MAX", 1)
    producer = MemoryProducer()
    keys = [KEY, OTHER_KEY, nth_key(9)]
    for key in keys:
        await begin(store, key, 250)
    sent: list[str] = []
    send = producer.send

    async def noted(partition_key: str, events: Any) -> None:
        sent.append(partition_key)
        await send(partition_key, events)

    producer.send = noted  # type: ignore[method-assign]
    assert await catch_up(store, producer).publish() == 3
    assert [set(sent[first : first + 3]) for first in (0, 3, 6)] == [set(keys)] * 3


async def test_key_not_yet_at_its_end_counts_as_behind(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SENDS_PER_RUN_MAX", 1)
    monkeypatch.setattr(module, "ROUND_SECONDS_MAX", 0.05)
    producer = MemoryProducer()
    await begin(store, KEY, 250)
    send = producer.send

    async def once(partition_key: str, events: Any) -> None:
        await send(partition_key, events)
        producer.way = Way.HANGING

    producer.send = once  # type: ignore[method-assign]
    publisher = catch_up(store, producer)
    assert await publisher.publish() == 0
    assert list(publisher.lag.since) == [KEY]


async def test_round_draws_again_while_most_keys_are_behind(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MARKERS_PER_DRAW_MAX", 5)
    producer = MemoryProducer()
    for number in range(1, 31):
        await begin(store, nth_key(number), 1)
    await catch_up(store, producer).publish()
    assert sum(map(len, producer.events.values())) == 30


async def test_round_does_not_draw_again_where_all_is_published(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys in use keep their markers: without an end to it the timer would never rest."""
    for number in range(1, 31):
        await begin(store, nth_key(number), 1)
    publisher = catch_up(store, MemoryProducer(), NOON)
    await publisher.publish()
    monkeypatch.setattr(module, "MARKERS_PER_DRAW_MAX", 5)
    assert await publisher.publish() == 5
