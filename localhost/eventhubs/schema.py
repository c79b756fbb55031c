"""The file of the event hubs: its tables and its format version."""

import sqlite3
from pathlib import Path
from typing import Final

from localhost.errors import StartError

FORMAT: Final = 1
"""What `PRAGMA user_version` says. Every change to the tables adds one."""

_TABLES: Final = (
    # `next_sequence` and `next_offset` change in the transaction that adds the events: the
    # numbers are dense whatever fails.
    """CREATE TABLE partitions (
        id INTEGER PRIMARY KEY,
        hub TEXT NOT NULL,              -- in lower case: names match without regard to case
        number INTEGER NOT NULL,        -- from 0
        next_sequence INTEGER NOT NULL DEFAULT 0,
        next_offset INTEGER NOT NULL DEFAULT 0,
        enqueued_at INTEGER NOT NULL DEFAULT 0,     -- of the last event, in milliseconds
        UNIQUE (hub, number)
    )""",
    # The body is last: whoever looks for a time need not read through a megabyte per event.
    """CREATE TABLE events (
        partition INTEGER NOT NULL REFERENCES partitions,
        sequence INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        enqueued_at INTEGER NOT NULL,
        partition_key TEXT,
        message_id TEXT,
        properties TEXT NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (partition, sequence)
    ) WITHOUT ROWID""",
    """CREATE TABLE checkpoints (
        partition INTEGER NOT NULL REFERENCES partitions,
        consumer_group TEXT NOT NULL,   -- in lower case
        sequence INTEGER NOT NULL,      -- of the last event that was processed
        offset INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        PRIMARY KEY (partition, consumer_group)
    ) WITHOUT ROWID""",
)


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file. Raises StartError for one that is newer or not ours."""
    [(version,)] = connection.execute("PRAGMA user_version")
    if version == FORMAT:
        return
    if version > FORMAT:
        raise StartError(
            f"the event hubs {path} have format {version}; this program reads up to {FORMAT}"
        )
    if connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise StartError(f"{path} is a database, but not one of event hubs")
    connection.execute("BEGIN IMMEDIATE")
    for table in _TABLES:
        connection.execute(table)
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.commit()
