"""The SQLite store: other processes, files that are lost, plans of queries, its health."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from store.ports.records import NO_HEAD, Conflict, Head, StoreError, Unknown
from store.sqlite import deadletters, publications
from store.sqlite import store as sqlite_store
from store.sqlite.file import SqliteFile
from store.sqlite.schema import prepare
from store.sqlite.store import SqliteStore
from tests.concurrency.passes import counted
from tests.store.examples import NOON, a_request, append, some_requests


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path, "things")
    yield opened
    await opened.close()


def execute(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(sql)


async def test_what_was_stored_is_there_when_opened_again(path: Path) -> None:
    requests = some_requests("7", range(3))
    first = SqliteStore(path, "things")
    await first.inbox.put(requests, NOON)
    answered = await append(first.log, requests)
    head = await first.log.head("7")
    await first.close()
    second = SqliteStore(path, "things")
    assert await second.inbox.count("7", 10) == 3
    assert await second.log.read("7", 0, 10) == [each.entry for each in answered]
    assert await second.log.head("7") == head
    await second.close()


async def test_head_deleted_and_made_anew_never_has_an_old_version(
    store: SqliteStore, path: Path
) -> None:
    versions = set()
    for life in range(3):
        for number in range(3):
            await append(store.log, some_requests("7", [f"{life}-{number}"]))
            versions.add((await store.log.head("7")).version)
        for table in "head", "entry", "request":
            execute(path, f"DELETE FROM {table}")
    assert len(versions) == 9
    await append(store.log, some_requests("7", ["new"]))
    for version in versions:
        with pytest.raises(Conflict):
            await append(store.log, some_requests("7", ["newer"]), Head(1, None, version))


async def test_of_two_processes_that_append_to_one_head_one_succeeds(
    store: SqliteStore, path: Path
) -> None:
    other = SqliteStore(path, "things")
    for round_ in range(10):
        head = await store.log.head("7")
        assert await other.log.head("7") == head
        outcomes = await asyncio.gather(
            append(store.log, some_requests("7", [f"mine-{round_}"]), head),
            append(other.log, some_requests("7", [f"yours-{round_}"]), head),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, StoreError) for outcome in outcomes) == 1
    assert len(await other.log.read("7", 0, 100)) == 10
    await other.close()


async def test_write_that_the_file_refuses_is_unknown_and_undone(
    store: SqliteStore,
) -> None:
    file = store.opened()
    file.writer.execute("PRAGMA query_only = ON")
    for call in (
        store.inbox.put(some_requests("7", range(3)), NOON),
        append(store.log, some_requests("7", range(3))),
    ):
        with pytest.raises(Unknown, match="readonly"):
            await call
    assert await store.check() == {"file": "attempt to write a readonly database"}
    file.writer.execute("PRAGMA query_only = OFF")
    assert await store.inbox.count("7", 10) == 0
    assert await store.log.head("7") == NO_HEAD


def lose(path: Path, what: str) -> None:
    if what == "emptied":
        path.write_bytes(b"")
    else:
        path.unlink()
    if what == "replaced":
        other = path.with_name("other.db")
        prepare(other, "things")
        other.rename(path)


@pytest.mark.parametrize("what", ["removed", "replaced", "emptied"])
async def test_store_whose_file_is_lost_is_unknown_and_unhealthy(
    store: SqliteStore, path: Path, what: str
) -> None:
    await append(store.log, some_requests("7", range(3)))
    lose(path, what)
    assert set(await store.check()) == {"file"}
    with pytest.raises(Unknown):
        await store.inbox.put(some_requests("7", [1]), NOON)
    with pytest.raises(Unknown, match=what):
        await store.log.read("7", 0, 10)
    assert path.parent.name not in str(await store.check())


async def test_put_that_finds_no_room_is_unknown(store: SqliteStore) -> None:
    assert await store.check() == {}
    writer = store.opened().writer
    [(pages,)] = writer.execute("PRAGMA page_count")
    writer.execute(f"PRAGMA max_page_count = {pages}")
    wide = [a_request("7", f"{n}", "x" * 10_000) for n in range(50)]
    with pytest.raises(Unknown, match="full"):
        await store.inbox.put(wide, NOON)


async def test_file_that_another_process_holds_is_unhealthy(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await store.check() == {}
    monkeypatch.setattr(sqlite_store, "CHECK_SECONDS_MAX", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await store.check() == {"file": "no answer within 0.1 s"}
    monkeypatch.setattr(sqlite_store, "CHECK_SECONDS_MAX", 10)
    assert await store.check() == {}


def within_a_file(path: Path) -> Path:
    path.write_text("no folder")
    return path / "app.db"


def to_itself(path: Path) -> Path:
    path.symlink_to(path)
    return path


@pytest.mark.parametrize(
    ("made", "why"),
    [(within_a_file, "Not a directory"), (to_itself, "Too many levels of symbolic links")],
)
async def test_health_of_a_file_nobody_can_open_tells_no_path(
    path: Path, made: Callable[[Path], Path], why: str
) -> None:
    assert await SqliteStore(made(path), "things").check() == {"file": why}


async def test_missing_folder_is_unknown_until_it_is_there(path: Path) -> None:
    store = SqliteStore(path.parent / "missing" / "app.db", "things")
    with pytest.raises(Unknown):
        await store.log.head("7")
    assert await store.check() == {"file": "unable to open database file"}
    (path.parent / "missing").mkdir()
    assert await store.log.head("7") == NO_HEAD
    await store.close()


async def test_file_that_cannot_be_opened_yet_is_opened_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: Path) -> SqliteFile:
        raise sqlite3.OperationalError("database is locked")

    store = SqliteStore(path, "things")
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_store, "SqliteFile", busy)
        with pytest.raises(Unknown, match=r"app\.db: database is locked"):
            await store.log.head("7")
    assert await store.log.head("7") == NO_HEAD
    await store.close()


async def test_store_that_must_not_be_made_is_not(path: Path) -> None:
    store = SqliteStore(path, "things", create=False)
    with pytest.raises(Unknown, match="there is no such file"):
        await store.log.head("7")
    assert await store.check()
    assert list(path.parent.iterdir()) == []
    await store.close()


async def plan(store: SqliteStore, sql: str, *values: object) -> str:
    rows = store.opened().reader.execute(f"EXPLAIN QUERY PLAN {sql}", values)
    return " | ".join(str(row[-1]) for row in rows)


async def test_no_page_of_dead_letters_sorts_what_is_left(store: SqliteStore) -> None:
    found = await plan(store, deadletters.PAGE, "a", "b", "c", 500)
    assert "TEMP B-TREE" not in found
    assert found.startswith("SEARCH deadletter USING INDEX")


async def test_overdue_rows_are_found_by_an_index(store: SqliteStore) -> None:
    statements: list[str] = []
    await store.inbox.put(some_requests("7", range(3)), NOON)
    store.opened().reader.set_trace_callback(statements.append)
    assert [page async for page in store.inbox.overdue(NOON.replace(hour=13))]
    store.opened().reader.set_trace_callback(None)
    assert len(statements) == 3  # the key, its rows, and no key behind it
    for sql in statements:
        found = await plan(store, sql)
        assert found.startswith("SEARCH inbox USING"), found
        assert "TEMP B-TREE" not in found


async def test_event_loop_has_its_turn_between_pages_of_markers(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an outage of the hub there are 100,000 of them: a quarter of a second of reading."""
    monkeypatch.setattr(publications, "PAGE_ROWS", 10)
    for number in range(50):
        await store.publications.mark(f"key-{number:02d}", NOON)
    async with counted() as passes:
        pages = [page async for page in store.publications.marked()]
        turns = passes()
    assert [len(page) for page in pages] == [10] * 5
    assert turns >= len(pages)
