"""What `store.ports.inbox.Inbox` promises of single keys, held against both adapters."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from store.ports.inbox import Waiting
from store.ports.records import INBOX_ROWS_MAX, Conflict, Request, StoreError
from store.ports.store import Store
from tests.store.examples import IDS, NOON, TEXTS, a_request, some_requests

SECOND = timedelta(seconds=1)


async def put(store: Store, requests: Sequence[Request], at: datetime = NOON) -> None:
    """More rows of one key than one transaction takes."""
    for first in range(0, len(requests), INBOX_ROWS_MAX):
        await store.inbox.put(requests[first : first + INBOX_ROWS_MAX], at)


async def test_full_transaction_of_rows_is_there_after_one_put(store: Store) -> None:
    requests = some_requests("7", range(INBOX_ROWS_MAX))
    await store.inbox.put(requests, NOON)
    found = await store.inbox.get("7", [each.id for each in requests])
    assert found == {each.id: each for each in requests}


@pytest.mark.parametrize("place", [0, 2, 4])
async def test_row_that_is_there_keeps_all_others_out(store: Store, place: int) -> None:
    requests = some_requests("7", range(5))
    await store.inbox.put([requests[place]], NOON)
    with pytest.raises(Conflict):
        await store.inbox.put(requests, NOON)
    assert await store.inbox.count("7", 100) == 1


async def test_row_that_is_there_is_a_conflict_whatever_it_holds(store: Store) -> None:
    await store.inbox.put([a_request("7", "same", "first")], NOON)
    for title in "first", "second":
        with pytest.raises(Conflict):
            await store.inbox.put([a_request("7", "same", title)], NOON + SECOND)
    assert await store.inbox.get("7", ["same"]) == {"same": a_request("7", "same", "first")}


async def test_of_many_who_put_one_request_at_once_one_succeeds(store: Store) -> None:
    titles = [f"title {number}" for number in range(10)]
    outcomes = await asyncio.gather(
        *(store.inbox.put([a_request("7", "same", title)], NOON) for title in titles),
        return_exceptions=True,
    )
    [winner] = [t for t, outcome in zip(titles, outcomes, strict=True) if outcome is None]
    assert all(isinstance(outcome, StoreError) for outcome in outcomes if outcome is not None)
    assert await store.inbox.get("7", ["same"]) == {"same": a_request("7", "same", winner)}


async def test_every_request_id_is_a_row_of_its_own(store: Store) -> None:
    requests = [a_request("7", id_, what) for what, id_ in IDS.items()]
    await store.inbox.put(requests, NOON)
    found = await store.inbox.get("7", list(IDS.values()))
    assert found == {each.id: each for each in requests}
    page = await store.inbox.page("7", 1_000)
    assert sorted(page, key=hash) == sorted((Waiting(r, NOON) for r in requests), key=hash)
    for left, request in reversed(list(enumerate(requests))):
        await store.inbox.remove("7", [request.id])
        assert await store.inbox.count("7", 100) == left


async def test_every_text_comes_back_as_it_was(store: Store) -> None:
    requests = [a_request("7", str(n), title) for n, title in enumerate(TEXTS.values())]
    await store.inbox.put(requests, NOON)
    found = await store.inbox.get("7", [each.id for each in requests])
    assert found == {each.id: each for each in requests}


async def test_keys_do_not_see_each_other(store: Store) -> None:
    for key in IDS.values():
        await store.inbox.put([a_request(key, "same", key)], NOON)
    removed, *others = IDS.values()
    await store.inbox.remove(removed, ["same"])
    assert await store.inbox.count(removed, 9) == 0
    for key in others:
        assert await store.inbox.count(key, 9) == 1
        assert await store.inbox.get(key, ["same"]) == {"same": a_request(key, "same", key)}


async def test_any_number_may_be_asked_for(store: Store) -> None:
    requests = some_requests("7", range(0, 150, 2))
    await put(store, requests)
    asked = [each.id for each in some_requests("7", range(150))]
    assert await store.inbox.get("7", asked) == {each.id: each for each in requests}
    assert await store.inbox.get("7", []) == {}
    assert await store.inbox.get("7", ["request-0", "request-0"]) == {"request-0": requests[0]}


async def test_any_number_may_be_removed_whether_it_is_there_or_not(store: Store) -> None:
    kept, *removed = some_requests("7", range(320))
    await put(store, [kept, *removed])
    await store.inbox.remove("7", [each.id for each in removed[:3]])
    missing = [each.id for each in some_requests("7", range(400, 420))]
    ids = [id_ for each in removed for id_ in (each.id, *missing[:1])]
    for _ in range(2):
        await store.inbox.remove("7", [*ids, *missing])
        assert await store.inbox.count("7", 400) == 1
    await store.inbox.remove("7", [])
    await store.inbox.remove("8", [kept.id])
    assert await store.inbox.get("7", [kept.id]) == {kept.id: kept}


async def test_row_is_discarded_only_as_it_was_read(store: Store) -> None:
    first, second = a_request("7", "same", "first"), a_request("7", "same", "second")
    await store.inbox.put([first, a_request("7", "other")], NOON)
    row = await store.inbox.waiting("7", "same")
    assert row is not None
    await store.inbox.discard(Waiting(second, row.accepted_at))
    await store.inbox.discard(Waiting(first, row.accepted_at - timedelta(microseconds=1)))
    assert await store.inbox.get("7", ["same"]) == {"same": first}
    await store.inbox.discard(row)
    await store.inbox.discard(row)  # it is gone
    assert await store.inbox.get("7", ["same"]) == {}
    assert await store.inbox.count("7", 10) == 1


async def test_removed_row_can_be_put_again(store: Store) -> None:
    await store.inbox.put([a_request("7", "again", "first")], NOON)
    await store.inbox.remove("7", ["again"])
    await store.inbox.put([a_request("7", "again", "second")], NOON)
    assert await store.inbox.get("7", ["again"]) == {"again": a_request("7", "again", "second")}


@pytest.mark.parametrize(("at_most", "count"), [(0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (9999, 5)])
async def test_rows_are_counted_no_further_than_asked(
    store: Store, at_most: int, count: int
) -> None:
    await store.inbox.put(some_requests("7", range(5)), NOON)
    assert await store.inbox.count("7", at_most) == count


async def test_more_rows_than_an_answer_takes_are_counted(store: Store) -> None:
    await put(store, some_requests("7", range(1_040)))
    assert await store.inbox.count("7", 1_030) == 1_030
    assert await store.inbox.count("7", 2_000) == 1_040


async def test_page_that_is_not_full_has_all_rows(store: Store) -> None:
    assert await store.inbox.page("7", 10) == []
    requests = some_requests("7", range(5))
    await store.inbox.put(requests, NOON)
    rows = {Waiting(each, NOON) for each in requests}
    assert set(await store.inbox.page("7", 5)) == rows
    assert set(await store.inbox.page("7", 1_000)) == rows
    some = await store.inbox.page("7", 3)
    assert len(some) == 3
    assert set(some) < rows


async def test_row_of_one_request_says_when_it_was_accepted(store: Store) -> None:
    request = a_request("7", IDS["event"])
    await store.inbox.put([request], NOON)
    assert await store.inbox.waiting("7", request.id) == Waiting(request, NOON)
    assert await store.inbox.waiting("7", "another") is None
    assert await store.inbox.waiting("8", request.id) is None
