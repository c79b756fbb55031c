"""Two processes that write to one file: nobody waits on the event loop, nobody is starved."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store.sqlite import file as sqlite_file
from store.sqlite.file import SqliteFile
from tests.store.gate import insert, rows


@pytest.fixture
def other(file: SqliteFile) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
        yield connection


async def test_loop_goes_on_while_another_process_writes(
    file: SqliteFile, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(file.write(insert(1)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not writing.done()
    assert file.reader.execute("SELECT * FROM row").fetchall() == []
    # Only who gets here can end it: a wait on the loop's thread would be for ever.
    other.execute("COMMIT")
    async with asyncio.timeout(5):
        assert await writing == 1
    assert rows(file.path) == [1]


async def test_process_between_rollback_and_second_run_is_awaited(
    file: SqliteFile, other: sqlite3.Connection
) -> None:
    begun: list[str] = []
    third = asyncio.Event()

    def trace(statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":
            begun.append(statement)
            if len(begun) == 2:
                other.execute(statement)
            elif len(begun) == 3:
                third.set()

    def fail(db: sqlite3.Connection) -> None:
        insert(100)(db)
        raise ValueError

    file.writer.set_trace_callback(trace)
    good = asyncio.create_task(file.write(insert(1)))
    bad = asyncio.create_task(file.write(fail))
    async with asyncio.timeout(5):
        await third.wait()
    other.execute("COMMIT")
    assert await good == 1
    with pytest.raises(ValueError):
        await bad
    assert rows(file.path) == [1]


async def test_file_held_too_long_by_another_process_fails_the_write(
    file: SqliteFile, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_SECONDS", 0.02)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await file.write(insert(1))
    other.execute("ROLLBACK")
    await file.write(insert(2))
    assert rows(file.path) == [2]


WRITER = """
import asyncio, sys
from pathlib import Path
from store.sqlite.file import SqliteFile

COUNT, WRITERS = 400, 8
TABLE = "CREATE TABLE IF NOT EXISTS row (id PRIMARY KEY, text)"

async def write(file, first, worker):
    for number in range(first + worker, first + COUNT, WRITERS):
        await file.write(lambda db: db.execute("INSERT INTO row VALUES (?, '')", (number,)))

async def main():
    input()  # both begin at the same time
    file = SqliteFile(Path(sys.argv[1]))
    await file.write(lambda db: db.execute(TABLE))
    await asyncio.gather(*(write(file, int(sys.argv[2]), each) for each in range(WRITERS)))
    await file.close()

asyncio.run(main())
"""


def test_two_processes_write_all_the_time_and_neither_fails(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shared.db"
    command = [sys.executable, "-c", WRITER, str(path)]
    processes = [
        subprocess.Popen([*command, first], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for first in ("0", "400")
    ]
    for each in processes:
        assert each.stdin is not None
        each.stdin.write(b"\n")
        each.stdin.flush()
    errors = [each.communicate(timeout=30)[1].decode() for each in processes]
    assert errors == ["", ""]
    assert rows(path) == list(range(800))
