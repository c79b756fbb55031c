"""The output event hub: what arrived there, and what its consumers rely on."""

from collections.abc import Callable, Sequence
from functools import partial

from publishing.events import Event, event_of
from publishing.producer import NotSent, Producer
from store.ports.records import Entry
from tests.simulation.faults import Fault
from tests.simulation.ledger import Broken, Violation
from tests.simulation.network import Network
from tests.simulation.tables import Tables

Answer = Callable[[str, Entry], dict[str, object]]


class OutputHub:
    """All events by partition key. Whoever sends twice, or is repeated, is in it twice."""

    def __init__(self, tables: Tables, answer: Answer) -> None:
        """`answer` makes the public JSON of an entry of a key."""
        self.count = 0
        """Of all events that have arrived."""
        self._tables, self._answer = tables, answer
        self._events: dict[str, dict[int, list[Event]]] = {}
        self._published: dict[str, int] = {}
        """Of each key, how far every entry has arrived: a lower bound, found out when needed."""
        self._went_back: set[str] = set()
        """Keys whose log lost its tail: whoever publishes them may not have noticed."""

    def take(self, key: str, events: Sequence[Event]) -> None:
        """Take in events. Raises Violation when one is not what the log holds, or leaves one out."""
        for event in events:
            sequence = int(event.properties["sequence"])
            entry = self._tables.rows(key).entries.get(sequence)
            is_there = entry is not None and self._event(key, entry) == event
            if not is_there and key not in self._went_back:
                raise Violation(Broken.OUT, f"{(key, event, entry)}")
            arrived = self._events.setdefault(key, {})
            if sequence > max(arrived, default=0) + 1:
                raise Violation(Broken.GAP, f"{(key, sorted(arrived), sequence)}")
            arrived.setdefault(sequence, []).append(event)
            self.count += 1

    def named(self, key: str, events: Sequence[Event]) -> list[tuple[int, str]]:
        """Return place and request id of what events tell of, as far as the log still has it."""
        entries = self._tables.rows(key).entries
        places = [int(each.properties["sequence"]) for each in events]
        return [(each, entries[each].request_id) for each in places if each in entries]

    def published(self, key: str) -> int:
        """Return how far every entry that the log holds now has arrived."""
        rows, arrived = self._tables.rows(key), self._events.get(key, {})
        place = self._published.get(key, 0)
        while (entry := rows.entries.get(place + 1)) is not None:
            if self._event(key, entry) not in arrived.get(place + 1, ()):
                break
            place += 1
        self._published[key] = place
        return place

    def _event(self, key: str, entry: Entry) -> Event:
        return event_of(key, entry, self._answer)

    def check(self, key: str) -> None:
        """Raise Violation unless cursor and marker of a key tell the truth."""
        rows = self._tables.rows(key)
        if key in self._went_back:
            return
        published = self.published(key)
        if rows.cursor.place > published:
            raise Violation(Broken.AHEAD, f"{(key, rows.cursor, published)}")
        if rows.cursor.place != rows.head.place and rows.marker is None:
            raise Violation(Broken.UNMARKED, f"{(key, rows.cursor, rows.head)}")

    def check_settled(self) -> None:
        """Raise Violation unless every entry of every log has arrived."""
        for key, rows in self._tables.keys.items():
            there = self.published(key)
            if there != rows.head.place:
                raise Violation(Broken.UNPUBLISHED, f"{(key, there, rows.head, rows.cursor)}")

    def went_back(self) -> None:
        """The account has failed over: logs may have lost their tails."""
        self._published.clear()
        self._went_back.update(self._tables.keys)


class SimulatedProducer(Producer):
    """Of one process."""

    def __init__(self, hub: OutputHub, network: Network) -> None:
        self._hub, self._network = hub, network

    async def send(self, partition_key: str, events: Sequence[Event]) -> None:
        some = events[: len(events) // 2]
        await self._network.call(
            "output.send",
            partition_key,
            [each.properties["sequence"] for each in events],
            partial(self._take, partition_key, list(events)),
            instead={Fault.PARTLY: partial(self._take, partition_key, some)},
            error=NotSent,
        )

    def _take(self, key: str, events: Sequence[Event]) -> None:
        self._hub.take(key, events)
        self._network.observer.published(key, self._hub.named(key, events))

    async def close(self) -> None:
        """Nothing to give back."""
