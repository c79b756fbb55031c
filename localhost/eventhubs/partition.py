"""One partition of a hub: an endless list of events, and how far each consumer group has got."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from localhost.eventhubs.events import Event, Milliseconds, NewEvent
from localhost.sqlite_file import SqliteFile

READ_BYTES_MAX: Final = 16 * 1024 * 1024
"""Bodies that one read returns, unless the first is larger: a hundred events of 1 MiB would
otherwise be in memory several times over."""

_COLUMNS: Final = "sequence, offset, enqueued_at, partition_key, message_id, properties, body"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to this event has been processed by a consumer group."""

    sequence_number: int
    offset: int
    updated_at: Milliseconds


class Partition:
    """Reads committed events; appends for its hub. Belongs to the running event loop."""

    def __init__(self, file: SqliteFile, row: int, hub: str, number: int) -> None:
        self.hub = hub
        self.number = number
        self._file = file
        self._row = row
        found = file.reader.execute("SELECT next_sequence FROM partitions WHERE id = ?", (row,))
        self._end: int = found.fetchone()[0]
        self._grown = asyncio.Event()

    @property
    def end(self) -> int:
        """The sequence number that the next event will have."""
        return self._end

    async def wait_for(self, sequence_number: int) -> None:
        """Come back once there is an event with this number."""
        while self._end <= sequence_number:
            await self._grown.wait()

    def read(self, first: int, count: int, bytes_max: int = READ_BYTES_MAX) -> list[Event]:
        """Return up to `count` events from a sequence number on, one at least if there is one."""
        cursor = self._file.reader.execute(
            f"SELECT {_COLUMNS} FROM events"  # noqa: S608 - a constant
            " WHERE partition = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
            (self._row, first, count),
        )
        events: list[Event] = []
        size = 0
        for row in cursor:
            event = Event(*row)
            size += len(event.body)
            if events and size > bytes_max:
                break
            events.append(event)
        cursor.close()  # or the file could not be checkpointed past this read
        return events

    def first_enqueued_since(self, when: Milliseconds) -> int:
        """Return the number of the first event that arrived at or after a time, or `end`."""
        found = self._file.reader.execute(
            "SELECT sequence FROM events WHERE partition = ? AND enqueued_at >= ?"
            " ORDER BY sequence LIMIT 1",
            (self._row, when),
        ).fetchone()
        return self._end if found is None else int(found[0])

    def append(
        self, connection: sqlite3.Connection, events: Sequence[NewEvent], now: Milliseconds
    ) -> int:
        """Add events in the caller's transaction; return the `end` that it will have."""
        [(sequence, offset, last)] = connection.execute(
            "SELECT next_sequence, next_offset, enqueued_at FROM partitions WHERE id = ?",
            (self._row,),
        )
        now = max(now, last)  # the clock may have been set back; arrival never goes back
        rows = []
        for event in events:
            texts = event.partition_key, event.message_id, event.properties
            rows.append((self._row, sequence, offset, now, *texts, event.body))
            sequence += 1
            offset += event.size_bytes
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute(
            "UPDATE partitions SET next_sequence = ?, next_offset = ?, enqueued_at = ? WHERE id = ?",
            (sequence, offset, now, self._row),
        )
        return int(sequence)

    def grown_to(self, end: int) -> None:
        """Tell that the events before `end` are committed, and wake who waits for them."""
        if end > self._end:
            self._end = end
            self._grown.set()
            self._grown = asyncio.Event()

    def checkpoint_of(self, group: str) -> Checkpoint | None:
        """Return how far a consumer group has got, None when it has no checkpoint."""
        found = self._file.reader.execute(
            "SELECT sequence, offset, updated_at FROM checkpoints"
            " WHERE partition = ? AND consumer_group = ?",
            (self._row, group.lower()),
        ).fetchone()
        return Checkpoint(*found) if found else None

    async def write_checkpoint(self, group: str, checkpoint: Checkpoint) -> None:
        """Remember how far a consumer group has got. Raises sqlite3.Error."""
        values = (checkpoint.sequence_number, checkpoint.offset, checkpoint.updated_at)
        await self._file.write(
            "checkpoint",
            lambda db: db.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)",
                (self._row, group.lower(), *values),
            ),
        )

    async def delete_checkpoint(self, group: str) -> None:
        """Forget how far a consumer group has got. Raises sqlite3.Error."""
        await self._file.write(
            "checkpoint",
            lambda db: db.execute(
                "DELETE FROM checkpoints WHERE partition = ? AND consumer_group = ?",
                (self._row, group.lower()),
            ),
        )

    def checkpoints(self) -> dict[str, int]:
        """Return the last processed sequence number of each consumer group."""
        rows = self._file.reader.execute(
            "SELECT consumer_group, sequence FROM checkpoints WHERE partition = ?", (self._row,)
        )
        return dict(rows.fetchall())
