"""A SQLite file of one table, for tests: what to write, what others see, when commits go on."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Self

from store.sqlite.file import SqliteFile


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
    """Holds up the COMMITs of a file, whose disk counts as slow from here on."""

    def __init__(self, file: SqliteFile) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()
        file.expected_seconds = 1.0
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
