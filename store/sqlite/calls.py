"""Reading and writing one SQLite file, with failures as those of `store.ports.records`."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from store.ports.records import Conflict, Unknown
from store.sqlite.file import SqliteFile, Work

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

MICROSECOND: Final = timedelta(microseconds=1)

Open = Callable[[], SqliteFile]

T = TypeVar("T")


def read(file: SqliteFile, sql: str, *values: Any) -> list[Any]:
    """Return the rows of a query, as they are committed. Raises Unknown."""
    try:
        file.check_name()
        return file.reader.execute(sql, values).fetchall()
    except sqlite3.Error as error:
        raise Unknown(f"{file.path.name}: {error}") from error


@contextmanager
def one_moment(file: SqliteFile) -> Iterator[None]:
    """Let all reads within see one state of the file. They must not await. Raises Unknown."""
    read(file, "BEGIN")
    try:
        yield
    finally:
        with suppress(sqlite3.Error):  # it ended with the read that failed
            file.reader.execute("COMMIT")


async def write(file: SqliteFile, work: Work[T]) -> T:
    """Run `work` as a transaction. Raises Conflict when a row is there already, and Unknown."""
    try:
        return await file.write(work)
    except sqlite3.IntegrityError as error:
        raise Conflict(f"{file.path.name}: {error}") from error
    except sqlite3.Error as error:
        raise Unknown(f"{file.path.name}: {error}") from error


def microseconds(at: datetime) -> int:
    """Return an aware time as microseconds since 1970, UTC."""
    return (at - EPOCH) // MICROSECOND


def moment(microseconds_: int) -> datetime:
    """Take back what `microseconds` made."""
    return EPOCH + microseconds_ * MICROSECOND
