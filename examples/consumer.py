"""A consumer of the output hub that has each entry take effect exactly once.

    python -m examples.consumer --hub entries --data totals.db
        [--address http://127.0.0.1:7071 [--key KEY]]        localhost (default)
        [--connection-string TEXT [--consumer-group NAME]]   Azure, or Microsoft's emulator
        [--once]                                             until nothing more is there

Of any domain: the partition key of an event is the key of its log, and the property `sequence` its
place. The hub repeats an event now and then, and then identically; places of a key are dense and
arrive in order. So one number per key is all there is to remember: the last place that took effect.
It is written in the same transaction as the effect. The effect here: the number of entries and of
bytes in them, by key.
"""

# ruff: noqa: T201 - a program for a terminal

import argparse
import asyncio
import base64
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from urllib.request import Request, urlopen

EVENTS_PER_READ_MAX: Final = 500
ANSWER_SECONDS_MAX: Final = 30
PAUSE_SECONDS: Final = 1.0

TABLES: Final = """
    CREATE TABLE IF NOT EXISTS consumed (key TEXT PRIMARY KEY, last INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS read_to (partition TEXT PRIMARY KEY, sequence INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS totals (
        key TEXT PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Received:
    """An event of the output hub: this entry is in the log of its key."""

    number: int
    """Of the event in its partition."""
    key: str
    place: int
    body: bytes
    """JSON, as a GET of the entry answers it."""

    @classmethod
    def parse(
        cls, number: int, key: object, properties: Mapping[Any, Any], body: bytes
    ) -> "Received":
        """Read an event. Raises ValueError, KeyError or TypeError for what is none of ours."""
        if isinstance(key, bytes):
            key = key.decode()
        place = properties.get("sequence", properties.get(b"sequence"))
        if type(key) is not str or type(place) is not int or type(json.loads(body)) is not dict:
            raise ValueError(f"event {number} is not one of the service")
        return cls(number, key, place, body)


class Hole(Exception):
    """A place was left out, which the hub never does: events were lost on their way (retention?).

    Nothing took effect. The log of the key has what is missing: `GET …?after={last}`.
    """


Effect = Callable[[sqlite3.Connection, Received], None]


def add_up(db: sqlite3.Connection, received: Received) -> None:
    """Count an entry and its bytes."""
    db.execute(
        "INSERT INTO totals VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE"
        " SET entries = entries + 1, bytes = bytes + excluded.bytes",
        (received.key, len(received.body)),
    )


class Consumer:
    """Applies events to a database. One process at a time."""

    def __init__(self, path: Path, effect: Effect = add_up) -> None:
        """Keep everything in the file at `path`."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(TABLES)
        self._effect = effect

    def consume(self, partition: str, events: Sequence[Received]) -> int:
        """Apply events of one partition; return how many were new.

        All in one transaction: effects, the last places, and how far the partition was read. After a
        crash before COMMIT nothing has happened, and the same events come again. Raises Hole.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            new = sum(self._apply(each) for each in events)
            if events:
                self._db.execute(
                    "INSERT OR REPLACE INTO read_to VALUES (?, ?)", (partition, events[-1].number)
                )
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return new

    def _apply(self, received: Received) -> bool:
        last = self.last(received.key)
        if received.place <= last:
            return False  # a repeat: it took effect already
        if received.place > last + 1:
            raise Hole(f"key {received.key}: {received.place} follows {last}")
        self._effect(self._db, received)
        row = (received.key, received.place)
        self._db.execute("INSERT OR REPLACE INTO consumed VALUES (?, ?)", row)
        return True

    def last(self, key: str) -> int:
        """Return the last place of a key that took effect; 0 when none has."""
        row = self._db.execute("SELECT last FROM consumed WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 0

    def read_to(self, partition: str) -> int:
        """Return the last sequence number read; -1 at the beginning.

        Saves reading everything again. To begin anew, or elsewhere, is safe: repeats are skipped.
        """
        query = "SELECT sequence FROM read_to WHERE partition = ?"
        row = self._db.execute(query, (partition,)).fetchone()
        return int(row[0]) if row else -1

    def totals(self) -> dict[str, tuple[int, int]]:
        """Return the number of entries and of bytes, by key."""
        rows = self._db.execute("SELECT key, entries, bytes FROM totals")
        return {key: (entries, size) for key, entries, size in rows}

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

    def read(self, partition: str, after: int) -> list[Received]:
        """Return events behind a sequence number."""
        query = f"/partitions/{partition}/events?from={after + 1}&limit={EVENTS_PER_READ_MAX}"
        events = self._get(query)
        return [
            Received.parse(
                each["sequenceNumber"],
                each["partitionKey"],
                each["properties"],
                base64.b64decode(each["bodyBase64"]),
            )
            for each in events
        ]

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
        received = [
            Received.parse(
                each.sequence_number or 0,
                each.partition_key,
                each.properties or {},
                each.body_as_str().encode(),
            )
            for each in events
        ]
        new = consumer.consume(context.partition_id, received)
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
                        print(f"{new} new; entries and bytes by key: {consumer.totals()}")
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
