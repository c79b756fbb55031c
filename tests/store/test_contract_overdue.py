"""What `store.ports.inbox.Inbox` promises of overdue rows, held against both adapters."""

from datetime import datetime, timedelta

from store.ports.inbox import Waiting
from store.ports.store import Store
from tests.store.examples import IDS, NOON, a_request, some_requests
from tests.store.test_contract_inbox import SECOND, put


async def overdue(store: Store, before: datetime = NOON + SECOND) -> dict[str, list[Waiting]]:
    """By key, each of which comes once."""
    groups = [list(each) async for each in store.inbox.overdue(before)]
    found = {group[0].request.key: group for group in groups}
    assert len(found) == len(groups)
    assert all({each.request.key for each in group} == {key} for key, group in found.items())
    return found


async def test_only_older_rows_are_overdue(store: Store) -> None:
    step = timedelta(milliseconds=1)  # Azurite compares no finer, Azure to 100 ns
    for name, at in ("older", NOON - step), ("same", NOON), ("newer", NOON + step):
        await store.inbox.put([a_request("7", name)], at)
    assert await overdue(store, NOON) == {"7": [Waiting(a_request("7", "older"), NOON - step)]}
    assert await overdue(store, NOON - SECOND) == {}


async def test_health_check_leaves_nothing_overdue(store: Store) -> None:
    assert await store.check() == {}
    assert await overdue(store) == {}


async def test_each_key_with_overdue_rows_comes_once(store: Store) -> None:
    for key in IDS.values():
        await store.inbox.put(some_requests(key, range(3)), NOON)
    found = await overdue(store)
    assert set(found) == set(IDS.values())
    for key, rows in found.items():
        assert rows == [Waiting(each, NOON) for each in some_requests(key, range(3))]


async def test_oldest_rows_of_a_key_come_first(store: Store) -> None:
    requests = some_requests("7", ["e", "b", "d", "a", "c"])
    for age, request in enumerate(requests):
        await store.inbox.put([request], NOON - age * SECOND)
    [rows] = (await overdue(store)).values()
    assert [each.request for each in rows] == requests[::-1]


async def test_long_backlog_does_not_hide_the_next_key(store: Store) -> None:
    await put(store, some_requests("5", range(1_040)))
    await put(store, some_requests("6", range(2)))
    found = await overdue(store)
    assert len(found["5"]) >= 100
    assert [each.request for each in found["6"]] == some_requests("6", range(2))


async def test_reader_may_stop_and_may_remove_rows(store: Store) -> None:
    for key in "12345":
        await store.inbox.put(some_requests(key, range(2)), NOON)
    seen = 0
    async for rows in store.inbox.overdue(NOON + SECOND):
        key = rows[0].request.key
        await store.inbox.remove(key, [each.request.id for each in rows])
        seen += 1
        if seen == 3:
            break
    assert len(await overdue(store)) == 2


async def sweep(store: Store) -> list[tuple[str, str]]:
    """Take up what is shown, and finish it, as the sweeper and those behind it do."""
    taken: list[tuple[str, str]] = []
    async for rows in store.inbox.overdue(NOON + SECOND):
        key = rows[0].request.key
        taken += [(key, each.request.id) for each in rows]
        await store.inbox.remove(key, [each.request.id for each in rows])
    return taken


async def test_neighbour_of_a_busy_key_never_waits(store: Store) -> None:
    """The rows that come have ids before all others, so that the store shows them first."""
    await put(store, some_requests("5", range(1_250)))
    for number in range(3):
        await put(store, [a_request("5", f"0-{number}-{n}") for n in range(200)])
        await put(store, [a_request("6", f"0-{number}-{n}") for n in range(2)])
        taken = await sweep(store)
        assert [key for key, _ in taken].count("6") == 2


async def test_backlog_of_one_key_is_worked_off_round_by_round(store: Store) -> None:
    backlog = some_requests("5", range(1_250))
    await put(store, backlog)
    rounds = []
    while taken := await sweep(store):
        rounds.append(taken)
    assert sorted(id_ for each in rounds for _, id_ in each) == sorted(e.id for e in backlog)
