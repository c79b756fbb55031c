"""SQLite files of every format are read by the real adapter; a new one is of the newest."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from store.open import open_store
from store.sqlite_format import FORMAT, FormatError
from tests.golden.files import dumps
from tests.golden.stored import (
    assert_inbox_and_log_are_read,
    assert_the_rest_is_read,
    assert_work_goes_on,
    audited,
    fill,
)
from tools.audit import WELL

FILES: Final = dumps("stores", "sqlite")


def restored(dump: str, path: Path) -> str:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(dump)
    return f"sqlite:{path}"


def test_there_is_a_golden_file_of_every_format() -> None:
    assert list(FILES) == list(range(1, FORMAT + 1))


@pytest.mark.parametrize("version", FILES)
async def test_a_file_of_any_format_is_read_and_worked_with(version: int, tmp_path: Path) -> None:
    spec = restored(FILES[version], tmp_path / "todos.db")
    assert await audited(spec, {}) == WELL  # as it is: an audit changes nothing
    store = open_store(spec, {})
    await assert_inbox_and_log_are_read(store)
    if version > 1:
        await assert_the_rest_is_read(store)
    await assert_work_goes_on(store)
    await store.close()
    assert await audited(spec, {}) == WELL


def content(path: Path) -> list[str]:
    """All statements that make the file, without the versions of heads and markers: chance."""
    with closing(sqlite3.connect(path)) as db:
        for table in ("head", "marker"):
            db.execute(f"UPDATE {table} SET version = 0")
        return sorted(db.iterdump())


async def test_a_new_file_is_of_the_newest_format_to_the_letter(tmp_path: Path) -> None:
    """A difference is a change of format: it takes the next number and a dump of its own."""
    store = open_store(f"sqlite:{tmp_path / 'new.db'}", {})
    await fill(store)
    await store.close()
    restored(FILES[FORMAT], tmp_path / "golden.db")
    assert content(tmp_path / "new.db") == content(tmp_path / "golden.db")


async def test_a_file_of_a_newer_release_is_not_touched(tmp_path: Path) -> None:
    spec = restored(FILES[FORMAT] + f"PRAGMA user_version = {FORMAT + 1};", tmp_path / "todos.db")
    before = (tmp_path / "todos.db").read_bytes()
    store = open_store(spec, {})
    with pytest.raises(FormatError, match=f"format {FORMAT + 1}; this version knows {FORMAT}"):
        await store.log.head(7)
    await store.close()
    assert (tmp_path / "todos.db").read_bytes() == before
