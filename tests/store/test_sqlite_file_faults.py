"""Files that are full, locked, no database, or lose their process."""

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from store.sqlite.file import SqliteFile
from tests.store.gate import insert, rows


async def test_commit_that_fails_fails_for_all_who_share_it(file: SqliteFile) -> None:
    file.writer.execute("PRAGMA foreign_keys = ON")
    await file.write(
        lambda db: db.execute(
            "CREATE TABLE child (of REFERENCES row DEFERRABLE INITIALLY DEFERRED)"
        ),
    )
    before = file.commits
    outcomes = await asyncio.gather(
        file.write(insert(1)),
        file.write(lambda db: db.execute("INSERT INTO child VALUES (404)")),
        file.write(insert(2)),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes] == [sqlite3.IntegrityError] * 3
    assert file.commits == before
    assert rows(file.path) == []
    await file.write(insert(3))
    assert rows(file.path) == [3]


async def test_full_file_fails_all_who_share_the_transaction(
    file: SqliteFile,
) -> None:
    [(pages,)] = file.writer.execute("PRAGMA page_count")
    file.writer.execute(f"PRAGMA max_page_count = {pages + 10}")
    outcomes = await asyncio.gather(
        file.write(insert(1)),
        file.write(insert(2, "x" * 1_000_000)),
        file.write(insert(3)),
        return_exceptions=True,
    )
    for outcome in outcomes:
        assert isinstance(outcome, sqlite3.OperationalError)
        assert "full" in str(outcome)
    assert rows(file.path) == []
    await file.write(insert(4))
    assert rows(file.path) == [4]


async def test_full_disk_fails_the_commit_and_room_mends_it(file: SqliteFile) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, hard))  # the log in front of the file too
    try:
        outcomes = await asyncio.gather(
            file.write(insert(1)),
            file.write(insert(2, "x" * 1_000_000)),
            return_exceptions=True,
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert all(isinstance(outcome, sqlite3.OperationalError) for outcome in outcomes), outcomes
    assert rows(file.path) == []
    await file.write(insert(3))
    assert rows(file.path) == [3]


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 100, b"short"])
def test_file_that_is_not_a_database_is_not_opened(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "test.db"
    path.write_bytes(content)
    with pytest.raises(sqlite3.DatabaseError):
        SqliteFile(path)
    assert path.read_bytes() == content


WRITER = """
import asyncio, sys
from pathlib import Path
from store.sqlite.file import SqliteFile

async def write(file, worker):
    for number in range(worker, 1_000_000, 8):
        await file.write(lambda db: db.execute("INSERT INTO row VALUES (?, '')", (number,)))
        print(number, flush=True)

async def main():
    file = SqliteFile(Path(sys.argv[1]))
    await file.write(lambda db: db.execute("CREATE TABLE row (id PRIMARY KEY, text)"))
    await asyncio.gather(*(write(file, worker) for worker in range(8)))

asyncio.run(main())
"""


@pytest.mark.chaos
def test_what_was_answered_survives_the_kill_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "killed.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        answered = {int(process.stdout.readline()) for _ in range(200)}
        process.send_signal(signal.SIGKILL)
        answered |= {int(line) for line in process.stdout if line.endswith("\n")}
    assert answered <= set(rows(path))
