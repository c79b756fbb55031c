"""Files of any origin: a store is made whole, and what is none is named and left alone."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from store.ports.records import Unknown, Unusable
from store.sqlite.schema import FORMAT, FormatError, check, prepare
from store.sqlite.store import SqliteStore
from tests.store.examples import NOON, append, some_requests
from tests.store.test_sqlite_store import execute, lose


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


def test_store_is_made_once_and_leaves_nothing_beside_it(path: Path) -> None:
    prepare(path, "things")
    content = path.read_bytes()
    prepare(path, "things")
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


MAKER = """
import sys
from pathlib import Path
from store.sqlite.schema import prepare
input()  # all begin at the same time
prepare(Path(sys.argv[1]), "things")
"""


def test_processes_that_make_it_at_once_share_one_file(path: Path) -> None:
    command = [sys.executable, "-c", MAKER, str(path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)
    ]
    errors = [each.communicate(b"\n", timeout=60)[1].decode() for each in processes]
    assert errors == [""] * 4
    check(path, "things")
    assert list(path.parent.iterdir()) == [path]


@pytest.fixture(params=["without log", "with log"])
async def emptied(path: Path, request: pytest.FixtureRequest) -> Path:
    store = SqliteStore(path, "things")
    await append(store.log, some_requests("7", range(3)))
    wal = path.with_name("app.db-wal")
    kept = wal.read_bytes()
    await store.close()
    lose(path, "emptied")
    if request.param == "with log":
        put_back(wal, kept)
    return path


def put_back(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def test_emptied_file_is_refused_and_left_alone(emptied: Path) -> None:
    files = {each: each.read_bytes() for each in emptied.parent.iterdir()}
    with pytest.raises(FormatError, match="is empty"):
        prepare(emptied, "things")
    again = SqliteStore(emptied, "things")
    told = "cannot be used: it is empty, which a store never is: restore it, or remove it"
    assert await again.check() == {"file": told}
    with pytest.raises(Unknown, match="is empty"):
        await again.log.head("7")
    assert {each: each.read_bytes() for each in emptied.parent.iterdir()} == files
    await again.close()


def test_log_without_its_file_is_refused_and_left_alone(path: Path) -> None:
    wal = path.with_name("app.db-wal")
    wal.write_bytes(b"what was not moved into the file yet")
    with pytest.raises(FormatError, match="SQLite needs both"):
        prepare(path, "things")
    assert list(path.parent.iterdir()) == [wal]


@pytest.fixture(params=[b"no database" * 1_000, b"SQLite format 3\0" + b"\0" * 4_000, b"short"])
def damaged(path: Path, request: pytest.FixtureRequest) -> Path:
    path.write_bytes(request.param)
    return path


def test_damaged_file_is_named_and_left_alone(damaged: Path) -> None:
    content = damaged.read_bytes()
    with pytest.raises(FormatError, match=r"app.db is not a SQLite file, or a damaged one"):
        prepare(damaged, "things")
    assert damaged.read_bytes() == content


async def test_store_in_a_damaged_file_is_unknown_to_every_call(damaged: Path) -> None:
    store = SqliteStore(damaged, "things")
    [told] = (await store.check()).values()
    assert told.startswith("cannot be used: it is not a SQLite file, or a damaged one: ")
    assert str(damaged.parent) not in told
    with pytest.raises(FormatError):
        await store.log.head("7")
    with pytest.raises(Unknown):
        await store.inbox.put(some_requests("7", range(3)), NOON)
    await store.close()


def test_file_of_a_newer_release_is_named_and_left_alone(path: Path) -> None:
    prepare(path, "things")
    execute(path, f"PRAGMA user_version = {FORMAT + 1}")
    content = path.read_bytes()
    with pytest.raises(FormatError, match=f"format {FORMAT + 1}; this release knows {FORMAT} at"):
        prepare(path, "things")
    assert path.read_bytes() == content


def test_database_of_somebody_else_is_named_and_left_alone(path: Path) -> None:
    execute(path, "CREATE TABLE inbox (mails)")
    content = path.read_bytes()
    with pytest.raises(FormatError, match="not one of this store"):
        prepare(path, "things")
    assert path.read_bytes() == content


def test_file_of_another_domain_is_named_and_left_alone(path: Path) -> None:
    prepare(path, "things")
    with pytest.raises(FormatError, match="holds things, not others"):
        prepare(path, "others")


@pytest.mark.parametrize("table", ["inbox", "entry", "request", "head"])
def test_value_of_another_type_is_refused_by_the_file(path: Path, table: str) -> None:
    prepare(path, "things")
    with closing(sqlite3.connect(path)) as db:
        [(columns,)] = db.execute("SELECT count(*) FROM pragma_table_info(?)", (table,))
        marks = ", ".join(["x'00'"] * columns)
        with pytest.raises(sqlite3.IntegrityError, match="cannot store BLOB"):
            db.execute(f"INSERT INTO {table} VALUES ({marks})")


async def test_store_of_another_domain_is_told_without_its_folder(path: Path) -> None:
    prepare(path, "things")
    store = SqliteStore(path, "others")
    assert await store.check() == {"file": "cannot be used: it holds things, not others"}
    with pytest.raises(Unusable):
        await store.log.head("7")
    with pytest.raises(Unusable):
        await store.inbox.put(some_requests("7", range(3)), NOON)
    await store.close()


async def test_store_is_used_as_soon_as_it_was_put_right(path: Path) -> None:
    prepare(path, "things")
    store = SqliteStore(path, "others")
    assert await store.check() != {}
    lose(path, "removed")
    assert await store.check() == {}
    await store.close()
