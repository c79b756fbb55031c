"""Stores that have a past: logs and inboxes as large as wanted, written by the store itself."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bench.work import Work
from domain.decider import Decider
from domain.request import Request
from store.open import open_store
from store.ports.records import INBOX_ROWS_MAX, LOG_ENTRIES_MAX, NO_HEAD, Answered, Entry, Head
from store.ports.store import Store

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


async def fill_inbox(file: Path, work: Work, keys: int, each: int) -> list[Request]:
    """Accept `each` requests of every key, a minute ago; return them."""
    asked: list[Request] = []
    async with opened(file, work) as store:
        for key in range(keys):
            requests = [work.request(key) for _ in range(each)]
            for start in range(0, each, INBOX_ROWS_MAX):
                part = requests[start : start + INBOX_ROWS_MAX]
                await store.inbox.put(part, datetime.now(UTC) - AGE)
            asked += requests
    return asked


async def fill_log(file: Path, work: Work, keys: Sequence[int], each: int) -> None:
    """Append `each` entries to every key, as the domain function makes them of one payload."""
    decider = Decider(work.domain)
    sample = work.request(keys[0])
    async with opened(file, work) as store:
        for number in keys:
            key, head, state = work.key(number), NO_HEAD, None
            for start in range(1, each + 1, LOG_ENTRIES_MAX):
                answered: list[Answered] = []
                for place in range(start, min(each + 1, start + LOG_ENTRIES_MAX)):
                    done = decider.fold(sample.payload, place, state)
                    state = done.state
                    entry = Entry(place, f"past-{place}", done.version, done.output, done.refused)
                    answered.append(Answered(entry, sample.payload))
                after = Head(answered[-1].entry.place, state, None)
                head = await store.log.append(key, head, after, answered)
