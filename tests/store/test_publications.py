"""What `store.publications_port` promises, held against both adapters."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from store import sqlite_format
from store.app_port import AppStore
from store.open import open_store
from store.port import LOG_ENTRIES_MAX, Conflict, Head
from store.publications_port import Cursor, Marker
from tests.store.examples import NOON, REQUEST_IDS, TITLES, a_request, append, some_requests


async def markers(store: AppStore) -> dict[int, Marker]:
    pages = [page async for page in store.publications.marked()]
    found = [each for page in pages for each in page]
    assert len({each.project_id for each in found}) == len(found)
    return {each.project_id: each for each in found}


async def test_entries_are_the_todos_with_their_requests(store: AppStore) -> None:
    requests = [
        a_request(7, each, title)
        for each, title in zip(REQUEST_IDS.values(), [*TITLES.values()] * 2, strict=False)
    ]
    entries = await append(store.log, 7, requests)
    assert await store.log.entries(7, 0, 1_000) == entries
    assert await store.log.entries(7, 3, 2) == entries[3:5]
    assert await store.log.entries(7, len(entries), 10) == []
    assert await store.log.entries(8, 0, 10) == []


async def test_entries_go_on_over_pages_and_transactions(store: AppStore) -> None:
    expected = []
    for first in range(0, 1_078, LOG_ENTRIES_MAX):
        requests = some_requests(7, range(first, first + LOG_ENTRIES_MAX))
        expected += await append(store.log, 7, requests)
    assert await store.log.entries(7, 0, 2_000) == expected


async def test_a_fence_keeps_out_whoever_read_the_head_before(store: AppStore) -> None:
    await append(store.log, 7, some_requests(7, range(3)))
    before = await store.log.head(7)
    await store.log.fence(7, before)
    with pytest.raises(Conflict):
        await append(store.log, 7, some_requests(7, range(3, 6)), before)
    after = await store.log.head(7)
    assert after.state == before.state
    assert after.version != before.version
    await append(store.log, 7, some_requests(7, range(3, 6)), after)
    assert [each.id for each in await store.log.read(7, 0, 10)] == [1, 2, 3, 4, 5, 6]


async def test_a_head_that_has_moved_is_not_fenced(store: AppStore) -> None:
    await append(store.log, 7, some_requests(7, range(3)))
    old = await store.log.head(7)
    await append(store.log, 7, some_requests(7, range(3, 6)))
    now = await store.log.head(7)
    with pytest.raises(Conflict):
        await store.log.fence(7, old)
    with pytest.raises(Conflict):
        await store.log.fence(8, Head(0, now.version))
    assert await store.log.head(7) == now


async def test_markers_are_there_once_per_project_until_they_are_taken_away(
    store: AppStore,
) -> None:
    projects = [1, 2, 16, 17, 2_147_483_647]
    for _ in range(2):
        for each in projects:
            await store.publications.mark(each, NOON)
    found = await markers(store)
    assert sorted(found) == projects
    assert {each.set_at for each in found.values()} == {NOON}
    await store.publications.unmark(found[16])
    assert sorted(await markers(store)) == [1, 2, 17, 2_147_483_647]


async def test_a_marker_that_was_set_again_stays(store: AppStore) -> None:
    await store.publications.mark(7, NOON)
    old = (await markers(store))[7]
    await store.publications.mark(7, NOON)  # at the same time: it is the setting that counts
    with pytest.raises(Conflict):
        await store.publications.unmark(old)
    assert (await markers(store))[7].version != old.version


async def test_a_marker_that_was_taken_away_and_set_again_stays(store: AppStore) -> None:
    await store.publications.mark(7, NOON)
    old = (await markers(store))[7]
    await store.publications.unmark(old)
    with pytest.raises(Conflict):
        await store.publications.unmark(old)
    await store.publications.mark(7, NOON + timedelta(seconds=1))
    with pytest.raises(Conflict):
        await store.publications.unmark(old)
    assert (await markers(store))[7].set_at == NOON + timedelta(seconds=1)


async def test_many_markers_are_all_found(store: AppStore) -> None:
    await asyncio.gather(*(store.publications.mark(each, NOON) for each in range(1, 1_301)))
    assert sorted(await markers(store)) == list(range(1, 1_301))


async def test_a_cursor_moves_for_one_of_those_that_read_it(store: AppStore) -> None:
    nothing = await store.publications.cursor(7)
    assert nothing == Cursor(0, None)
    await store.publications.move(7, nothing, 3)
    with pytest.raises(Conflict):
        await store.publications.move(7, nothing, 2)
    three = await store.publications.cursor(7)
    await store.publications.move(7, three, 9)
    with pytest.raises(Conflict):
        await store.publications.move(7, three, 5)
    assert (await store.publications.cursor(7)).last == 9
    assert (await store.publications.cursor(8)).last == 0


async def test_a_store_file_of_the_format_before_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "todos.db"
    with monkeypatch.context() as before:
        before.setattr(sqlite_format, "ADDED", sqlite_format.ADDED[:1])
        before.setattr(sqlite_format, "FORMAT", 1)
        old = open_store(f"sqlite:{path}", {})
        entries = await append(old.log, 7, some_requests(7, range(3)))
        await old.close()
    new = open_store(f"sqlite:{path}", {})
    assert await new.log.entries(7, 0, 10) == entries
    await new.publications.mark(7, NOON)
    assert sorted(await markers(new)) == [7]
    await new.close()
