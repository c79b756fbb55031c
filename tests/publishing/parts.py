"""The parts of publishing over a store, and logs to be published."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from publishing.catch_up import CatchUpPublisher
from publishing.publisher import Parts, Publisher
from store.ports.log import Log
from store.ports.publications import Publications
from store.ports.records import Answered, Entry, Head
from store.ports.store import Store
from telemetry.decisions import Decisions
from tests.domain_under_test import DECIDER, DOMAIN, KEY, WIRE, payload
from tests.publishing.memory_producer import MemoryProducer

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)

TELL = Decisions(DOMAIN.name)


def parts(log: Log, publications: Publications, producer: MemoryProducer) -> Parts:
    return Parts(log, publications, producer, WIRE.shown, TELL)


def publisher(store: Store, producer: MemoryProducer) -> Publisher:
    return Publisher(parts(store.log, store.publications, producer))


def catch_up(
    store: Store,
    producer: MemoryProducer,
    now: datetime = LATER,
    fenced: Callable[[str, Head, Head], None] = lambda *_: None,
) -> CatchUpPublisher:
    made = publisher(store, producer)
    return CatchUpPublisher(
        store.log, store.publications, made, TELL, lambda: now, Random(1), fenced
    )


async def marked(store: Store) -> list[str]:
    return sorted([each.key async for page in store.publications.marked() for each in page])


async def append(log: Log, key: str, request_ids: list[str], title: str = "title of {}") -> Head:
    """Append entries for these, in transactions of at most 49."""
    head = await log.head(key)
    for first in range(0, len(request_ids), 49):
        after, answered = head, list[Answered]()
        for each in request_ids[first : first + 49]:
            asked = payload(title.format(each))
            folded = DECIDER.fold(asked, after.place + 1, after.state)
            after = Head(after.place + 1, folded.state, None)
            entry = Entry(after.place, each, folded.version, folded.output, folded.refused)
            answered.append(Answered(entry, asked))
        head = await log.append(key, head, after, answered)
    return head


async def begin(store: Store, key: str, entries: int, *, first: int = 0) -> None:
    """Entries that nobody has published yet."""
    await store.publications.mark(key, NOON)
    await append(store.log, key, [f"r{first + n}" for n in range(entries)])


async def lose_tail(store: Any, key: str, place: int) -> None:
    """Take the log of a SQLite store back to an earlier place, as a fail-over may do."""

    def work(db: Any) -> None:
        kept = "SELECT payload FROM entry WHERE key = ? AND place <= ? ORDER BY place"
        state: str | None = None
        for number, (asked,) in enumerate(db.execute(kept, (key, place)).fetchall(), 1):
            state = DECIDER.fold(asked, number, state).state
        db.execute("DELETE FROM request WHERE key = ? AND place > ?", (key, place))
        db.execute("DELETE FROM entry WHERE key = ? AND place > ?", (key, place))
        db.execute(
            "UPDATE head SET place = ?, state = ?, version = version + 1000 WHERE key = ?",
            (place, state, key),
        )

    await store.opened().write(work)


__all__ = [
    "KEY",
    "LATER",
    "NOON",
    "TELL",
    "append",
    "begin",
    "catch_up",
    "lose_tail",
    "marked",
    "parts",
    "publisher",
]
