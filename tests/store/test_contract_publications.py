"""What `store.ports.publications` promises, held against both adapters."""

import asyncio
from datetime import timedelta

import pytest

from store.ports.publications import Cursor, Marker
from store.ports.records import Conflict
from store.ports.store import Store
from tests.store.examples import IDS, NOON

SECOND = timedelta(seconds=1)


async def markers(store: Store) -> dict[str, Marker]:
    pages = [page async for page in store.publications.marked()]
    found = [each for page in pages for each in page]
    assert len({each.key for each in found}) == len(found)
    return {each.key: each for each in found}


async def test_marker_is_there_once_per_key_until_taken_away(store: Store) -> None:
    keys = list(IDS.values())
    for _ in range(2):
        for key in keys:
            await store.publications.mark(key, NOON)
    found = await markers(store)
    assert set(found) == set(keys)
    assert {each.set_at for each in found.values()} == {NOON}
    await store.publications.unmark(found[keys[2]])
    assert set(await markers(store)) == {*keys} - {keys[2]}


async def test_marker_that_was_set_again_stays(store: Store) -> None:
    await store.publications.mark("7", NOON)
    old = (await markers(store))["7"]
    await store.publications.mark("7", NOON)  # at the same time: it is the setting that counts
    with pytest.raises(Conflict):
        await store.publications.unmark(old)
    assert (await markers(store))["7"].version != old.version


async def test_marker_that_was_taken_away_and_set_again_stays(store: Store) -> None:
    await store.publications.mark("7", NOON)
    old = (await markers(store))["7"]
    await store.publications.unmark(old)
    with pytest.raises(Conflict):
        await store.publications.unmark(old)
    await store.publications.mark("7", NOON + SECOND)
    with pytest.raises(Conflict):
        await store.publications.unmark(old)
    assert (await markers(store))["7"].set_at == NOON + SECOND


async def test_many_markers_are_all_found(store: Store) -> None:
    keys = [str(each) for each in range(1, 1_301)]
    for first in range(0, len(keys), 100):  # each call has a time limit of its own
        some = keys[first : first + 100]
        await asyncio.gather(*(store.publications.mark(each, NOON) for each in some))
    assert set(await markers(store)) == set(keys)


async def test_cursor_moves_for_one_of_those_that_read_it(store: Store) -> None:
    nothing = await store.publications.cursor("7")
    assert nothing == Cursor(0, None)
    three = await store.publications.move("7", nothing, 3, "[3]")
    assert three == await store.publications.cursor("7")
    with pytest.raises(Conflict):
        await store.publications.move("7", nothing, 2, "")
    nine = await store.publications.move("7", three, 9, "")
    assert (nine.place, nine) == (9, await store.publications.cursor("7"))
    with pytest.raises(Conflict):
        await store.publications.move("7", three, 5, "")
    assert (await store.publications.cursor("8")).place == 0


async def test_cursor_can_be_moved_back(store: Store) -> None:
    cursor = await store.publications.move("7", Cursor(0, None), 9, "a")
    await store.publications.move("7", cursor, 4, "b")
    assert (await store.publications.cursor("7")).place == 4


async def test_every_key_has_a_cursor_and_a_marker_of_its_own(store: Store) -> None:
    for place, key in enumerate(IDS.values(), 1):
        await store.publications.mark(key, NOON)
        await store.publications.move(key, Cursor(0, None), place, "")
    for place, key in enumerate(IDS.values(), 1):
        assert (await store.publications.cursor(key)).place == place
    assert set(await markers(store)) == set(IDS.values())
