"""What the timer does: whatever has a marker is published, and nobody waits for somebody else."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from publishing.producer import NotSent
from store.port import Unknown
from store.publications_port import Cursor
from store.sqlite import SqliteStore
from tests.publishing.memory_producer import MemoryProducer, Way
from tests.publishing.parts import backlog, begin, marked
from tests.store.examples import NOON, append, some_requests


async def test_a_round_publishes_every_project_that_has_a_marker(store: SqliteStore) -> None:
    producer = MemoryProducer()
    for project_id in range(1, 41):
        await begin(store, project_id, project_id % 5)
    assert await backlog(store, producer).publish() == 40
    for project_id in range(1, 41):
        assert producer.ids(project_id) == list(range(1, project_id % 5 + 1))
    # Those without a TODO keep theirs: a first append may be under way.
    assert await marked(store) == [each for each in range(1, 41) if each % 5 == 0]


async def test_a_marker_stays_while_the_project_is_busy(store: SqliteStore) -> None:
    producer = MemoryProducer()
    await begin(store, 7, 3)
    await backlog(store, producer, NOON + timedelta(seconds=1)).publish()
    assert await marked(store) == [7]
    assert producer.ids(7) == [1, 2, 3]
    await backlog(store, producer, NOON + timedelta(minutes=2)).publish()
    assert await marked(store) == []
    assert producer.ids(7) == [1, 2, 3]


async def test_a_hub_that_is_down_keeps_the_backlog_for_later(store: SqliteStore) -> None:
    producer = MemoryProducer()
    for project_id in (7, 8):
        await begin(store, project_id, 120)
    producer.way = Way.BEFORE
    assert await backlog(store, producer).publish() == 0
    assert await marked(store) == [7, 8]
    producer.way = Way.WELL
    assert await backlog(store, producer).publish() == 2
    assert producer.ids(7) == producer.ids(8) == list(range(1, 121))


async def test_a_project_that_fails_does_not_hold_up_another(store: SqliteStore) -> None:
    producer = MemoryProducer()
    for project_id in (7, 8, 9):
        await begin(store, project_id, 3)
    send = producer.send

    async def some(partition_key: str, events: Any) -> None:
        if partition_key == "8":
            raise NotSent(partition_key)
        await send(partition_key, events)

    producer.send = some  # type: ignore[method-assign]
    assert await backlog(store, producer).publish() == 2
    assert await marked(store) == [8]


async def test_a_hub_that_hangs_ends_the_round_and_not_the_next(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = MemoryProducer()
    await begin(store, 7, 3)
    producer.way = Way.HANGING
    monkeypatch.setattr("publishing.backlog.ROUND_SECONDS_MAX", 0.05)
    assert await backlog(store, producer).publish() == 0
    producer.way = Way.WELL
    monkeypatch.undo()
    assert await backlog(store, producer).publish() == 1
    assert producer.ids(7) == [1, 2, 3]


async def test_a_log_that_lost_its_tail_is_followed_from_there(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    producer = MemoryProducer()
    await begin(store, 7, 3)
    await store.publications.move(7, Cursor(0, None), 9)  # six TODOs more, before the fail-over
    with caplog.at_level(logging.ERROR):
        await backlog(store, producer).publish()
    assert "log_lost_its_tail project=7 from=9 to=3" in caplog.text
    await append(store.log, 7, some_requests(7, range(3, 5)))
    await backlog(store, producer).publish()
    assert producer.ids(7) == [4, 5]


async def test_a_store_that_fails_is_tried_again_later(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = MemoryProducer()
    await begin(store, 7, 3)

    async def lose(*_: object) -> None:
        raise Unknown("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(store.publications, "move", lose)
        assert await backlog(store, producer).publish() == 0
    assert await backlog(store, producer).publish() == 1
    assert producer.consumed(7) == [1, 2, 3]
