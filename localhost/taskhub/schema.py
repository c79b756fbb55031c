"""The hub's file: its tables, its format version, and opening it."""

import sqlite3
from pathlib import Path

from localhost.sqlite_file import SqliteFile
from localhost.taskhub.slow_file import SlowFile

VERSION = 2
"""The format this code reads and writes, kept in `PRAGMA user_version`."""

_TABLES = (
    # What is on its way to an instance. A timer is a message with a due time.
    """CREATE TABLE messages (
        seq INTEGER PRIMARY KEY,
        target TEXT NOT NULL,
        body TEXT NOT NULL,     -- an operation of a batch, or a history event
        execution TEXT,         -- the execution it is for; NULL: whichever is there
        due INTEGER,            -- microseconds; NULL: at once. Later once somebody has seen it
        origin TEXT,            -- for an entity: the orchestration that sent it; NULL: a client
        attempts INTEGER NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE activities (
        seq INTEGER PRIMARY KEY,
        instance TEXT NOT NULL,
        execution TEXT NOT NULL,
        task INTEGER NOT NULL,
        name TEXT NOT NULL,
        input TEXT NOT NULL,
        due INTEGER             -- invisible until then, because somebody has seen it
    )""",
    # One row per episode: its events, as a JSON array without the brackets. Only the current
    # execution of an instance has rows; `origin` is the execution that its start message names.
    """CREATE TABLE history (
        instance TEXT NOT NULL,
        seq INTEGER NOT NULL,
        execution TEXT NOT NULL,
        origin TEXT NOT NULL,
        events TEXT NOT NULL,
        PRIMARY KEY (instance, seq)
    )""",
    # What an entity's next batch starts from. Reads do not see it: they see `instances`.
    """CREATE TABLE entities (
        id TEXT PRIMARY KEY,
        present INTEGER NOT NULL,
        state TEXT,
        sorter TEXT,
        terminated INTEGER NOT NULL DEFAULT 0
    )""",
    # What status queries and entity reads see. `input` of an entity is its state.
    """CREATE TABLE instances (
        id TEXT PRIMARY KEY,
        execution TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT,
        status TEXT NOT NULL,
        input TEXT,
        output TEXT,
        custom_status TEXT,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL
    )""",
)


class HubFileError(Exception):
    """The hub's file cannot be used; the text says why and names the file."""


async def open_hub_file(path: Path, storage_seconds: float = 0.0) -> SqliteFile:
    """Open or create the file; each write takes `storage_seconds` more.

    Raises HubFileError when it is corrupt, newer or unreachable.
    """
    try:
        file = SlowFile(path, storage_seconds) if storage_seconds else SqliteFile(path)
    except sqlite3.Error as error:
        message = f"the task hub {path} cannot be opened: {error}"
        raise HubFileError(message) from error
    try:
        _prepare(file.writer, path)
        file.writer.execute(_INDEX)
        file.writer.execute(_LEASE)
    except (sqlite3.Error, HubFileError) as error:
        await file.close()
        if isinstance(error, HubFileError):
            raise
        message = f"the task hub {path} is damaged: {error}"
        raise HubFileError(message) from error
    return file


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        message = f"the task hub {path} has format {version}; this program reads up to {VERSION}"
        raise HubFileError(message)
    if version == 1:
        connection.execute("ALTER TABLE activities ADD COLUMN due INTEGER")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    if version:
        return
    if connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        message = f"{path} is a database, but not a task hub"
        raise HubFileError(message)
    connection.execute("BEGIN IMMEDIATE")
    for table in _TABLES:
        connection.execute(table)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.commit()


_INDEX = "CREATE INDEX IF NOT EXISTS instances_by_age ON instances (created, id, status)"
"""For purges; a file without it is of the same format."""

_LEASE = "CREATE TABLE IF NOT EXISTS lease (held INTEGER PRIMARY KEY CHECK (held = 1))"
"""Has a row while somebody reads the queues, and after its death."""


def take_lease(connection: sqlite3.Connection) -> bool:
    """Hold the queues from now on; false when somebody died who did."""
    return connection.execute("INSERT OR IGNORE INTO lease VALUES (1)").rowcount == 1


def release_lease(connection: sqlite3.Connection) -> None:
    """Let the next one begin at once."""
    connection.execute("DELETE FROM lease")
