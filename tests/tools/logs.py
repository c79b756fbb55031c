"""Logs as the app writes them, without the app."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from domain.decider import Decider
from examples.invoices import INVOICES
from store.ports.records import Answered, Entry, Head, Request
from store.ports.store import Store

DOMAIN: Final = INVOICES
KEYS: Final = ("C-1042", "C-7", "C-10")
NOON: Final = datetime(2026, 5, 4, 12, tzinfo=UTC)
DECIDER: Final = Decider(DOMAIN)


def request(key: str, number: int, cents: int = 500) -> Request:
    payload = f'{{"year":2026,"cents":{cents},"currency":"EUR"}}'
    return Request(key, f"id-{number}", payload)


async def append(store: Store, requests: Sequence[Request]) -> list[Answered]:
    """Fold the requests of one key and append what comes of them."""
    key = requests[0].key
    head = await store.log.head(key)
    answered: list[Answered] = []
    state = head.state
    for place, each in enumerate(requests, head.place + 1):
        made = DECIDER.fold(each.payload, place, state)
        state = made.state
        entry = Entry(place, each.id, made.version, made.output, made.refused)
        answered.append(Answered(entry, each.payload))
    after = Head(head.place + len(requests), state, None)
    await store.log.append(key, head, after, answered)
    return answered


async def fill(store: Store, entries: int = 60) -> dict[str, list[Answered]]:
    """Logs of all keys, some requests that wait, and one log that is not published to its end."""
    logs: dict[str, list[Answered]] = {key: [] for key in KEYS}
    for key in KEYS:
        for first in range(1, entries + 1, 40):
            numbers = range(first, min(first + 40, entries + 1))
            logs[key] += await append(store, [request(key, n) for n in numbers])
        await store.inbox.put([request(key, n) for n in range(500, 503)], NOON)
    await store.publications.mark(KEYS[0], NOON)
    cursor = await store.publications.cursor(KEYS[0])
    await store.publications.move(KEYS[0], cursor, entries - 1, "")
    return logs
