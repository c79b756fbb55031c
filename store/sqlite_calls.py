"""Reading and writing one SQLite file, with failures as those of `store.port`."""

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from store.port import Conflict, Unknown
from store.sqlite_file import SqliteFile, Work

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

MICROSECOND: Final = timedelta(microseconds=1)

T = TypeVar("T")


def read(file: SqliteFile, sql: str, *values: Any) -> list[Any]:
    """Return the rows of a query, as they are committed. Raises Unknown."""
    try:
        return file.reader.execute(sql, values).fetchall()
    except sqlite3.Error as error:
        raise Unknown(f"{file.path.name}: {error}") from error


async def write(file: SqliteFile, label: str, work: Work[T]) -> None:
    """Run `work` as a transaction. Raises Conflict when a row is there already, and Unknown."""
    try:
        await file.write(label, work)
    except sqlite3.IntegrityError as error:
        raise Conflict(f"{label}: {error}") from error
    except sqlite3.Error as error:
        raise Unknown(f"{label}: {error}") from error


def microseconds(at: datetime) -> int:
    """Return an aware time as microseconds since 1970, UTC."""
    return (at - EPOCH) // MICROSECOND


def moment(microseconds_: int) -> datetime:
    """Take back what `microseconds` made."""
    return EPOCH + microseconds_ * MICROSECOND
