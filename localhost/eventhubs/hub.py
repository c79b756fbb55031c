"""Event hubs in a SQLite file: what `Hub.send` has returned from survives power loss.

An event goes to the partition that its key names, by a hash that never changes; without a key,
to the next one in turn. Events are kept until the file is deleted.
"""

import asyncio
import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from localhost.errors import StartError
from localhost.eventhubs.events import NewEvent, to_milliseconds
from localhost.eventhubs.faults import EventHubFaults, Point
from localhost.eventhubs.partition import Partition
from localhost.eventhubs.schema import prepare
from localhost.sqlite_file import SqliteFile
from localhost.timers import Clock

PARTITIONS_DEFAULT: Final = 4
PARTITIONS_MAX: Final = 32
"""As in the Standard tier of Event Hubs."""


class Hub:
    """An event hub. Belongs to the running event loop."""

    def __init__(
        self,
        name: str,
        file: SqliteFile,
        partitions: Sequence[Partition],
        clock: Clock,
        faults: EventHubFaults,
    ) -> None:
        self.name = name
        """As it was first written; it is found in any case."""
        self.partitions = tuple(partitions)
        self._file = file
        self._clock = clock
        self._faults = faults
        self._turn = 0
        self._sending: set[asyncio.Task[None]] = set()

    async def send(self, events: Sequence[NewEvent], partition: Partition | None = None) -> None:
        """Add events in one transaction, in their order; return once they are on disk.

        All events without a key go to the same partition: the one named, else the next in turn.
        Raises sqlite3.Error; then it is unknown whether they were added.
        """
        # Not cancelled with its caller: the events may be committed all the same, and then
        # their waiters must be woken.
        task = asyncio.create_task(self._send(self._by_partition(events, partition)))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        await asyncio.shield(task)

    async def _send(self, groups: dict[Partition, list[NewEvent]]) -> None:
        self._faults.passed(Point.BEFORE_APPEND)
        now = to_milliseconds(self._clock.now())
        ends = await self._file.write(
            "events",
            lambda db: [(item, item.append(db, group, now)) for item, group in groups.items()],
        )
        self._faults.passed(Point.AFTER_APPEND)
        for partition, end in ends:
            partition.grown_to(end)

    def _by_partition(
        self, events: Sequence[NewEvent], chosen: Partition | None
    ) -> dict[Partition, list[NewEvent]]:
        if chosen is None and any(event.partition_key is None for event in events):
            chosen = self.partitions[self._turn % len(self.partitions)]
            self._turn += 1
        groups: dict[Partition, list[NewEvent]] = {}
        for event in events:
            if event.partition_key is not None:
                partition = self.partition_of(event.partition_key)
            else:
                assert chosen is not None
                partition = chosen
            groups.setdefault(partition, []).append(event)
        return groups

    def partition_of(self, key: str) -> Partition:
        """Return where the events of a partition key are. Not the hash that Azure uses."""
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        return self.partitions[int.from_bytes(digest, "big") % len(self.partitions)]

    def partition_numbered(self, number: str) -> Partition | None:
        """Return the partition of a number in decimal digits, None when there is none."""
        return next((item for item in self.partitions if str(item.number) == number), None)

    async def settled(self) -> None:
        """Come back when no send is under way."""
        while self._sending:
            await asyncio.wait(self._sending)


class EventHubs:
    """All event hubs of this host."""

    def __init__(self, file: SqliteFile, hubs: Iterable[Hub]) -> None:
        self._file = file
        self._hubs = {hub.name.lower(): hub for hub in hubs}

    @classmethod
    async def open(
        cls,
        path: Path,
        names: Iterable[str],
        partitions: int,
        faults: EventHubFaults,
        clock: Clock,
    ) -> Self:
        """Open the file; a hub that is not in it yet gets so many partitions, for good.

        Raises StartError when the file is damaged, newer or not ours; it was not changed then.
        """
        spelling: dict[str, str] = {}
        for name in names:
            spelling.setdefault(name.lower(), name)
        try:
            file = SqliteFile(path)
        except sqlite3.Error as error:
            raise StartError(f"the event hubs {path} cannot be opened: {error}") from error
        try:
            prepare(file.writer, path)
            for name in spelling:
                await _create(file, name, partitions)
            found = [(name, _partitions(file, name)) for name in spelling.values()]
        except (sqlite3.Error, StartError) as error:
            await file.close()
            if isinstance(error, StartError):
                raise
            raise StartError(f"the event hubs {path} are damaged: {error}") from error
        return cls(file, [Hub(name, file, items, clock, faults) for name, items in found])

    def find(self, name: str) -> Hub | None:
        """Return a hub by its name in any case, None when there is none."""
        return self._hubs.get(name.lower())

    def all(self) -> list[Hub]:
        """Return all hubs, by name."""
        return [self._hubs[name] for name in sorted(self._hubs)]

    async def close(self) -> None:
        """Finish the sends under way and close the file."""
        for hub in self._hubs.values():
            await hub.settled()
        await self._file.close()


async def _create(file: SqliteFile, name: str, partitions: int) -> None:
    rows = [(name, number) for number in range(partitions)]
    known = file.reader.execute("SELECT 1 FROM partitions WHERE hub = ?", (name,)).fetchone()
    if known is None:
        await file.write(
            "hub",
            lambda db: db.executemany("INSERT INTO partitions (hub, number) VALUES (?, ?)", rows),
        )


def _partitions(file: SqliteFile, name: str) -> list[Partition]:
    rows = file.reader.execute(
        "SELECT id, number FROM partitions WHERE hub = ? ORDER BY number", (name.lower(),)
    ).fetchall()
    return [Partition(file, row, name, number) for row, number in rows]
