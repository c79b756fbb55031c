"""What `store.ports.log.Log` promises of appends, held against both adapters."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from store.ports.records import (
    APPEND_CHARACTERS_MAX,
    LOG_ENTRIES_MAX,
    NO_HEAD,
    Answered,
    Conflict,
    Entry,
    Head,
    RowConflict,
    StoreError,
)
from store.ports.store import Store
from tests.store.examples import (
    IDS,
    TEXTS,
    a_request,
    answer,
    answers,
    append,
    canonical,
    following,
    some_requests,
)

# Advice of aiohttp about requests of more than 1 MiB. Sending one takes milliseconds, and an append
# of that size is rare.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")

Contents = tuple[Head, list[Entry], dict[str, Answered]]


async def contents(store: Store, key: str, ids: list[str]) -> Contents:
    """All that can be seen of a log."""
    return (
        await store.log.head(key),
        await store.log.read(key, 0, 1_000),
        await store.log.find(key, ids),
    )


async def test_log_without_entries_is_empty(store: Store) -> None:
    assert await contents(store, "7", ["a"]) == (NO_HEAD, [], {})
    assert await store.log.get("7", 1) is None


async def test_entry_is_found_in_every_way_after_its_append(store: Store) -> None:
    [answered] = await append(store.log, [a_request("7", "first")])
    head = await store.log.head("7")
    assert (head.place, head.state) == (1, canonical({"last": 1}))
    assert head.version is not None
    assert await store.log.get("7", 1) == answered.entry
    assert await store.log.find("7", ["first", "second"]) == {"first": answered}
    assert await store.log.read("7", 0, 1_000) == [answered.entry]


async def test_append_returns_the_head_that_is_there(store: Store) -> None:
    head = NO_HEAD
    for number in range(3):
        after, answered = following(head, some_requests("7", [number]))
        head = await store.log.append("7", head, after, answered)
        assert head == await store.log.head("7")


async def test_append_without_a_state_leaves_the_empty_one(store: Store) -> None:
    _, answered = following(NO_HEAD, some_requests("7", [1]))
    head = await store.log.append("7", NO_HEAD, Head(1, None, None), answered)
    assert head == await store.log.head("7")
    assert head.state is None
    after, more = following(head, some_requests("7", [2]))
    await store.log.append("7", head, after, more)
    assert (await store.log.head("7")).state == canonical({"last": 2})


async def test_full_transaction_is_there_after_one_append(store: Store) -> None:
    await append(store.log, some_requests("7", range(LOG_ENTRIES_MAX)))
    answered = await append(store.log, some_requests("7", range(100, 100 + LOG_ENTRIES_MAX)))
    assert [each.entry.place for each in answered] == list(range(50, 99))
    entries = await store.log.read("7", LOG_ENTRIES_MAX, 1_000)
    assert entries == [each.entry for each in answered]
    found = await store.log.find("7", [each.entry.request_id for each in answered])
    assert found == {each.entry.request_id: each for each in answered}


async def test_every_append_makes_a_new_version(store: Store) -> None:
    versions = set()
    for number in range(5):
        await append(store.log, some_requests("7", [number]))
        versions.add((await store.log.head("7")).version)
    assert len(versions) == 5


@pytest.mark.parametrize("what", ["other version", "no version"])
async def test_head_that_has_moved_keeps_everything_out(store: Store, what: str) -> None:
    await append(store.log, some_requests("7", range(3)))
    old = await store.log.head("7")
    await append(store.log, some_requests("7", range(3, 6)))
    now = await store.log.head("7")
    # Nothing else is in the way: the rows would be those that come next.
    stale = Head(now.place, now.state, old.version if what == "other version" else None)
    requests = some_requests("7", range(6, 9))
    before = await contents(store, "7", [each.id for each in requests])
    with pytest.raises(Conflict) as failure:
        await append(store.log, requests, stale)
    assert type(failure.value) is Conflict
    assert await contents(store, "7", [each.id for each in requests]) == before


async def test_head_that_was_never_there_keeps_everything_out(store: Store) -> None:
    await append(store.log, some_requests("7", range(3)))
    foreign = await store.log.head("7")
    with pytest.raises(Conflict):
        await append(store.log, some_requests("8", range(3)), Head(0, None, foreign.version))
    assert await contents(store, "8", ["request-0"]) == (NO_HEAD, [], {})


@pytest.mark.parametrize("place", [0, 2, 4])
async def test_request_that_is_logged_keeps_everything_out(store: Store, place: int) -> None:
    await append(store.log, [a_request("7", "done")])
    requests = some_requests("7", range(5))
    requests[place] = a_request("7", "done", "something else")
    before = await contents(store, "7", [each.id for each in requests])
    with pytest.raises(RowConflict) as failure:
        await append(store.log, requests)
    assert failure.value.request_id == "done"
    assert await contents(store, "7", [each.id for each in requests]) == before


async def test_entry_that_is_there_keeps_everything_out(store: Store) -> None:
    await append(store.log, some_requests("7", range(5)))
    now = await store.log.head("7")
    # The version is right; the places 4 and 5 were given out before.
    stale = Head(3, now.state, now.version)
    requests = some_requests("7", range(5, 10))
    before = await contents(store, "7", [each.id for each in requests])
    with pytest.raises(RowConflict) as failure:
        await append(store.log, requests, stale)
    assert failure.value.request_id is None
    assert await contents(store, "7", [each.id for each in requests]) == before


@pytest.mark.parametrize("existing", [0, 3])
async def test_of_many_appends_to_one_head_exactly_one_succeeds(
    store: Store, existing: int
) -> None:
    if existing:
        await append(store.log, some_requests("7", range(existing)))
    head = await store.log.head("7")
    rivals = [some_requests("7", range(n * 10, n * 10 + 3 + n)) for n in range(1, 21)]
    outcomes = await asyncio.gather(
        *(append(store.log, requests, head) for requests in rivals), return_exceptions=True
    )
    [won] = [outcome for outcome in outcomes if isinstance(outcome, list)]
    lost = [outcome for outcome in outcomes if not isinstance(outcome, list)]
    assert all(isinstance(outcome, StoreError) for outcome in lost)
    assert await store.log.read("7", existing, 1_000) == [each.entry for each in won]
    found = await store.log.find("7", [each.id for all_ in rivals for each in all_])
    assert found == {each.entry.request_id: each for each in won}
    assert (await store.log.head("7")).place == existing + len(won)


async def test_every_request_id_is_a_row_of_its_own(store: Store) -> None:
    answered = await append(store.log, [a_request("7", id_) for id_ in IDS.values()])
    found = await store.log.find("7", list(IDS.values()))
    assert found == {each.entry.request_id: each for each in answered}
    near = [id_ + "x" for id_ in IDS.values() if len(id_) < 255]
    near += [id_[1:] for id_ in IDS.values() if len(id_) > 1]
    assert await store.log.find("7", [id_ for id_ in near if id_ not in found]) == {}


async def test_every_key_has_a_log_of_its_own(store: Store) -> None:
    for key in IDS.values():
        await append(store.log, [a_request(key, "same", key)])
    for key in IDS.values():
        answered = answer(a_request(key, "same", key), 1)
        assert await store.log.find(key, ["same"]) == {"same": answered}
        assert await store.log.read(key, 0, 10) == [answered.entry]
        assert (await store.log.tail(key, 0)).entries == [answered.entry]
    assert await store.log.head("another") == NO_HEAD


async def test_every_text_comes_back_as_it_was(store: Store) -> None:
    requests = [a_request("7", str(n), title) for n, title in enumerate(TEXTS.values())]
    answered = await append(store.log, requests)
    assert await store.log.read("7", 0, 1_000) == [each.entry for each in answered]
    found = await store.log.find("7", [each.id for each in requests])
    assert [found[each.id].payload for each in requests] == [each.payload for each in requests]
    assert await store.log.get("7", 1) == answered[0].entry


@pytest.mark.parametrize("character", ["x", "漢", "🧊", "\u0001", "\u2028", '"'], ids=ascii)
async def test_largest_append_fits_into_a_transaction(store: Store, character: str) -> None:
    text = character * ((APPEND_CHARACTERS_MAX // 37) // len(canonical(character)[1:-1]) - 20)
    requests = [a_request("7", f"{n:02d}" + "'" * 253, text) for n in range(12)]
    answered = [
        Answered(Entry(n, each.id, 1, each.payload), each.payload)
        for n, each in enumerate(requests, 1)
    ]
    state = answered[0].payload
    characters = 37 * len(state)  # the state, a payload and two outputs for each entry
    assert 0.95 * APPEND_CHARACTERS_MAX < characters <= APPEND_CHARACTERS_MAX
    await store.log.append("7", NO_HEAD, Head(12, state, None), answered)
    found = await store.log.find("7", [each.id for each in requests])
    assert found == {each.entry.request_id: each for each in answered}


async def test_last_place_there_is_can_be_written_and_read(store: Store) -> None:
    last = 2**31 - 1
    before = Head(last - 3, "{}", None)
    requests = some_requests("7", range(3))
    answered = answers(requests, before.place)
    await store.log.append("7", before, Head(last, "{}", None), answered)
    assert (await store.log.head("7")).place == last
    assert await store.log.read("7", before.place, 1_000) == [e.entry for e in answered]
    assert await store.log.get("7", last) == answered[-1].entry
    assert (await store.log.tail("7", last)).head == await store.log.head("7")
    assert await store.log.get("7", last * 4) is None


async def test_fence_keeps_out_writers_that_read_the_head_before(store: Store) -> None:
    await append(store.log, some_requests("7", range(3)))
    before = await store.log.head("7")
    after = await store.log.fence("7", before)
    assert after == await store.log.head("7")
    assert (after.place, after.state) == (before.place, before.state)
    assert after.version != before.version
    with pytest.raises(Conflict):
        await append(store.log, some_requests("7", range(3, 6)), before)
    await append(store.log, some_requests("7", range(3, 6)), after)
    assert [each.place for each in await store.log.read("7", 0, 10)] == [1, 2, 3, 4, 5, 6]


async def test_head_that_has_moved_is_not_fenced(store: Store) -> None:
    await append(store.log, some_requests("7", range(3)))
    old = await store.log.head("7")
    await append(store.log, some_requests("7", range(3, 6)))
    now = await store.log.head("7")
    with pytest.raises(Conflict):
        await store.log.fence("7", old)
    with pytest.raises(Conflict):
        await store.log.fence("8", Head(0, None, now.version))
    assert await store.log.head("7") == now


async def test_entry_says_when_it_was_appended(store: Store) -> None:
    began = datetime.now(UTC)
    await append(store.log, some_requests("7", [1]))
    entry = await store.log.get("7", 1)
    assert entry is not None
    assert entry.logged_at is not None
    assert abs(entry.logged_at - began) < timedelta(minutes=5)
