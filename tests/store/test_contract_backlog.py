"""A backlog longer than a store shows at once is worked off, whatever comes in meanwhile."""

from collections.abc import Sequence
from datetime import timedelta

from store.port import INBOX_ROWS_MAX, Store
from tests.store.examples import NOON, a_request, some_requests
from todos import TodoRequest

LATER = NOON + timedelta(seconds=1)
PER_PROJECT = 1_000
"""What a sweep takes up of one project, and what Table Storage shows of it at once."""


async def put(store: Store, requests: Sequence[TodoRequest]) -> None:
    for first in range(0, len(requests), INBOX_ROWS_MAX):
        chunk = requests[first : first + INBOX_ROWS_MAX]
        await store.inbox.put(chunk[0].project_id, chunk, NOON)


async def sweep(store: Store) -> list[TodoRequest]:
    """Take up what is shown, and finish it, as the sweeper and those behind it do."""
    taken: list[TodoRequest] = []
    async for requests in store.inbox.waiting(LATER, PER_PROJECT):
        taken += requests
        await store.inbox.remove(requests[0].project_id, [r.request_id for r in requests])
    return taken


async def test_a_backlog_of_one_project_is_worked_off_round_by_round(store: Store) -> None:
    backlog = some_requests(5, range(1_250))
    await put(store, backlog)
    rounds = [await sweep(store) for _ in range(3)]
    assert [len(each) for each in rounds] == [1_000, 250, 0]
    assert set(rounds[0] + rounds[1]) == set(backlog)


async def test_what_comes_in_meanwhile_does_not_keep_the_others_waiting_for_ever(
    store: Store,
) -> None:
    """The rows that come have keys before all others, so that the store shows them first."""
    backlog = set(some_requests(5, range(1_250)))
    await put(store, sorted(backlog, key=str))
    for number in range(3):
        await put(store, [a_request(5, f"0-{number}-{n}") for n in range(200)])
        await put(store, [a_request(6, f"0-{number}-{n}") for n in range(2)])
        taken = await sweep(store)
        backlog -= set(taken)
        assert [each.project_id for each in taken].count(6) == 2  # its neighbour never waits
    assert not backlog
