"""The tables of a store file, and the number that says which tables they are."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from store.ports.records import Missing, Unknown, Unusable
from store.sqlite.file import BUSY_TIMEOUT_SECONDS

TABLES: Final = (
    """CREATE TABLE store (
        plural TEXT PRIMARY KEY, health INTEGER NOT NULL, swept_at INTEGER) STRICT""",
    """CREATE TABLE inbox (
        key TEXT, request_id TEXT, payload TEXT NOT NULL, accepted_at INTEGER NOT NULL,
        PRIMARY KEY (key, request_id)) STRICT, WITHOUT ROWID""",
    """CREATE INDEX inbox_age ON inbox (key, accepted_at)""",
    """CREATE TABLE head (
        key TEXT PRIMARY KEY, place INTEGER NOT NULL, state TEXT, version INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE entry (
        key TEXT, place INTEGER, request_id TEXT NOT NULL, payload TEXT NOT NULL,
        output TEXT NOT NULL, refused INTEGER NOT NULL, version INTEGER NOT NULL,
        mark TEXT NOT NULL, logged_at INTEGER, PRIMARY KEY (key, place)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE request (
        key TEXT, request_id TEXT, place INTEGER NOT NULL,
        PRIMARY KEY (key, request_id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE cursor (
        key TEXT PRIMARY KEY, place INTEGER NOT NULL, version INTEGER NOT NULL, trail TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE marker (
        key TEXT PRIMARY KEY, set_at INTEGER NOT NULL, version INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE deadletter (
        source TEXT, partition TEXT, position TEXT, code TEXT NOT NULL,
        reason TEXT NOT NULL, request_id TEXT, enqueued_at INTEGER, stored_at INTEGER NOT NULL,
        body_bytes INTEGER NOT NULL, details BLOB NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (source, partition, position)) STRICT""",
)
"""`payload`, `output` and `state` are JSON; `version` of an entry is that of the domain function,
of a head, a cursor or a marker what guards its next change; times are in microseconds since 1970, UTC.
`store` has one row: whose file it is, a number that the check of its health changes, and when the
last sweep ended."""

FORMAT: Final = 5
"""What `PRAGMA user_version` says. Every change to the tables adds one. 1 to 4 were never released."""

SUFFIXES_OF_SQLITE: Final = ("-wal", "-journal")


class FormatError(Unusable):
    """The file is damaged, of another release or domain, or no store. Nothing was changed."""

    def __init__(self, path: Path, reason: str) -> None:
        """Go on in `reason` where a sentence has named the file; it tells no folder."""
        super().__init__(f"{path} {reason}")
        self.reason = reason


def prepare(path: Path, plural: str) -> None:
    """Make a store file for the domain `plural`, whole or not at all; or make sure that it is one.

    Raises FormatError, or Unknown when the file cannot be opened (its folder must exist).
    """
    try:
        if not path.exists():
            _make(path, plural)
        check(path, plural)
    except OSError as error:
        raise Unknown(f"{path}: {error.strerror or error}") from error


def check(path: Path, plural: str) -> None:
    """Raise FormatError when the file is not the store of the domain, Missing and Unknown.

    An empty file is none: what was in it is gone, and places that were given out would be again.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise Missing(f"{path}: there is no such file") from error
    if not size:
        raise FormatError(path, "is empty, which a store never is: restore it, or remove it")
    try:
        with closing(_open(path)) as db:
            _check(db, path, plural)
    except sqlite3.OperationalError as error:
        raise Unknown(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise FormatError(path, f"is not a SQLite file, or a damaged one: {error}") from error


def _check(db: sqlite3.Connection, path: Path, plural: str) -> None:
    [(version,)] = db.execute("PRAGMA user_version")
    if version > FORMAT:
        reason = f"has format {version}; this release knows {FORMAT} at most"
        raise FormatError(path, reason)
    if version < FORMAT:
        raise FormatError(path, "is a SQLite file, but not one of this store")
    [(owner,)] = db.execute("SELECT plural FROM store")
    if owner != plural:
        raise FormatError(path, f"holds {owner}, not {plural}")


def _make(path: Path, plural: str) -> None:
    """Fill a file beside it, then give it its name: nobody ever sees one without its tables.

    Of two processes that do so one is faster, and both use its file.
    """
    for suffix in SUFFIXES_OF_SQLITE:
        log = path.with_name(path.name + suffix)
        if log.exists() and not path.exists():
            raise FormatError(path, f"is missing and {log.name} is there: SQLite needs both")
    new = path.with_name(f"{path.name}.new-{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        with closing(_open(new, mode="rwc")) as db:
            for statement in TABLES:
                db.execute(statement)
            db.execute("INSERT INTO store VALUES (?, 0, NULL)", (plural,))
            db.execute(f"PRAGMA user_version = {FORMAT}")
        with suppress(FileExistsError):
            path.hardlink_to(new)
    except sqlite3.Error as error:
        raise Unknown(f"{path}: {error}") from error
    finally:
        new.unlink(missing_ok=True)
    _sync(path.parent)


def _open(path: Path, mode: str = "rw") -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
    )


def _sync(folder: Path) -> None:
    """Have the new name on disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
