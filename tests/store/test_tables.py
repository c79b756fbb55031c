"""Table Storage: what a call costs, tables that are not there, rows that nobody can read."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from store.open import open_store
from store.ports.records import LOG_ENTRIES_MAX, NO_HEAD, Unknown, Unreadable
from store.tables import rows
from store.tables.client import Table
from store.tables.connection import Account
from store.tables.requests import HEADERS, delete, upsert
from store.tables.store import TableStore
from tests.store.examples import NOON, a_request, append, following, some_requests
from tests.store.faulty_proxy import PASS, FaultyProxy, refusing

pytestmark = pytest.mark.azurite

Call = Callable[[], Awaitable[object]]


async def test_each_call_costs_as_few_requests_as_the_service_allows(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    assert await proxied.check() == {}
    inbox, log, publications = proxied.inbox, proxied.log, proxied.publications
    assert (await publications.cursor("7")).place == 0
    accepted = some_requests("7", range(100))
    ids = [each.id for each in accepted]
    after, answered = following(NO_HEAD, accepted[:LOG_ENTRIES_MAX])
    costs: list[tuple[int, Call]] = [
        (6, proxied.check),
        (1, lambda: inbox.put(accepted, NOON)),
        (1, lambda: inbox.count("7", 10_000)),
        (0, lambda: inbox.count("7", 0)),
        (1, lambda: inbox.page("7", 1_000)),
        (1, lambda: log.head("7")),
        (1, lambda: log.append("7", NO_HEAD, after, answered)),
        (1, lambda: log.tail("7", 0)),
        (1, lambda: log.tail("7", 49)),
        (1, lambda: log.tail("8", 0)),
        (49, lambda: log.find("7", ids[:LOG_ENTRIES_MAX])),
        (1, lambda: log.find("7", [*ids[:1]] * 5)),
        (1, lambda: log.get("7", 1)),
        (1, lambda: log.read("7", 0, 1_000)),
        (3, lambda: inbox.get("7", ids[:3])),
        (1, lambda: inbox.remove("7", ids[:LOG_ENTRIES_MAX])),
        (1, lambda: inbox.remove("7", ids[-1:])),
        (1, lambda: inbox.remove("7", ids[-1:])),
        # One is gone already: a transaction that fails, and then each by itself.
        (1 + 3, lambda: inbox.remove("7", ids[-3:])),
        (0, lambda: inbox.remove("7", [])),
        (1, lambda: publications.mark("7", NOON)),
    ]
    for number, (cost, call) in enumerate(costs):
        before = len(proxy.requests)
        await call()
        assert len(proxy.requests) - before == cost, number


async def test_lone_row_is_a_plain_request(proxy: FaultyProxy, proxied: TableStore) -> None:
    await proxied.inbox.put(some_requests("7", [1]), NOON)
    assert proxy.requests[-1].startswith(b"POST /")
    assert not any(b"$batch" in each for each in proxy.requests)


async def test_only_keys_travel_to_be_counted(proxy: FaultyProxy, proxied: TableStore) -> None:
    await proxied.inbox.put(some_requests("7", range(3)), NOON)
    assert await proxied.inbox.count("7", 10) == 3
    assert b"select=RowKey" in proxy.requests[-1]


async def test_keys_behind_a_long_one_are_asked_for_by_partition(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    for first in range(0, 3_000, 100):
        await proxied.inbox.put(some_requests("5", range(first, first + 100)), NOON)
    await proxied.inbox.put(some_requests("6", range(3)), NOON)
    before = len(proxy.requests)
    found = [list(each) async for each in proxied.inbox.overdue(NOON.replace(hour=13))]
    assert [(len(each), each[0].request.key) for each in found] == [(1_000, "5"), (3, "6")]
    assert len(proxy.requests) - before == 2


async def test_missing_tables_are_made_by_the_first_user(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    requests = some_requests("7", range(20))
    await asyncio.gather(*(proxied.inbox.put([each], NOON) for each in requests))
    assert await proxied.inbox.count("7", 100) == 20
    before = len(proxy.requests)
    await append(proxied.log, requests)
    # Reading the head: not there, made, read. The append itself finds the table.
    assert len(proxy.requests) - before == 4


async def test_store_that_must_not_be_made_is_not(tables_account: str, account: Account) -> None:
    store = open_store("tables", "things", {"EO_TABLES": tables_account}, create=False)
    for call in (store.log.head("7"), store.inbox.count("7", 1), store.inbox.remove("7", ["a"])):
        with pytest.raises(Unknown, match="404 TableNotFound"):
            await call
    wrong = "404 TableNotFound"
    assert await store.check() == dict.fromkeys(("inbox", "log", "publications"), wrong)
    await store.close()
    assert await tables_of(account) == set()


async def test_table_that_was_deleted_under_way_is_made_again(
    direct: TableStore, account: Account
) -> None:
    await direct.inbox.put(some_requests("7", range(3)), NOON)
    request = HttpRequest("DELETE", f"{account.url}/Tables('thingsinbox')", headers=HEADERS)
    assert (await account.send(request, retry=False)).status_code == 204
    await direct.inbox.put(some_requests("7", [3]), NOON)
    assert await direct.inbox.count("7", 100) == 1


async def test_table_that_is_being_deleted_is_not_waited_for(
    proxy: FaultyProxy, proxied: TableStore
) -> None:
    proxy.faults += [PASS, refusing("409 Conflict", "TableBeingDeleted")]
    with pytest.raises(Unknown, match="409 TableBeingDeleted"):
        await proxied.inbox.put(some_requests("7", range(3)), NOON)
    await proxied.inbox.put(some_requests("7", range(3)), NOON)


async def tables_of(account: Account) -> set[str]:
    request = HttpRequest("GET", f"{account.url}/Tables", headers=HEADERS)
    answer = await account.send(request, retry=True)
    return {each["TableName"] for each in json.loads(answer.content)["value"]}


async def test_domains_of_an_app_have_tables_of_their_own(
    tables_account: str, account: Account
) -> None:
    environ = {"EO_TABLES": tables_account}
    stores = [open_store("tables", plural, environ) for plural in ("things", "invoices")]
    for store in stores:
        await store.inbox.put(some_requests("7", range(3)), NOON)
        await append(store.log, some_requests("7", range(3)))
    for store in stores:
        assert (await store.log.head("7")).place == 3
        await store.close()
    expected = {f"{name}{part}" for name in ("things", "invoices") for part in ("", "inbox")}
    assert await tables_of(account) == expected


async def spoil(account: Account, table: str, row: Mapping[str, Any]) -> None:
    await Table(account, table).transact([upsert(dict(row))])


async def test_row_of_a_newer_release_is_unreadable(direct: TableStore, account: Account) -> None:
    [answered] = await append(direct.log, [a_request("7", "first")])
    await append(direct.log, [a_request("8", "first")])
    newer = {"v": 2}
    await spoil(account, "things", rows.answered_row("7", answered) | newer)
    with pytest.raises(Unreadable, match="has format 2"):
        await direct.log.find("7", ["first"])
    await spoil(account, "things", rows.entry_row("7", answered.entry) | newer)
    for call in direct.log.get("7", 1), direct.log.read("7", 0, 9), direct.log.tail("7", 0):
        with pytest.raises(Unreadable, match="has format 2"):
            await call
    await spoil(account, "things", rows.head_row("7", NO_HEAD) | newer)
    with pytest.raises(Unreadable, match="has format 2"):
        await direct.log.head("7")
    assert set(await direct.log.find("8", ["first"])) == {"first"}


async def test_row_that_cannot_be_read_hides_no_key(direct: TableStore, account: Account) -> None:
    for key in "6", "7", "8", "a+b":
        await direct.inbox.put(some_requests(key, range(3)), NOON)
    row = rows.inbox_row(some_requests("7", [1])[0], NOON)
    await spoil(account, "thingsinbox", row | {"v": 2})
    for number in range(3):
        row = rows.inbox_row(some_requests("a+b", [number])[0], NOON)
        await spoil(account, "thingsinbox", row | {"payload": 5})
    groups = [list(each) async for each in direct.inbox.overdue(NOON.replace(hour=13))]
    counts = {group[0].request.key: len(group) for group in groups}
    assert counts == {"6": 3, "7": 2, "8": 3, "a+b": 1}
    with pytest.raises(Unreadable):
        await direct.inbox.page("7", 10)
    with pytest.raises(Unreadable):
        await direct.inbox.get("a+b", ["request-0"])
    assert len(await direct.inbox.get("7", ["request-0", "request-2"])) == 2


async def test_hole_in_the_log_is_unknown(direct: TableStore, account: Account) -> None:
    await append(direct.log, some_requests("7", range(5)))
    await Table(account, "things").transact([delete("7", rows.entry_key(3))])
    for call in direct.log.read("7", 0, 100), direct.log.tail("7", 0):
        with pytest.raises(Unknown, match="4 entries between 0 and 5"):
            await call
    assert [each.place for each in await direct.log.read("7", 3, 100)] == [4, 5]
