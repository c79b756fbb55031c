"""What `store.ports.log.Log` promises of reads, held against both adapters."""

import asyncio

from store.ports.log import Tail
from store.ports.records import LOG_ENTRIES_MAX, NO_HEAD, Entry
from store.ports.store import Store
from tests.store.examples import append, some_requests


async def fill(store: Store, count: int) -> list[Entry]:
    entries: list[Entry] = []
    while len(entries) < count:
        more = min(LOG_ENTRIES_MAX, count - len(entries))
        requests = some_requests("7", range(len(entries), len(entries) + more))
        entries += [each.entry for each in await append(store.log, requests)]
    return entries


async def test_tail_has_the_entries_and_the_head_that_ends_them(store: Store) -> None:
    assert await store.log.tail("7", 0) == Tail([], NO_HEAD)
    entries = await fill(store, 12)
    head = await store.log.head("7")
    for after in range(12):
        assert await store.log.tail("7", after) == Tail(entries[after:], head)
    assert await store.log.tail("7", 12) == Tail([], head)
    assert await store.log.tail("7", 20) == Tail([], head)  # an entity that is ahead of the log
    assert await store.log.tail("70", 0) == Tail([], NO_HEAD)


async def test_tail_that_one_page_does_not_end_has_no_head(store: Store) -> None:
    entries = await fill(store, 1_010)
    tail = await store.log.tail("7", 0)
    assert tail == Tail(entries[:1_000], None)
    assert (await store.log.tail("7", 20)).head == await store.log.head("7")


async def test_any_number_of_requests_may_be_looked_for(store: Store) -> None:
    answered = [
        *await append(store.log, some_requests("7", range(0, 80, 2))),
        *await append(store.log, some_requests("7", range(80, 150, 2))),
    ]
    asked = [each.id for each in some_requests("7", range(150))]
    found = await store.log.find("7", [*asked, asked[0]])
    assert found == {each.entry.request_id: each for each in answered}
    assert await store.log.find("7", []) == {}


async def test_entries_are_read_in_order_from_anywhere(store: Store) -> None:
    entries = await fill(store, 12)
    for after in range(14):
        for limit in (1, 2, 11, 12, 13, 1_000):
            assert await store.log.read("7", after, limit) == entries[after : after + limit]


async def test_entries_go_on_over_pages(store: Store) -> None:
    entries = await fill(store, 1_010)
    assert await store.log.read("7", 0, 1_000) == entries[:1_000]
    assert await store.log.read("7", 1_000, 1_000) == entries[1_000:]


async def test_reading_during_appends_leaves_no_hole(store: Store) -> None:
    logged = 0
    done = asyncio.Event()

    async def write() -> None:
        nonlocal logged
        for size in [1, 7, 49, 3, 30] * 4:
            await append(store.log, some_requests("7", range(logged, logged + size)))
            logged += size
        done.set()

    async def read() -> int:
        readings = 0
        while not done.is_set():
            at_least = logged
            # A hole would be a StoreError; order and content are compared here.
            entries = await store.log.read("7", 0, 1_000)
            assert [each.place for each in entries] == list(range(1, len(entries) + 1))
            assert len(entries) >= at_least
            tail = await store.log.tail("7", 0)
            assert tail.head is not None
            assert tail.head.place >= len(entries)
            readings += 1
            await asyncio.sleep(0)  # SQLite answers without a pause
        return readings

    readings, _ = await asyncio.gather(read(), write())
    assert readings > 5
    assert logged == 360
