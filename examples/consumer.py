"""A consumer of the output hub that has each TODO take effect exactly once.

    python -m examples.consumer --hub todo-events --data totals.db
        [--address http://127.0.0.1:7071 [--key KEY]]        localhost (default)
        [--connection-string TEXT [--consumer-group NAME]]   Azure, or Microsoft's emulator
        [--once]                                             until nothing more is there

The hub repeats an event now and then, and then identically; ids of a project are dense and arrive
in order. So one number per project is all there is to remember: the last id that took effect. It
is written in the same transaction as the effect. The effect here: the number of TODOs and of
characters in their titles, by project.
"""

# ruff: noqa: T201 - a program for a terminal

import argparse
import asyncio
import base64
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote
from urllib.request import Request, urlopen

EVENTS_PER_READ_MAX: Final = 500
ANSWER_SECONDS_MAX: Final = 30
PAUSE_SECONDS: Final = 1.0

TABLES: Final = """
    CREATE TABLE IF NOT EXISTS consumed (project INTEGER PRIMARY KEY, last INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS read_to (partition TEXT PRIMARY KEY, sequence INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS totals (
        project INTEGER PRIMARY KEY, todos INTEGER NOT NULL, characters INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Created:
    """What an event says: this TODO is in the log."""

    project_id: int
    id: int
    title: str

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read an event of the output hub. Raises ValueError, KeyError or TypeError."""
        fields = json.loads(body)
        return cls(fields["projectId"], fields["id"], fields["title"])


class Hole(Exception):
    """An id was left out, which the hub never does: events were lost on their way (retention?).

    Nothing took effect. `GET /api/projects/{projectId}/todos?after={last}` has what is missing.
    """


Effect = Callable[[sqlite3.Connection, Created], None]


def add_up(db: sqlite3.Connection, created: Created) -> None:
    """Count a TODO and the characters of its title."""
    db.execute(
        "INSERT INTO totals VALUES (?, 1, ?) ON CONFLICT (project) DO UPDATE"
        " SET todos = todos + 1, characters = characters + excluded.characters",
        (created.project_id, len(created.title)),
    )


class Consumer:
    """Applies events to a database. One process at a time."""

    def __init__(self, path: Path, effect: Effect = add_up) -> None:
        """Keep everything in the file at `path`."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(TABLES)
        self._effect = effect

    def consume(self, partition: str, events: Sequence[tuple[int, bytes]]) -> int:
        """Apply events of one partition, with their sequence numbers; return how many were new.

        All in one transaction: effects, the last ids, and how far the partition was read. After a
        crash before COMMIT nothing has happened, and the same events come again. Raises Hole.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            new = sum(self._apply(Created.parse(body)) for _, body in events)
            if events:
                self._db.execute(
                    "INSERT OR REPLACE INTO read_to VALUES (?, ?)", (partition, events[-1][0])
                )
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return new

    def _apply(self, created: Created) -> bool:
        last = self.last(created.project_id)
        if created.id <= last:
            return False  # a repeat: it took effect already
        if created.id > last + 1:
            raise Hole(f"project {created.project_id}: {created.id} follows {last}")
        self._effect(self._db, created)
        row = (created.project_id, created.id)
        self._db.execute("INSERT OR REPLACE INTO consumed VALUES (?, ?)", row)
        return True

    def last(self, project_id: int) -> int:
        """Return the last id of a project that took effect; 0 when none has."""
        query = "SELECT last FROM consumed WHERE project = ?"
        row = self._db.execute(query, (project_id,)).fetchone()
        return int(row[0]) if row else 0

    def read_to(self, partition: str) -> int:
        """Return the last sequence number read; -1 at the beginning.

        Saves reading everything again. To begin anew, or elsewhere, is safe: repeats are skipped.
        """
        query = "SELECT sequence FROM read_to WHERE partition = ?"
        row = self._db.execute(query, (partition,)).fetchone()
        return int(row[0]) if row else -1

    def totals(self) -> dict[int, tuple[int, int]]:
        """Return the number of TODOs and of characters, by project."""
        rows = self._db.execute("SELECT project, todos, characters FROM totals")
        return {project: (todos, characters) for project, todos, characters in rows}

    def close(self) -> None:
        """Close the database."""
        self._db.close()


@dataclass(frozen=True, slots=True)
class LocalHub:
    """An event hub of `localhost`."""

    address: str
    hub: str
    key: str = ""

    def partitions(self) -> list[str]:
        """Return the ids of the partitions."""
        return [str(each["id"]) for each in self._get("")["partitions"]]

    def read(self, partition: str, after: int) -> list[tuple[int, bytes]]:
        """Return events behind a sequence number."""
        query = f"/partitions/{partition}/events?from={after + 1}&limit={EVENTS_PER_READ_MAX}"
        events = self._get(query)
        return [(e["sequenceNumber"], base64.b64decode(e["bodyBase64"])) for e in events]

    def _get(self, rest: str) -> Any:
        headers = {"x-functions-key": self.key} if self.key else {}
        url = f"{self.address.rstrip('/')}/admin/eventhubs/{quote(self.hub)}{rest}"
        request = Request(url, headers=headers)  # noqa: S310 - an address of the caller
        with urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
            return json.load(answer)


def follow_local(consumer: Consumer, hub: LocalHub) -> Iterator[int]:
    """Go round the partitions again and again; yield how many events of a round were new.

    A host that is away, or restarts, is asked again.
    """
    while True:
        new = 0
        try:
            for each in hub.partitions():
                while events := hub.read(each, consumer.read_to(each)):
                    new += consumer.consume(each, events)
        except OSError as error:
            print(f"the hub does not answer: {error}", file=sys.stderr)
        yield new


async def follow_azure(consumer: Consumer, connection: str, hub: str, group: str) -> None:
    """Receive from all partitions for ever. Keeps no checkpoints but its own."""
    from azure.eventhub import EventData
    from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

    async def receive(context: PartitionContext, events: list[EventData]) -> None:
        numbered = [(e.sequence_number or 0, e.body_as_str().encode()) for e in events]
        new = consumer.consume(context.partition_id, numbered)
        print(f"partition {context.partition_id}: {len(events)} events, {new} new")

    client = EventHubConsumerClient.from_connection_string(connection, group, eventhub_name=hub)
    async with client:
        ids = await client.get_partition_ids()
        positions = {each: consumer.read_to(each) for each in ids}
        await client.receive_batch(
            receive,
            starting_position={i: "-1" if n < 0 else n for i, n in positions.items()},
            max_batch_size=EVENTS_PER_READ_MAX,
        )


def main() -> int:
    """Consume until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.consumer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hub", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--address", default="http://127.0.0.1:7071")
    parser.add_argument("--key", default="")
    parser.add_argument("--connection-string")
    parser.add_argument("--consumer-group", default="$Default")
    parser.add_argument("--once", action="store_true")
    arguments = parser.parse_args()
    with closing(Consumer(arguments.data)) as consumer:
        try:
            if arguments.connection_string:
                text, group = arguments.connection_string, arguments.consumer_group
                asyncio.run(follow_azure(consumer, text, arguments.hub, group))
            else:
                hub = LocalHub(arguments.address, arguments.hub, arguments.key)
                for new in follow_local(consumer, hub):
                    if new or arguments.once:
                        print(f"{new} new; TODOs and characters by project: {consumer.totals()}")
                    if arguments.once:
                        break
                    time.sleep(PAUSE_SECONDS)  # noqa: TID251 - a poll, as slow as it may be
        except KeyboardInterrupt:
            return 0
        except Hole as hole:
            print(hole, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
