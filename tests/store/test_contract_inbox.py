"""What `store.port.Inbox` promises, held against both adapters."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from store.port import INBOX_ROWS_MAX, Conflict, Store, StoreError
from tests.store.examples import NOON, REQUEST_IDS, TITLES, a_request, some_requests
from todos import ID_MAX, TodoRequest

SECOND = timedelta(seconds=1)


async def put(store: Store, requests: Sequence[TodoRequest], at: datetime = NOON) -> None:
    """More rows of one project than one transaction takes."""
    for first in range(0, len(requests), INBOX_ROWS_MAX):
        chunk = requests[first : first + INBOX_ROWS_MAX]
        await store.inbox.put(chunk[0].project_id, chunk, at)


async def waiting(
    store: Store, before: datetime = NOON + SECOND, per_project: int = 1_000
) -> list[list[TodoRequest]]:
    return [list(requests) async for requests in store.inbox.waiting(before, per_project)]


async def test_a_full_transaction_of_rows_is_there_after_one_put(store: Store) -> None:
    requests = some_requests(7, range(INBOX_ROWS_MAX))
    await store.inbox.put(7, requests, NOON)
    found = await store.inbox.get(7, [each.request_id for each in requests])
    assert found == {each.request_id: each for each in requests}


async def test_putting_nothing_is_fine(store: Store) -> None:
    await store.inbox.put(7, [], NOON)
    assert await store.inbox.count(7, 10) == 0


@pytest.mark.parametrize("place", [0, 2, 4])
async def test_a_row_that_is_there_keeps_all_others_out(store: Store, place: int) -> None:
    requests = some_requests(7, range(5))
    await store.inbox.put(7, [requests[place]], NOON)
    with pytest.raises(Conflict):
        await store.inbox.put(7, requests, NOON)
    assert await store.inbox.count(7, 100) == 1


async def test_a_row_that_is_there_is_a_conflict_whatever_it_holds(store: Store) -> None:
    await store.inbox.put(7, [a_request(7, "same", "first")], NOON)
    for title in "first", "second":
        with pytest.raises(Conflict):
            await store.inbox.put(7, [a_request(7, "same", title)], NOON + SECOND)
    assert await store.inbox.get(7, ["same"]) == {"same": a_request(7, "same", "first")}


async def test_of_many_who_put_the_same_request_at_once_one_succeeds(store: Store) -> None:
    titles = [f"title {number}" for number in range(10)]
    outcomes = await asyncio.gather(
        *(store.inbox.put(7, [a_request(7, "same", title)], NOON) for title in titles),
        return_exceptions=True,
    )
    [winner] = [t for t, outcome in zip(titles, outcomes, strict=True) if outcome is None]
    assert all(isinstance(outcome, StoreError) for outcome in outcomes if outcome is not None)
    assert await store.inbox.get(7, ["same"]) == {"same": a_request(7, "same", winner)}


async def test_every_request_id_is_a_row_of_its_own_and_comes_back_as_it_was(store: Store) -> None:
    requests = [a_request(7, id_, what) for what, id_ in REQUEST_IDS.items()]
    await store.inbox.put(7, requests, NOON)
    found = await store.inbox.get(7, list(REQUEST_IDS.values()))
    assert found == {each.request_id: each for each in requests}
    [all_of_them] = await waiting(store)
    assert sorted(all_of_them, key=hash) == sorted(requests, key=hash)
    for left, request in reversed(list(enumerate(requests))):
        await store.inbox.remove(7, [request.request_id])
        assert await store.inbox.count(7, 100) == left


async def test_every_title_comes_back_as_it_was(store: Store) -> None:
    requests = [a_request(7, str(n), title) for n, title in enumerate(TITLES.values())]
    await store.inbox.put(7, requests, NOON)
    found = await store.inbox.get(7, [each.request_id for each in requests])
    assert [found[each.request_id].title for each in requests] == list(TITLES.values())


async def test_projects_do_not_see_each_other(store: Store) -> None:
    for project_id in 1, 10, ID_MAX:
        await store.inbox.put(project_id, [a_request(project_id, "same", f"{project_id}")], NOON)
    await store.inbox.remove(10, ["same"])
    for project_id, count in (1, 1), (10, 0), (ID_MAX, 1), (2, 0):
        assert await store.inbox.count(project_id, 9) == count
        found = await store.inbox.get(project_id, ["same"])
        assert list(found.values()) == [a_request(project_id, "same", f"{project_id}")] * count


async def test_any_number_may_be_asked_for_and_those_there_are_returned(store: Store) -> None:
    requests = some_requests(7, range(0, 150, 2))
    await put(store, requests)
    asked = [each.request_id for each in some_requests(7, range(150))]
    assert await store.inbox.get(7, asked) == {each.request_id: each for each in requests}
    assert await store.inbox.get(7, []) == {}
    assert await store.inbox.get(7, ["request-0", "request-0"]) == {"request-0": requests[0]}


async def test_any_number_may_be_removed_and_those_not_there_are_as_good_as_gone(
    store: Store,
) -> None:
    kept, *removed = some_requests(7, range(120))
    await put(store, [kept, *removed])
    await store.inbox.remove(7, [each.request_id for each in removed[:3]])
    missing = [each.request_id for each in some_requests(7, range(200, 220))]
    ids = [id_ for each in removed for id_ in (each.request_id, *missing[:1])]
    for _ in range(2):
        await store.inbox.remove(7, [*ids, *missing])
        assert await store.inbox.count(7, 200) == 1
    await store.inbox.remove(7, [])
    await store.inbox.remove(8, [kept.request_id])
    assert await store.inbox.get(7, [kept.request_id]) == {kept.request_id: kept}


async def test_a_removed_row_can_be_put_again(store: Store) -> None:
    await store.inbox.put(7, [a_request(7, "again", "first")], NOON)
    await store.inbox.remove(7, ["again"])
    await store.inbox.put(7, [a_request(7, "again", "second")], NOON)
    assert await store.inbox.get(7, ["again"]) == {"again": a_request(7, "again", "second")}


@pytest.mark.parametrize(("at_most", "count"), [(0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (9999, 5)])
async def test_rows_are_counted_no_further_than_asked(
    store: Store, at_most: int, count: int
) -> None:
    await store.inbox.put(7, some_requests(7, range(5)), NOON)
    assert await store.inbox.count(7, at_most) == count


async def test_more_rows_than_an_answer_takes_are_counted(store: Store) -> None:
    await put(store, some_requests(7, range(1_040)))
    assert await store.inbox.count(7, 1_030) == 1_030
    assert await store.inbox.count(7, 2_000) == 1_040


async def test_a_row_says_when_it_was_put(store: Store) -> None:
    for what, request_id in REQUEST_IDS.items():
        await store.inbox.put(7, [a_request(7, request_id, what)], NOON)
    for request_id in REQUEST_IDS.values():
        assert await store.inbox.accepted_at(7, request_id) == NOON
    assert await store.inbox.accepted_at(7, "another") is None
    assert await store.inbox.accepted_at(8, "x") is None
    await store.inbox.remove(7, ["x"])
    assert await store.inbox.accepted_at(7, "x") is None


async def test_only_older_rows_are_waiting(store: Store) -> None:
    step = timedelta(milliseconds=1)  # Azurite compares no finer, Azure to 100 ns
    for name, at in ("older", NOON - step), ("same", NOON), ("newer", NOON + step):
        await store.inbox.put(7, [a_request(7, name)], at)
    assert await waiting(store, NOON) == [[a_request(7, "older")]]
    assert await waiting(store, NOON - SECOND) == []


async def test_each_project_is_waited_for_once_with_all_of_its_rows(store: Store) -> None:
    projects = [1, 2, 9, 10, 11, 100, ID_MAX]
    for project_id in projects:
        await store.inbox.put(project_id, some_requests(project_id, range(3)), NOON)
    found = await waiting(store)
    assert sorted(requests[0].project_id for requests in found) == projects
    for requests in found:
        assert requests == some_requests(requests[0].project_id, range(3))


async def test_the_oldest_rows_of_a_project_come_first(store: Store) -> None:
    requests = some_requests(7, ["e", "b", "d", "a", "c"])
    for age, request in enumerate(requests):
        await store.inbox.put(7, [request], NOON - age * SECOND)
    assert await waiting(store, per_project=2) == [requests[:-3:-1]]
    assert await waiting(store, per_project=5) == [requests[::-1]]


async def test_a_long_backlog_does_not_hide_the_next_project(store: Store) -> None:
    long, short = some_requests(5, range(1_040)), some_requests(6, range(2))
    await put(store, long)
    await put(store, short)
    first, second = await waiting(store, per_project=10)
    assert (len(first), first[0].project_id, second) == (10, 5, short)
    first, second = await waiting(store, per_project=2_000)
    assert (sorted(first, key=hash), second) == (sorted(long, key=hash), short)


async def test_who_goes_through_the_waiting_may_stop_and_may_remove_rows(store: Store) -> None:
    for project_id in range(1, 6):
        await store.inbox.put(project_id, some_requests(project_id, range(2)), NOON)
    seen = 0
    async for requests in store.inbox.waiting(NOON + SECOND, 10):
        await store.inbox.remove(requests[0].project_id, [r.request_id for r in requests])
        seen += 1
        if seen == 3:
            break
    assert len(await waiting(store)) == 2
