"""One file, many writers: who shares a commit, who fails alone, and what an answer means."""

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from store.sqlite_file import LOG_BYTES, SqliteFile, open_files
from tests.store.gate import Gate, insert, rows


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


def _fill(db: sqlite3.Connection, rows: list[tuple[int, str]]) -> None:
    db.executemany("INSERT INTO t VALUES (?, ?)", rows)


async def test_the_log_has_its_size_before_the_first_write_and_keeps_it(tmp_path: Path) -> None:
    log = tmp_path / "x.db-wal"
    file = SqliteFile(tmp_path / "x.db")
    size = log.stat().st_size
    assert size == LOG_BYTES
    await file.write("make", lambda db: db.execute("CREATE TABLE t (n, text)"))
    for n in range(40):  # several times the size of the log
        many = [(n, "x" * 1_000)] * 1_000
        await file.write("fill", partial(_fill, rows=many))
    assert log.stat().st_size < 2 * size
    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "x.db").read_bytes())
    (tmp_path / "copy.db-wal").write_bytes(log.read_bytes())
    again = SqliteFile(copy)  # as after kill -9
    assert again.reader.execute("SELECT count(*) FROM t").fetchone() == (40_000,)
    await again.close()
    await file.close()
