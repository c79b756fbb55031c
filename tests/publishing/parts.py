"""The parts of publishing over a store, and logs to be published."""

from datetime import timedelta
from random import Random
from typing import Any

from publishing.backlog import Backlog
from publishing.publisher import Publisher
from store.app_port import AppStore
from tests.publishing.memory_producer import MemoryProducer
from tests.store.examples import NOON, append, some_requests

LATER = NOON + timedelta(hours=1)


def publisher(store: AppStore, producer: MemoryProducer) -> Publisher:
    return Publisher(store.log, store.publications, producer)


def backlog(store: AppStore, producer: MemoryProducer, now: Any = LATER) -> Backlog:
    made = publisher(store, producer)
    return Backlog(store.log, store.publications, made, lambda: now, Random(1))


async def marked(store: AppStore) -> list[int]:
    return [each.project_id async for page in store.publications.marked() for each in page]


async def begin(store: AppStore, project_id: int, todos: int) -> None:
    """TODOs that nobody has published yet."""
    await store.publications.mark(project_id, NOON)
    for first in range(0, todos, 49):
        await append(
            store.log, project_id, some_requests(project_id, range(first, min(first + 49, todos)))
        )
