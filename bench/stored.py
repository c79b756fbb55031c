"""Stores that have a past: logs and inboxes as large as wanted, written by the store itself."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bench.work import Work
from domain.decider import Decider
from domain.request import Request
from store.open import open_store
from store.ports.deadletters import FOLD, DeadLetter, Name, Summary
from store.ports.records import INBOX_ROWS_MAX, LOG_ENTRIES_MAX, NO_HEAD, Answered, Entry, Head
from store.ports.store import Store

KEYS_AT_ONCE: Final = 1_000
"""That share commits while they are filled."""

AGE: Final = timedelta(minutes=1)
"""Of rows of an inbox: old enough for the sweeper."""


@asynccontextmanager
async def opened(file: Path, work: Work) -> AsyncIterator[Store]:
    """Open or make the store of a host."""
    file.parent.mkdir(parents=True, exist_ok=True)
    store = open_store(f"sqlite:{file}", work.domain.plural, {})
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def read_only(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a SQLite file that another process may be writing to."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
        yield db


async def fill_inbox(file: Path, work: Work, keys: int, each: int) -> list[Request]:
    """Accept `each` requests of every key, a minute ago; return them.

    `each` is at most 100 or a multiple of it.
    """
    asked: list[Request] = []
    async with opened(file, work) as store:
        for key in range(keys):
            asked += [work.request(key) for _ in range(each)]
        step = min(each, INBOX_ROWS_MAX)
        parts = [asked[start : start + step] for start in range(0, len(asked), step)]
        for start in range(0, len(parts), KEYS_AT_ONCE):
            some = parts[start : start + KEYS_AT_ONCE]
            await asyncio.gather(*(store.inbox.put(e, datetime.now(UTC) - AGE) for e in some))
    return asked


async def fill_letters(file: Path, work: Work, count: int) -> None:
    """Keep so many requests as dead letters, of 1,000 keys in turn."""
    async with opened(file, work) as store:
        for start in range(0, count, KEYS_AT_ONCE):
            numbers = range(start, min(count, start + KEYS_AT_ONCE))
            requests = [work.request(each - start) for each in numbers]
            await asyncio.gather(*(store.deadletters.put(_letter(each)) for each in requests))


def _letter(request: Request) -> DeadLetter:
    body, at = request.payload.encode(), datetime.now(UTC)
    name = Name(FOLD, request.key, request.id)
    summary = Summary(name, "fold-failed", "as if it had", request.id, at, at, len(body))
    return DeadLetter(summary, None, {}, body)


async def fill_log(file: Path, work: Work, keys: Sequence[int], each: int) -> None:
    """Append `each` entries to every key, as the domain function makes them of one payload."""
    sample = work.request(keys[0])
    async with opened(file, work) as store:
        for start in range(0, len(keys), KEYS_AT_ONCE):
            part = keys[start : start + KEYS_AT_ONCE]
            decider = Decider(work.domain)
            logs = [_fill(store, decider, work.key(key), sample.payload, each) for key in part]
            await asyncio.gather(*logs)


async def _fill(store: Store, decider: Decider, key: str, payload: str, count: int) -> None:
    head, state = NO_HEAD, None
    for start in range(1, count + 1, LOG_ENTRIES_MAX):
        answered: list[Answered] = []
        for place in range(start, min(count + 1, start + LOG_ENTRIES_MAX)):
            done = decider.fold(payload, place, state)
            state = done.state
            entry = Entry(place, f"past-{place}", done.version, done.output, done.refused)
            answered.append(Answered(entry, payload))
        after = Head(answered[-1].entry.place, state, None)
        head = await store.log.append(key, head, after, answered)
