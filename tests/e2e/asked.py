"""Requests as a client keeps them, and what the log of a key must be after they were answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import msgspec
import requests

from domain.samples import Samples
from store.ports.records import Entry
from tests.domain_under_test import DECIDER, DOMAIN, WIRE, body
from tests.e2e.client import Client

Shown = Mapping[str, Any]
"""An entry as everybody gets to see it, a refusal too."""

WAITING: Final = frozenset({202, 429, 500, 503})
"""Not answered yet: ask again."""


@dataclass(frozen=True)
class Asked:
    """A request with its id."""

    key: str
    request_id: str
    payload: str
    """Canonical JSON, without the key."""

    def body(self) -> dict[str, Any]:
        """The JSON of a POST, and of an event."""
        return body(self.key, self.payload)

    def item(self) -> dict[str, Any]:
        """The JSON of an item of a batch."""
        return {**self.body(), DOMAIN.request_id: self.request_id}


def requests_for(keys: Sequence[str], count: int) -> list[Asked]:
    """Return `count` requests, spread over the keys; no payload comes twice."""
    samples = Samples(DOMAIN, Random(count))
    return [
        Asked(keys[number % len(keys)], f"request-{number}", samples.payload())
        for number in range(count)
    ]


def shown(response: requests.Response) -> Shown | None:
    """Return the entry that an answer tells of: 201, 200, or the problem 409 of a refusal.

    None when the request has no place yet. Raises AssertionError for what is neither.
    """
    status = response.status_code
    if status in WAITING:
        return None
    assert status in {200, 201, 409}, f"{status}: {response.text}"
    answer: dict[str, Any] = response.json()
    if status != 409:
        return answer
    code = str(answer["type"]).removeprefix("/problems/")
    named = {name: answer[name] for name in (DOMAIN.key.name, DOMAIN.place)}
    return {**named, "refused": {"code": code, "detail": answer["detail"]}}


def place_of(entry: Shown) -> int:
    """The place of an entry in the log of its key."""
    return int(entry[DOMAIN.place])


def folded(key: str, payloads: Iterable[str]) -> list[Shown]:
    """Return the log that requests of a key make in this order, by the function of the domain."""
    entries: list[Shown] = []
    state: str | None = None
    for place, payload in enumerate(payloads, 1):
        made = DECIDER.fold(payload, place, state)
        state = made.state
        entry = Entry(place, "", made.version, made.output, made.refused)
        entries.append(msgspec.json.decode(msgspec.json.encode(WIRE.shown(key, entry))))
    return entries


def check_log(log: Sequence[Shown], key: str, places: Mapping[Asked, int]) -> None:
    """Each request has its own place from 1 to n, and its entry is what the function makes of it.

    Raises AssertionError. `places` is what clients were told, of all requests of the key.
    """
    order = sorted(places, key=lambda each: places[each])
    told = [places[each] for each in order]
    assert told == list(range(1, len(told) + 1)), f"{key}: a hole, or a place told twice"
    assert [place_of(each) for each in log] == told, f"{key}: the log has other places"
    expected = folded(key, (each.payload for each in order))
    assert list(log) == expected, f"{key}: the log is not what its requests make"


def look(client: Client, key: str, request_id: str) -> Shown | None:
    """Ask what became of a request; None while it has no place."""
    path = f"/api/{DOMAIN.key.plural}/{key}/requests/{request_id}"
    return shown(client.get(path))
