"""Rows of every format are read by the real client; the newest is what it writes."""

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from azure.data.tables import TableServiceClient, UpdateMode

from store import rows
from store.app_port import AppStore
from store.open import open_store
from store.port import Head, Unknown
from tests.golden.examples import MILK
from tests.golden.files import golden
from tests.golden.stored import (
    LETTER,
    WAITING,
    assert_inbox_and_log_are_read,
    assert_the_rest_is_read,
    assert_work_goes_on,
    audited,
    fill,
)
from tests.store.examples import NOON, append, some_requests
from tools.audit import VIOLATED, WELL

TABLES: Final = golden("stores", "tables")

READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "Edm.DateTime": datetime.fromisoformat,
    "Edm.Binary": base64.b64decode,
}


def row_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Take the types from the annotations, as the service writes them."""
    return {
        name: READ[stored[kind]](value) if (kind := f"{name}@odata.type") in stored else value
        for name, value in stored.items()
        if "@" not in name
    }


def put(account: str, tables: Mapping[str, Any]) -> None:
    with TableServiceClient.from_connection_string(account) as service:
        for name, stored in tables.items():
            table = service.create_table_if_not_exists(name)
            for each in stored:
                table.upsert_entity(row_of(each), UpdateMode.REPLACE)


def stored_in(account: str) -> dict[str, list[dict[str, Any]]]:
    with TableServiceClient.from_connection_string(account) as service:
        return {
            name: [{**each} for each in service.get_table_client(name).list_entities()]
            for name in TABLES[1]
        }


def test_there_is_a_golden_file_of_every_format() -> None:
    assert list(TABLES) == [each for each in rows.FORMATS_KNOWN if each]


@pytest.fixture
async def store(tables_account: str) -> AsyncIterator[AppStore]:
    opened = open_store("tables", {"TodoTables": tables_account})
    yield opened
    await opened.close()


def with_a_column_more(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [
            {**dict(reversed(each.items())), "later": "a column of a later release"}
            for each in stored
        ]
        for name, stored in tables.items()
    }


@pytest.mark.azurite
@pytest.mark.parametrize("more", [False, True], ids=["as written", "with a column more"])
@pytest.mark.parametrize("version", TABLES)
async def test_rows_of_any_format_are_read_and_worked_with(
    version: int, tables_account: str, store: AppStore, *, more: bool
) -> None:
    put(tables_account, with_a_column_more(TABLES[version]) if more else TABLES[version])
    environ = {"TodoTables": tables_account}
    assert await audited("tables", environ) == WELL
    await assert_inbox_and_log_are_read(store)
    await assert_the_rest_is_read(store)
    await assert_work_goes_on(store)
    assert await audited("tables", environ) == WELL


@pytest.mark.azurite
async def test_new_rows_are_of_the_newest_format_to_the_letter(
    tables_account: str, store: AppStore
) -> None:
    """A difference is a change of format: it takes the next number and a file of its own."""
    await fill(store)
    newest = {name: [row_of(each) for each in stored] for name, stored in TABLES[1].items()}
    assert stored_in(tables_account) == newest


NEWER: Final = [
    ("todos", "head"),
    ("todos", "t0000000002"),
    ("todos", f"r.{MILK.request_id}"),
    ("inbox", rows.request_key(WAITING.request_id)),
    ("publishing", "cursor"),
    ("publishing", "7"),
    ("deadletters", "00000000000000000019-5d41402a.00"),
]


async def read_all(store: AppStore, table: str) -> None:
    """Read whatever is in the table in each of the ways there are; each of them has to fail."""
    calls: dict[str, list[Any]] = {
        "todos": [
            store.log.head(7),
            store.log.entries(7, 0, 10),
            store.log.find(7, [MILK.request_id]),
        ],
        "inbox": [store.inbox.get(7, [WAITING.request_id])],
        "publishing": [store.publications.cursor(7), anext(aiter(store.publications.marked()))],
        "deadletters": [
            store.deadletters.get(LETTER.summary.key),
            anext(aiter(store.deadletters.pages())),
        ],
    }
    failures = []
    for name, awaitables in calls.items():
        for each in awaitables:
            try:
                await each
            except Unknown as error:
                failures.append((name, str(error)))
    assert {name for name, _ in failures} == {table}
    assert all("has format 99; this release knows 1 only" in text for _, text in failures)


@pytest.mark.azurite
@pytest.mark.parametrize(("table", "key"), NEWER, ids=[f"{table} {key}" for table, key in NEWER])
async def test_a_row_of_a_newer_release_stops_its_reader_with_a_word(
    table: str, key: str, tables_account: str, store: AppStore
) -> None:
    changed = {
        name: [
            {**each, "v": 99} if (name, each["RowKey"]) == (table, key) else each for each in stored
        ]
        for name, stored in TABLES[1].items()
    }
    put(tables_account, changed)
    await read_all(store, table)
    if (table, key) not in {("publishing", "7"), ("deadletters", NEWER[-1][1])}:
        assert await audited("tables", {"TodoTables": tables_account}) == VIOLATED


@pytest.mark.azurite
async def test_a_head_of_a_newer_release_keeps_this_one_from_appending(
    tables_account: str, store: AppStore
) -> None:
    """After a roll-back: an append needs the head, and the head is not guessed at."""
    head, *others = TABLES[1]["todos"]
    put(tables_account, {"todos": [{**head, "v": 99}, *others]})
    with pytest.raises(Unknown):
        await append(store.log, 7, some_requests(7, [3]))
    assert await store.log.get(7, 3) is None
    assert await store.log.head(8) == Head(0, None)  # and holds up no other project


@pytest.mark.azurite
async def test_an_inbox_row_of_a_newer_release_holds_up_no_other(
    tables_account: str, store: AppStore, caplog: pytest.LogCaptureFixture
) -> None:
    (row,) = TABLES[1]["inbox"]
    put(tables_account, {"inbox": [{**row, "v": 99}, {**row, "v": 99, "PartitionKey": "6"}]})
    waiting = [*some_requests(7, range(2)), *some_requests(8, range(2))]
    for each in waiting:
        await store.inbox.put(each.project_id, [each], NOON)
    later = NOON.replace(tzinfo=UTC, year=2999)
    found = [each async for group in store.inbox.waiting(later, 10) for each in group]
    assert sorted(found, key=str) == sorted(waiting, key=str)
    assert caplog.text.count("inbox_rows_unreadable") == 2
