"""One file, many writers: who shares a commit, who fails alone, and what an answer means."""

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest

from store.sqlite_file import SqliteFile, open_files


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteFile]:
    opened = SqliteFile(tmp_path / "test.db")
    await opened.write("create", lambda db: db.execute("CREATE TABLE row (id PRIMARY KEY, text)"))
    opened.commits = 0
    yield opened
    await opened.close()


def insert(id_: int, text: str = "") -> Callable[[sqlite3.Connection], int]:
    def work(db: sqlite3.Connection) -> int:
        db.execute("INSERT INTO row VALUES (?, ?)", (id_, text))
        return id_

    return work


def rows(path: Path) -> list[int]:
    """What anybody else sees."""
    with closing(sqlite3.connect(path)) as other:
        return [id_ for (id_,) in other.execute("SELECT id FROM row ORDER BY id")]


class Gate:
    """Holds up the COMMITs of a file, on whichever thread they are made."""

    def __init__(self, file: SqliteFile) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()
        file.writer.set_trace_callback(self._trace)

    def _trace(self, statement: str) -> None:
        if statement == "COMMIT":
            self._reached.set()
            self._opened.wait(30)

    async def reached(self) -> None:
        """Wait until a COMMIT is held up."""
        assert await asyncio.to_thread(self._reached.wait, 10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.set()


async def test_what_was_written_survives_power_loss_as_far_as_sqlite_can_tell(
    file: SqliteFile,
) -> None:
    for connection in file.writer, file.reader:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


async def test_nobody_gets_an_answer_before_the_commit(file: SqliteFile) -> None:
    with Gate(file) as gate:
        writing = asyncio.create_task(file.write("test", insert(1)))
        await gate.reached()
        assert not writing.done()
        assert file.reader.execute("SELECT * FROM row").fetchall() == []
        assert rows(file.path) == []
    assert await writing == 1
    assert rows(file.path) == [1]
    assert file.reader.execute("SELECT id FROM row").fetchall() == [(1,)]


async def test_whoever_comes_during_a_commit_shares_the_next_one(file: SqliteFile) -> None:
    with Gate(file) as gate:
        first = asyncio.create_task(file.write("first", insert(0)))
        await gate.reached()
        others = [asyncio.create_task(file.write("other", insert(n))) for n in range(1, 51)]
        await asyncio.sleep(0)
    assert await asyncio.gather(first, *others) == list(range(51))
    assert file.commits == 2
    assert file.writes == {"create": 1, "first": 1, "other": 50}
    assert rows(file.path) == list(range(51))


async def test_whoever_comes_at_the_same_time_shares_a_commit(file: SqliteFile) -> None:
    await asyncio.gather(*(file.write("test", insert(n)) for n in range(50)))
    assert file.commits == 1


async def test_a_lone_writer_has_a_commit_for_each_write(file: SqliteFile) -> None:
    for number in range(5):
        await file.write("test", insert(number))
        assert rows(file.path) == list(range(number + 1))
    assert file.commits == 5


async def test_a_work_that_raises_takes_back_its_own_changes_only(file: SqliteFile) -> None:
    failure = ValueError("no")

    def fail(db: sqlite3.Connection) -> None:
        insert(100)(db)
        db.execute("UPDATE row SET text = 'changed'")
        raise failure

    def insert_twice(db: sqlite3.Connection) -> None:
        insert(200)(db)
        insert(1)(db)

    outcomes = await asyncio.gather(
        file.write("test", insert(1)),
        file.write("test", fail),
        file.write("test", insert(2)),
        file.write("test", insert_twice),
        file.write("test", insert(3)),
        return_exceptions=True,
    )
    assert [outcomes[0], outcomes[2], outcomes[4]] == [1, 2, 3]
    assert outcomes[1] is failure
    assert isinstance(outcomes[3], sqlite3.IntegrityError)
    assert rows(file.path) == [1, 2, 3]
    assert file.reader.execute("SELECT DISTINCT text FROM row").fetchall() == [("",)]
    assert file.commits == 1


async def test_works_see_each_other_in_the_order_they_came(file: SqliteFile) -> None:
    def count(db: sqlite3.Connection) -> int:
        [(found,)] = db.execute("SELECT count(*) FROM row")
        insert(found)(db)
        return int(found)

    assert await asyncio.gather(*(file.write("test", count) for _ in range(20))) == list(range(20))


async def test_who_is_patient_shares_the_commit_of_the_next_one(file: SqliteFile) -> None:
    patient = [
        asyncio.create_task(file.write("test", insert(n), patience_seconds=60)) for n in range(3)
    ]
    await asyncio.sleep(0)
    assert file.reader.execute("SELECT * FROM row").fetchall() == []
    await file.write("test", insert(3))
    assert [task.done() for task in patient] == [True] * 3
    assert file.commits == 1
    assert rows(file.path) == [0, 1, 2, 3]


async def test_patience_ends(file: SqliteFile) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(
            file.write("test", insert(0), patience_seconds=0.01),
            file.write("test", insert(1), patience_seconds=60),
        )
    assert file.commits == 1
    assert rows(file.path) == [0, 1]


async def test_closing_needs_no_patience(file: SqliteFile) -> None:
    patient = asyncio.create_task(file.write("test", insert(0), patience_seconds=60))
    await asyncio.sleep(0)
    await file.close()
    assert await patient == 0
    assert rows(file.path) == [0]


async def test_a_caller_that_was_cancelled_leaves_the_others_alone(file: SqliteFile) -> None:
    def fail(db: sqlite3.Connection) -> None:
        insert(4)(db)
        raise ValueError

    with Gate(file) as gate:
        writes = [asyncio.create_task(file.write("test", insert(n))) for n in (1, 2, 3)]
        failing = asyncio.create_task(file.write("test", fail))
        await gate.reached()
        writes[1].cancel()
        failing.cancel()
        late = asyncio.create_task(file.write("test", insert(5)))
        await asyncio.sleep(0)
        late.cancel()
    assert [await writes[0], await writes[2]] == [1, 3]
    for cancelled in writes[1], failing, late:
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    await file.write("test", insert(6))
    # Giving up is not undoing.
    assert rows(file.path) == [1, 2, 3, 5, 6]


async def test_a_commit_that_fails_fails_for_all_who_share_it(file: SqliteFile) -> None:
    file.writer.execute("PRAGMA foreign_keys = ON")
    await file.write(
        "test",
        lambda db: db.execute(
            "CREATE TABLE child (of REFERENCES row DEFERRABLE INITIALLY DEFERRED)"
        ),
    )
    before = file.commits
    outcomes = await asyncio.gather(
        file.write("test", insert(1)),
        file.write("test", lambda db: db.execute("INSERT INTO child VALUES (404)")),
        file.write("test", insert(2)),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes] == [sqlite3.IntegrityError] * 3
    assert file.commits == before
    assert rows(file.path) == []
    await file.write("test", insert(3))
    assert rows(file.path) == [3]


async def test_a_full_file_fails_all_who_share_the_transaction_and_no_one_else(
    file: SqliteFile,
) -> None:
    [(pages,)] = file.writer.execute("PRAGMA page_count")
    file.writer.execute(f"PRAGMA max_page_count = {pages + 10}")
    outcomes = await asyncio.gather(
        file.write("test", insert(1)),
        file.write("test", insert(2, "x" * 1_000_000)),
        file.write("test", insert(3)),
        return_exceptions=True,
    )
    for outcome in outcomes:
        assert isinstance(outcome, sqlite3.OperationalError)
        assert "full" in str(outcome)
    assert rows(file.path) == []
    await file.write("test", insert(4))
    assert rows(file.path) == [4]


async def test_a_full_disk_fails_the_commit_and_room_mends_it(file: SqliteFile) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, hard))  # the log in front of the file too
    try:
        outcomes = await asyncio.gather(
            file.write("test", insert(1)),
            file.write("test", insert(2, "x" * 1_000_000)),
            return_exceptions=True,
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert all(isinstance(outcome, sqlite3.OperationalError) for outcome in outcomes), outcomes
    assert rows(file.path) == []
    await file.write("test", insert(3))
    assert rows(file.path) == [3]


async def test_another_process_that_holds_the_file_fails_the_write(file: SqliteFile) -> None:
    file.writer.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await file.write("test", insert(1))
        assert file.reader.execute("SELECT * FROM row").fetchall() == []
        other.execute("ROLLBACK")
    await file.write("test", insert(2))
    assert rows(file.path) == [2]


async def test_closing_waits_for_the_writes_under_way(file: SqliteFile) -> None:
    assert file in open_files
    with Gate(file) as gate:
        writes = [asyncio.create_task(file.write("test", insert(n))) for n in range(3)]
        await gate.reached()
        writes += [asyncio.create_task(file.write("test", insert(n))) for n in range(3, 6)]
        await asyncio.sleep(0)
        closing_ = asyncio.create_task(file.close())
        await asyncio.sleep(0)
        assert not closing_.done()
    await closing_
    assert all(write.done() for write in writes)
    assert rows(file.path) == list(range(6))
    assert file not in open_files
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        await file.write("test", insert(7))


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 100, b"short"])
def test_a_file_that_is_no_database_is_not_opened(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "test.db"
    path.write_bytes(content)
    with pytest.raises(sqlite3.DatabaseError):
        SqliteFile(path)
    assert path.read_bytes() == content


WRITER = """
import asyncio, sys
from pathlib import Path
from store.sqlite_file import SqliteFile

async def write(file, worker):
    for number in range(worker, 1_000_000, 8):
        await file.write("test", lambda db: db.execute("INSERT INTO row VALUES (?, '')", (number,)))
        print(number, flush=True)

async def main():
    file = SqliteFile(Path(sys.argv[1]))
    await file.write("create", lambda db: db.execute("CREATE TABLE row (id PRIMARY KEY, text)"))
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
