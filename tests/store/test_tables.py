"""Table Storage: what a call costs, and tables that are not there."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from azure.data.tables import UpdateMode

from store import rows
from store.connection import Connection
from store.open import open_store
from store.port import LOG_ENTRIES_MAX, Unknown
from store.tables import TableStore
from tests.store.examples import NOON, a_request, append, some_requests
from tests.store.faulty_proxy import PASS, FaultyProxy, refusing

pytestmark = pytest.mark.azurite

Call = Callable[[], Awaitable[object]]


async def test_each_call_costs_as_few_requests_as_the_service_allows(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    assert await proxied.check() == {}
    inbox, log = proxied.inbox, proxied.log
    accepted = some_requests(7, range(100))
    ids = [each.request_id for each in accepted]
    full = accepted[:LOG_ENTRIES_MAX]
    costs: list[tuple[int, Call]] = [
        (2, proxied.check),
        (1, lambda: inbox.put(7, accepted, NOON)),
        (1, lambda: inbox.count(7, 10_000)),
        (0, lambda: inbox.count(7, 0)),
        (1, lambda: log.head(7)),
        (2, lambda: append(log, 7, full)),
        (49, lambda: log.find(7, ids[:LOG_ENTRIES_MAX])),
        (1, lambda: log.find(7, [*ids[:1]] * 5)),
        (1, lambda: log.get(7, 1)),
        (1, lambda: log.read(7, 0, 1_000)),
        (3, lambda: inbox.get(7, ids[:3])),
        (1, lambda: inbox.remove(7, ids[:LOG_ENTRIES_MAX])),
        (1, lambda: inbox.remove(7, ids[-1:])),
        (1, lambda: inbox.remove(7, ids[-1:])),
        # One is gone already: a transaction that fails, and then each by itself.
        (1 + 3, lambda: inbox.remove(7, ids[-3:])),
        (0, lambda: inbox.remove(7, [])),
        (0, lambda: inbox.put(7, [], NOON)),
    ]
    for number, (cost, call) in enumerate(costs):
        before = len(proxy.requests)
        await call()
        assert len(proxy.requests) - before == cost, number


async def test_only_keys_travel_to_be_counted(proxy: FaultyProxy, proxied: TableStore) -> None:
    await proxied.inbox.put(7, some_requests(7, range(3)), NOON)
    assert await proxied.inbox.count(7, 10) == 3
    assert b"$select=RowKey" in proxy.requests[-1]


async def test_projects_behind_a_long_one_are_asked_for_by_partition(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    for first in range(0, 3_000, 100):
        await proxied.inbox.put(5, some_requests(5, range(first, first + 100)), NOON)
    await proxied.inbox.put(6, some_requests(6, range(3)), NOON)
    before = len(proxy.requests)
    found = [list(each) async for each in proxied.inbox.waiting(NOON.replace(hour=13), 10)]
    assert [(len(each), each[0].project_id) for each in found] == [(10, 5), (3, 6)]
    assert len(proxy.requests) - before == 2


async def test_missing_tables_are_made_by_whoever_comes_first(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    requests = some_requests(7, range(20))
    await asyncio.gather(*(proxied.inbox.put(7, [each], NOON) for each in requests))
    assert await proxied.inbox.count(7, 100) == 20
    before = len(proxy.requests)
    await append(proxied.log, 7, requests)
    # Reading the head: not there, made, read. The append itself finds the table.
    assert len(proxy.requests) - before == 4


async def test_a_table_that_was_deleted_under_way_is_made_again(
    direct: TableStore, tables_account: str
) -> None:
    await direct.inbox.put(7, some_requests(7, range(3)), NOON)
    account = Connection.read({"TodoTables": tables_account}).open()
    await account.service.delete_table("inbox")
    await account.close()
    await direct.inbox.put(7, some_requests(7, [3]), NOON)
    assert await direct.inbox.count(7, 100) == 1


async def test_a_table_that_is_being_deleted_is_waited_for_by_nobody(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    proxy.faults += [PASS, refusing("409 Conflict", "TableBeingDeleted")]
    with pytest.raises(Unknown, match="409 TableBeingDeleted"):
        await proxied.inbox.put(7, some_requests(7, range(3)), NOON)
    await proxied.inbox.put(7, some_requests(7, range(3)), NOON)


async def test_tables_can_have_other_names(tables_account: str) -> None:
    settings = {
        "TodoTables": tables_account,
        "TODO_INBOX_TABLE": "inboxOfTests",
        "TODO_LOG_TABLE": "logOfTests",
    }
    opened = open_store("tables", settings)
    await opened.inbox.put(7, some_requests(7, range(3)), NOON)
    await append(opened.log, 7, some_requests(7, range(3)))
    await opened.close()
    account = Connection.read(settings).open()
    names = {each.name async for each in account.service.list_tables()}
    await account.close()
    assert names == {"inboxOfTests", "logOfTests"}


@pytest.mark.parametrize(
    "damage",
    [{"requestId": "of somebody else"}, {"id": "many"}, {"title": None}, {"requestId": None}],
    ids=["other owner", "id", "no title", "no owner"],
)
async def test_a_row_that_somebody_spoilt_is_unknown_rather_than_an_answer(
    direct: TableStore, tables_account: str, damage: dict[str, object]
) -> None:
    await append(direct.log, 7, [a_request(7, "first")])
    account = Connection.read({"TodoTables": tables_account}).open()
    table = account.service.get_table_client("todos")
    row = await table.get_entity("7", rows.logged_key("first"))
    row.update(damage)
    await table.update_entity(
        {name: value for name, value in row.items() if value is not None}, UpdateMode.REPLACE
    )
    await account.close()
    with pytest.raises(Unknown):
        await direct.log.find(7, ["first"])


async def test_a_hole_in_the_log_is_unknown_rather_than_an_answer(
    direct: TableStore, tables_account: str
) -> None:
    await append(direct.log, 7, some_requests(7, range(5)))
    account = Connection.read({"TodoTables": tables_account}).open()
    await account.service.get_table_client("todos").delete_entity("7", rows.todo_key(3))
    await account.close()
    with pytest.raises(Unknown, match="4 TODOs between 0 and 5"):
        await direct.log.read(7, 0, 100)
    assert [todo.id for todo in await direct.log.read(7, 3, 100)] == [4, 5]
