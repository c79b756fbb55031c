"""The files of localhost: what an answer means, and how large the log may become."""

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from localhost.sqlite_file import LOG_BYTES, SqliteFile


def insert(text: str, db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO t VALUES (?)", (text,))


def fail(db: sqlite3.Connection) -> None:
    insert("taken back", db)
    raise ValueError


async def make(path: Path) -> SqliteFile:
    file = SqliteFile(path)
    await file.write("make", lambda db: db.execute("CREATE TABLE t (text)"))
    return file


def rows(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [text for (text,) in connection.execute("SELECT text FROM t ORDER BY rowid")]
    finally:
        connection.close()


async def test_writes_that_come_together_share_a_commit(tmp_path: Path) -> None:
    file = await make(tmp_path / "x.db")
    before = file.commits
    await asyncio.gather(*(file.write("w", partial(insert, f"{n}")) for n in range(20)))
    assert rows(file.path) == [f"{n}" for n in range(20)]
    assert file.commits <= before + 2
    await file.close()


async def test_a_write_that_raises_is_taken_back_alone(tmp_path: Path) -> None:
    file = await make(tmp_path / "x.db")
    outcomes = await asyncio.gather(
        file.write("w", partial(insert, "a")),
        file.write("w", fail),
        file.write("w", partial(insert, "b")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], ValueError)
    assert rows(file.path) == ["a", "b"]
    await file.close()


async def test_log_shrinks_after_a_slow_reader_has_left(tmp_path: Path) -> None:
    file = await make(tmp_path / "x.db")
    log = tmp_path / "x.db-wal"
    reader = sqlite3.connect(file.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM t").fetchall()
    large = "x" * 1_000_000
    for _ in range(25):
        await file.write("w", partial(insert, large))
    assert log.stat().st_size > 2 * LOG_BYTES
    reader.close()
    for _ in range(25):
        await file.write("w", partial(insert, large))
    assert log.stat().st_size <= 2 * LOG_BYTES
    await file.close()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_closed_file_is_one_file_and_takes_no_writes(tmp_path: Path) -> None:
    file = await make(tmp_path / "x.db")
    await file.close()
    assert names(tmp_path) == ["x.db"]
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        await file.write("w", fail)
