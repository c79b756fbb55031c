"""What `store.port.Log` promises, held against both adapters."""

import asyncio

import pytest

from store.port import LOG_ENTRIES_MAX, Conflict, Entry, Head, Store, StoreError
from tests.store.examples import (
    REQUEST_IDS,
    TITLES,
    a_request,
    append,
    following,
    some_requests,
)
from todos import EMPTY, ID_MAX, Todo, last_id


async def contents(store: Store, project_id: int, request_ids: list[str]) -> object:
    """All that can be seen of a log, to compare before and after."""
    log = store.log
    todos = await log.read(project_id, 0, 1_000)
    return await log.head(project_id), todos, await log.find(project_id, request_ids)


async def test_a_log_without_entries_ends_at_nothing(store: Store) -> None:
    assert await store.log.head(7) == Head(EMPTY, None)
    assert await store.log.read(7, 0, 1_000) == []
    assert await store.log.get(7, 1) is None
    assert await store.log.find(7, ["any", "other"]) == {}
    assert await store.log.find(7, []) == {}


async def test_an_entry_is_seen_from_all_sides(store: Store) -> None:
    [entry] = await append(store.log, 7, [a_request(7, "first")])
    assert entry.todo == Todo(7, 1, "Buy milk")
    head = await store.log.head(7)
    assert last_id(head.state) == 1
    assert head.version is not None
    assert await store.log.get(7, 1) == entry.todo
    assert await store.log.find(7, ["first", "second"]) == {"first": entry.todo}
    assert await store.log.read(7, 0, 1_000) == [entry.todo]


async def test_a_full_transaction_of_entries_is_there_after_one_append(store: Store) -> None:
    await append(store.log, 7, some_requests(7, range(LOG_ENTRIES_MAX)))
    entries = await append(store.log, 7, some_requests(7, range(100, 100 + LOG_ENTRIES_MAX)))
    assert [entry.todo.id for entry in entries] == list(range(50, 99))
    assert await store.log.read(7, LOG_ENTRIES_MAX, 1_000) == [entry.todo for entry in entries]
    found = await store.log.find(7, [entry.request_id for entry in entries])
    assert found == {entry.request_id: entry.todo for entry in entries}


async def test_every_append_makes_a_new_version_even_of_the_same_state(store: Store) -> None:
    versions = set()
    for number in range(1, 6):
        head = await store.log.head(7)
        entry = Entry(f"request {number}", Todo(7, number, "Buy milk"))
        await store.log.append(7, head, 1, [entry])
        versions.add((await store.log.head(7)).version)
    assert len(versions) == 5


@pytest.mark.parametrize("what", ["other version", "no version"])
async def test_a_head_that_has_moved_keeps_everything_out(store: Store, what: str) -> None:
    await append(store.log, 7, some_requests(7, range(3)))
    old = await store.log.head(7)
    await append(store.log, 7, some_requests(7, range(3, 6)))
    now = await store.log.head(7)
    # Nothing else is in the way: the rows would be those that come next.
    stale = Head(now.state, old.version if what == "other version" else None)
    requests = some_requests(7, range(6, 9))
    before = await contents(store, 7, [each.request_id for each in requests])
    with pytest.raises(Conflict):
        await append(store.log, 7, requests, stale)
    assert await contents(store, 7, [each.request_id for each in requests]) == before


async def test_a_head_that_was_never_there_keeps_everything_out(store: Store) -> None:
    await append(store.log, 7, some_requests(7, range(3)))
    foreign = await store.log.head(7)
    with pytest.raises(Conflict):
        await append(store.log, 8, some_requests(8, range(3)), Head(EMPTY, foreign.version))
    assert await contents(store, 8, ["request-0"]) == (Head(EMPTY, None), [], {})


@pytest.mark.parametrize("place", [0, 2, 4])
async def test_a_request_that_has_a_todo_keeps_everything_out(store: Store, place: int) -> None:
    await append(store.log, 7, [a_request(7, "done")])
    requests = some_requests(7, range(5))
    requests[place] = a_request(7, "done", "something else")
    before = await contents(store, 7, [each.request_id for each in requests])
    with pytest.raises(Conflict):
        await append(store.log, 7, requests)
    assert await contents(store, 7, [each.request_id for each in requests]) == before


async def test_a_todo_that_is_there_keeps_everything_out(store: Store) -> None:
    await append(store.log, 7, some_requests(7, range(5)))
    now = await store.log.head(7)
    requests = some_requests(7, range(5, 10))
    # The version is right; the ids 4 and 5 were given out before.
    state, entries = following(3, requests)
    before = await contents(store, 7, [each.request_id for each in requests])
    with pytest.raises(Conflict):
        await store.log.append(7, now, state, entries)
    assert await contents(store, 7, [each.request_id for each in requests]) == before


@pytest.mark.parametrize("existing", [0, 3])
async def test_of_many_who_append_to_one_head_exactly_one_succeeds(
    store: Store, existing: int
) -> None:
    if existing:
        await append(store.log, 7, some_requests(7, range(existing)))
    head = await store.log.head(7)
    rivals = [some_requests(7, range(n * 10, n * 10 + 3 + n)) for n in range(1, 21)]
    outcomes = await asyncio.gather(
        *(append(store.log, 7, requests, head) for requests in rivals), return_exceptions=True
    )
    [won] = [outcome for outcome in outcomes if isinstance(outcome, list)]
    lost = [outcome for outcome in outcomes if not isinstance(outcome, list)]
    assert all(isinstance(outcome, StoreError) for outcome in lost)
    todos = await store.log.read(7, existing, 1_000)
    assert todos == [entry.todo for entry in won]
    found = await store.log.find(7, [each.request_id for all_ in rivals for each in all_])
    assert found == {entry.request_id: entry.todo for entry in won}
    assert last_id((await store.log.head(7)).state) == existing + len(won)


async def test_every_request_id_is_a_row_of_its_own(store: Store) -> None:
    entries = await append(store.log, 7, [a_request(7, id_) for id_ in REQUEST_IDS.values()])
    found = await store.log.find(7, list(REQUEST_IDS.values()))
    assert found == {entry.request_id: entry.todo for entry in entries}
    near = [id_ + "x" for id_ in REQUEST_IDS.values() if len(id_) < 255]
    near += [id_[1:] for id_ in REQUEST_IDS.values() if len(id_) > 1]
    assert await store.log.find(7, [id_ for id_ in near if id_ not in found]) == {}


async def test_every_title_comes_back_as_it_was(store: Store) -> None:
    requests = [a_request(7, str(n), title) for n, title in enumerate(TITLES.values())]
    await append(store.log, 7, requests)
    assert [todo.title for todo in await store.log.read(7, 0, 1_000)] == list(TITLES.values())
    found = await store.log.find(7, [each.request_id for each in requests])
    assert [found[each.request_id].title for each in requests] == list(TITLES.values())
    first = await store.log.get(7, 1)
    assert first is not None
    assert first.title == requests[0].title


async def test_a_full_transaction_of_the_longest_texts_fits(store: Store) -> None:
    ids = [f"{n:02d}" + "🧊" * 253 for n in range(LOG_ENTRIES_MAX)]
    requests = [a_request(7, id_, "🥛" * 500) for id_ in ids]
    entries = await append(store.log, 7, requests)
    assert await store.log.find(7, ids) == {entry.request_id: entry.todo for entry in entries}


async def test_projects_do_not_see_each_other(store: Store) -> None:
    for project_id in 1, 10, ID_MAX:
        requests = [a_request(project_id, "same", f"{project_id}")]
        await append(store.log, project_id, requests)
    for project_id in 1, 10, ID_MAX:
        todo = Todo(project_id, 1, f"{project_id}")
        assert await store.log.read(project_id, 0, 1_000) == [todo]
        assert await store.log.find(project_id, ["same"]) == {"same": todo}
    assert await store.log.head(100) == Head(EMPTY, None)
    assert await store.log.get(100, 1) is None


async def test_the_last_id_there_is_can_be_written_and_read(store: Store) -> None:
    before = ID_MAX - 3
    requests = some_requests(7, range(3))
    entries = await append(store.log, 7, requests, Head(before, None))
    assert (await store.log.head(7)).state == ID_MAX
    assert await store.log.read(7, before, 1_000) == [entry.todo for entry in entries]
    assert await store.log.get(7, ID_MAX) == entries[-1].todo
    assert await store.log.read(7, ID_MAX, 1_000) == []
    assert await store.log.get(7, ID_MAX * 10) is None


async def test_any_number_of_requests_may_be_looked_for(store: Store) -> None:
    entries = [
        *await append(store.log, 7, some_requests(7, range(0, 80, 2))),
        *await append(store.log, 7, some_requests(7, range(80, 150, 2))),
    ]
    asked = [each.request_id for each in some_requests(7, range(150))]
    found = await store.log.find(7, [*asked, asked[0]])
    assert found == {entry.request_id: entry.todo for entry in entries}


async def test_todos_are_read_in_the_order_of_their_ids_from_anywhere(store: Store) -> None:
    todos = [e.todo for e in await append(store.log, 7, some_requests(7, range(12)))]
    for after in range(14):
        for limit in (1, 2, 11, 12, 13, 1_000):
            assert await store.log.read(7, after, limit) == todos[after : after + limit]


async def test_more_todos_than_an_answer_takes_are_read_in_parts(store: Store) -> None:
    todos: list[Todo] = []
    while len(todos) < 1_010:
        requests = some_requests(7, range(len(todos), len(todos) + LOG_ENTRIES_MAX))
        todos += [entry.todo for entry in await append(store.log, 7, requests)]
    assert await store.log.read(7, 0, 1_000) == todos[:1_000]
    assert await store.log.read(7, 1_000, 1_000) == todos[1_000:]
    assert await store.log.read(7, 0, 2_000) == todos


async def test_what_is_read_while_others_append_has_no_hole_and_misses_nothing(
    store: Store,
) -> None:
    logged = 0
    done = asyncio.Event()

    async def write() -> None:
        nonlocal logged
        for size in [1, 7, 49, 3, 30] * 4:
            await append(store.log, 7, some_requests(7, range(logged, logged + size)))
            logged += size
        done.set()

    async def read() -> int:
        readings = 0
        while not done.is_set():
            at_least = logged
            # A hole would be a StoreError; order and content are compared here.
            todos = await store.log.read(7, 0, 1_000)
            assert [todo.id for todo in todos] == list(range(1, len(todos) + 1))
            assert len(todos) >= at_least
            readings += 1
            await asyncio.sleep(0)  # SQLite answers without a pause
        return readings

    readings, _ = await asyncio.gather(read(), write())
    assert readings > 10
    assert logged == 360
