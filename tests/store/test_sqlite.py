"""The SQLite store: files of any origin, other processes, and what is counted."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from store import sqlite
from store.port import Conflict, Head, StoreError, Unknown
from store.sqlite import SqliteStore
from store.sqlite_file import SqliteFile
from store.sqlite_format import FORMAT, FormatError, prepare
from tests.store.examples import NOON, append, some_requests


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "todos.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    await opened.close()


def execute(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(sql)


async def test_what_was_stored_is_there_when_the_file_is_opened_again(path: Path) -> None:
    requests = some_requests(7, range(3))
    first = SqliteStore(path)
    await first.inbox.put(7, requests, NOON)
    entries = await append(first.log, 7, requests)
    head = await first.log.head(7)
    await first.close()
    second = SqliteStore(path)
    assert await second.inbox.count(7, 10) == 3
    assert await second.log.read(7, 0, 10) == [entry.todo for entry in entries]
    assert await second.log.head(7) == head
    await second.close()


async def test_each_write_is_counted_by_what_it_is_for(store: SqliteStore) -> None:
    requests = some_requests(7, range(3))
    await store.inbox.put(7, requests, NOON)
    await append(store.log, 7, requests)
    await store.inbox.remove(7, [each.request_id for each in requests])
    writes = store._opened().writes
    assert writes == {"inbox.put": 1, "log.append": 1, "inbox.remove": 1}


async def test_a_head_that_was_deleted_and_made_anew_never_has_an_old_version(
    store: SqliteStore, path: Path
) -> None:
    versions = set()
    for life in range(3):
        for number in range(3):
            await append(store.log, 7, some_requests(7, [f"{life} {number}"]))
            versions.add((await store.log.head(7)).version)
        for table in "head", "todo", "request":
            execute(path, f"DELETE FROM {table}")
    assert len(versions) == 9
    await append(store.log, 7, some_requests(7, ["new"]))
    for version in versions:
        with pytest.raises(Conflict):
            await append(store.log, 7, some_requests(7, ["newer"]), Head(1, version))


async def test_of_two_processes_that_append_to_one_head_one_succeeds(
    store: SqliteStore, path: Path
) -> None:
    other = SqliteStore(path)
    for round_ in range(10):
        head = await store.log.head(7)
        assert await other.log.head(7) == head
        outcomes = await asyncio.gather(
            append(store.log, 7, some_requests(7, [f"mine {round_}"]), head),
            append(other.log, 7, some_requests(7, [f"yours {round_}"]), head),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, StoreError) for outcome in outcomes) == 1
    assert len(await other.log.read(7, 0, 100)) == 10
    await other.close()


async def test_a_write_that_the_file_refuses_is_unknown_and_has_not_happened(
    store: SqliteStore,
) -> None:
    file = store._opened()
    file.writer.execute("PRAGMA query_only = ON")
    for call in (
        store.inbox.put(7, some_requests(7, range(3)), NOON),
        append(store.log, 7, some_requests(7, range(3))),
    ):
        with pytest.raises(Unknown, match="readonly"):
            await call
    file.writer.execute("PRAGMA query_only = OFF")
    assert await store.inbox.count(7, 10) == 0
    assert await store.log.head(7) == Head(0, None)


async def test_the_check_names_the_part_that_cannot_be_read(store: SqliteStore, path: Path) -> None:
    assert await store.check() == {}
    execute(path, "DROP TABLE inbox")
    assert await store.check() == {"inbox": "todos.db: no such table: inbox"}


@pytest.fixture(params=[b"no database" * 1_000, b"SQLite format 3\0" + b"\0" * 4_000])
def damaged(path: Path, request: pytest.FixtureRequest) -> Path:
    path.write_bytes(request.param)
    return path


def test_a_damaged_file_is_named_and_left_alone(damaged: Path) -> None:
    content = damaged.read_bytes()
    with pytest.raises(FormatError, match=r"todos.db is not a SQLite file, or a damaged one"):
        prepare(damaged)
    assert damaged.read_bytes() == content


async def test_a_store_in_a_damaged_file_knows_nothing(damaged: Path) -> None:
    store = SqliteStore(damaged)
    assert set(await store.check()) == {"inbox", "log"}
    with pytest.raises(FormatError):
        await store.log.head(7)
    with pytest.raises(Unknown):
        await store.inbox.put(7, some_requests(7, range(3)), NOON)
    await store.close()


def test_a_file_of_a_newer_version_is_named_and_left_alone(path: Path) -> None:
    prepare(path)
    execute(path, f"PRAGMA user_version = {FORMAT + 1}")
    content = path.read_bytes()
    with pytest.raises(FormatError, match=f"format {FORMAT + 1}; this version knows {FORMAT} at"):
        prepare(path)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_named_and_left_alone(path: Path) -> None:
    execute(path, "CREATE TABLE inbox (mails)")
    content = path.read_bytes()
    with pytest.raises(FormatError, match="not one of this store"):
        prepare(path)
    assert path.read_bytes() == content


async def test_a_folder_that_is_missing_is_unknown_until_it_is_there(path: Path) -> None:
    store = SqliteStore(path.parent / "missing" / "todos.db")
    with pytest.raises(Unknown, match="unable to open"):
        await store.log.head(7)
    (path.parent / "missing").mkdir()
    assert await store.log.head(7) == Head(0, None)
    await store.close()


async def test_a_file_that_cannot_be_opened_yet_is_unknown_and_opened_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: Path) -> SqliteFile:
        raise sqlite3.OperationalError("database is locked")

    store = SqliteStore(path)
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "SqliteFile", busy)
        with pytest.raises(Unknown, match=r"todos\.db: database is locked"):
            await store.log.head(7)
    assert await store.log.head(7) == Head(0, None)
    await store.close()


def test_an_empty_file_becomes_a_store_once(path: Path) -> None:
    path.touch()
    prepare(path)
    content = path.read_bytes()
    prepare(path)
    assert path.read_bytes() == content
