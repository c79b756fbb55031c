"""The tables of a store file, and the number that says which tables they are."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from store.port import Unknown
from store.sqlite_deadletters import DEADLETTER
from store.sqlite_file import BUSY_TIMEOUT_SECONDS
from store.sqlite_publications import CURSOR, MARKER

TABLES: Final = (
    """CREATE TABLE inbox (
        project INTEGER, request_id TEXT, payload TEXT NOT NULL, accepted_at INTEGER NOT NULL,
        PRIMARY KEY (project, request_id)) WITHOUT ROWID""",
    """CREATE TABLE head (
        project INTEGER PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL)""",
    """CREATE TABLE todo (
        project INTEGER, id INTEGER, payload TEXT NOT NULL, request_id TEXT NOT NULL,
        PRIMARY KEY (project, id)) WITHOUT ROWID""",
    """CREATE TABLE request (
        project INTEGER, request_id TEXT, id INTEGER NOT NULL,
        PRIMARY KEY (project, request_id)) WITHOUT ROWID""",
)
"""`payload` and `state` are JSON; `accepted_at` is in microseconds since 1970, UTC."""

ADDED: Final = (TABLES, (DEADLETTER, CURSOR, MARKER))
"""What came with format 1, with format 2, and so on."""

FORMAT: Final = len(ADDED)
"""What `PRAGMA user_version` says. Every change to the tables adds one."""


class FormatError(Unknown):
    """The file is damaged, made by a newer version, or no store at all. Nothing was changed."""


def prepare(path: Path) -> None:
    """Make the tables in a new or empty file; make sure that an older file has them.

    Raises FormatError, or Unknown when the file cannot be opened (its folder must exist).
    """
    try:
        with closing(
            sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
        ) as db:
            db.execute("BEGIN IMMEDIATE")  # two processes may be starting
            _prepare(db, path)
            db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise Unknown(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise FormatError(f"{path} is not a SQLite file, or a damaged one: {error}") from error


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    [(version,)] = db.execute("PRAGMA user_version")
    if version == FORMAT:
        return
    if version > FORMAT:
        raise FormatError(f"{path} has format {version}; this version knows {FORMAT} at most")
    if not version and db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise FormatError(f"{path} is a SQLite file, but not one of this store")
    for tables in ADDED[version:]:
        for table in tables:
            db.execute(table)
    db.execute(f"PRAGMA user_version = {FORMAT}")
