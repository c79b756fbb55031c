"""One file, many writers: who shares a commit, who fails alone, and what an answer means."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from store.sqlite.file import LOG_BYTES, SHORT_SECONDS, FileLost, SqliteFile
from tests.store.gate import Gate, insert, rows


async def test_file_is_opened_so_that_commits_survive_power_loss(
    file: SqliteFile,
) -> None:
    for connection in file.writer, file.reader:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


async def test_write_is_answered_after_its_commit(file: SqliteFile) -> None:
    with Gate(file) as gate:
        writing = asyncio.create_task(file.write(insert(1)))
        await gate.reached()
        assert not writing.done()
        assert file.reader.execute("SELECT * FROM row").fetchall() == []
        assert rows(file.path) == []
    assert await writing == 1
    assert rows(file.path) == [1]
    assert file.reader.execute("SELECT id FROM row").fetchall() == [(1,)]


async def test_writes_during_a_commit_share_the_next_one(file: SqliteFile) -> None:
    with Gate(file) as gate:
        first = asyncio.create_task(file.write(insert(0)))
        await gate.reached()
        others = [asyncio.create_task(file.write(insert(n))) for n in range(1, 51)]
        await asyncio.sleep(0)
    assert await asyncio.gather(first, *others) == list(range(51))
    assert file.commits == 2
    assert rows(file.path) == list(range(51))


async def test_writes_at_the_same_time_share_a_commit(file: SqliteFile) -> None:
    await asyncio.gather(*(file.write(insert(n)) for n in range(50)))
    assert file.commits == 1


async def test_lone_writer_has_a_commit_for_each_write(file: SqliteFile) -> None:
    for number in range(5):
        await file.write(insert(number))
        assert rows(file.path) == list(range(number + 1))
    assert file.commits == 5


async def test_slow_disk_is_awaited_on_another_thread_than_the_loop(file: SqliteFile) -> None:
    threads: list[int] = []
    seconds = iter([20 * SHORT_SECONDS, 0.0])

    def commit(statement: str) -> None:
        if statement == "COMMIT":
            threads.append(threading.get_ident())
            threading.Event().wait(next(seconds))  # the disk

    file.expected_seconds = 0.0
    file.writer.set_trace_callback(commit)
    await file.write(insert(1))
    assert file.expected_seconds >= 20 * SHORT_SECONDS
    await file.write(insert(2))
    here = threading.get_ident()
    assert [each == here for each in threads] == [True, False]
    assert rows(file.path) == [1, 2]


async def test_work_that_raises_takes_back_its_own_changes_only(file: SqliteFile) -> None:
    failure = ValueError("no")

    def fail(db: sqlite3.Connection) -> None:
        insert(100)(db)
        db.execute("UPDATE row SET text = 'changed'")
        raise failure

    def insert_twice(db: sqlite3.Connection) -> None:
        insert(200)(db)
        insert(1)(db)

    outcomes = await asyncio.gather(
        file.write(insert(1)),
        file.write(fail),
        file.write(insert(2)),
        file.write(insert_twice),
        file.write(insert(3)),
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

    assert await asyncio.gather(*(file.write(count) for _ in range(20))) == list(range(20))


async def test_cancelled_caller_leaves_the_others_alone(file: SqliteFile) -> None:
    def fail(db: sqlite3.Connection) -> None:
        insert(4)(db)
        raise ValueError

    with Gate(file) as gate:
        writes = [asyncio.create_task(file.write(insert(n))) for n in (1, 2, 3)]
        failing = asyncio.create_task(file.write(fail))
        await gate.reached()
        writes[1].cancel()
        failing.cancel()
        late = asyncio.create_task(file.write(insert(5)))
        await asyncio.sleep(0)
        late.cancel()
    assert [await writes[0], await writes[2]] == [1, 3]
    for cancelled in writes[1], failing, late:
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    await file.write(insert(6))
    # Giving up is not undoing.
    assert rows(file.path) == [1, 2, 3, 5, 6]


async def test_closing_waits_for_the_writes_under_way(file: SqliteFile) -> None:
    with Gate(file) as gate:
        writes = [asyncio.create_task(file.write(insert(n))) for n in range(3)]
        await gate.reached()
        writes += [asyncio.create_task(file.write(insert(n))) for n in range(3, 6)]
        await asyncio.sleep(0)
        closing_ = asyncio.create_task(file.close())
        await asyncio.sleep(0)
        assert not closing_.done()
    await closing_
    assert all(write.done() for write in writes)
    assert rows(file.path) == list(range(6))
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        await file.write(insert(7))


def _fill(db: sqlite3.Connection, rows: list[tuple[int, str]]) -> None:
    db.executemany("INSERT INTO row VALUES (?, ?)", rows)


def log_of(file: SqliteFile) -> Path:
    return file.path.with_name(f"{file.path.name}-wal")


async def test_log_has_its_size_before_the_first_write_and_keeps_it(file: SqliteFile) -> None:
    log = log_of(file)
    assert log.stat().st_size == LOG_BYTES
    for n in range(40):  # several times the size of the log
        many = [(1_000 * n + m, "x" * 1_000) for m in range(1_000)]
        await file.write(partial(_fill, rows=many))
    assert log.stat().st_size < 2 * LOG_BYTES
    copy = file.path.with_name("copy.db")
    copy.write_bytes(file.path.read_bytes())
    copy.with_name("copy.db-wal").write_bytes(log.read_bytes())
    again = SqliteFile(copy)  # as after kill -9
    assert again.reader.execute("SELECT count(*) FROM row").fetchone() == (40_000,)
    await again.close()


async def test_log_that_a_reader_made_longer_shrinks_again(file: SqliteFile) -> None:
    log = log_of(file)
    await file.write(insert(-1))
    with closing(sqlite3.connect(file.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM row").fetchall()
        for n in range(30):
            many = [(1_000 * n + m, "x" * 1_000) for m in range(1_000)]
            await file.write(partial(_fill, rows=many))
        assert log.stat().st_size > 2 * LOG_BYTES
    for n in range(30, 33):  # the checkpoint that was held up, and the log from its beginning
        await file.write(partial(_fill, rows=[(1_000 * n, "y")]))
    assert log.stat().st_size <= LOG_BYTES


async def test_closed_file_is_whole_without_its_log(file: SqliteFile, tmp_path: Path) -> None:
    await asyncio.gather(*(file.write(insert(n)) for n in range(500)))
    # Another process keeps SQLite from removing the log when the file is closed.
    with closing(sqlite3.connect(file.path)) as other:
        other.execute("SELECT count(*) FROM row").fetchall()
        await file.close()
        copy = tmp_path / "copy.db"
        copy.write_bytes(file.path.read_bytes())
        assert len(rows(copy)) == 500


@pytest.mark.parametrize("what", ["removed", "replaced", "emptied"])
async def test_write_into_a_file_that_lost_its_name_fails(file: SqliteFile, what: str) -> None:
    await file.write(insert(1))
    if what == "emptied":
        file.path.write_bytes(b"")
    else:
        file.path.unlink()
    if what == "replaced":
        with closing(sqlite3.connect(file.path)) as other:
            other.execute("CREATE TABLE row (id PRIMARY KEY, text)")
    with pytest.raises(sqlite3.OperationalError):
        await file.write(insert(2))
    with pytest.raises(FileLost, match=what):
        file.check_name()
