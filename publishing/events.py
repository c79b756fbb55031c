"""What goes out for an entry. The same entry makes the same event, whenever and wherever."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from store.ports.records import Entry

Answer = Callable[[str, Entry], Mapping[str, Any]]
"""Makes the public JSON of an entry of a key (`domain.wire`)."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the output hub."""

    body: bytes
    """JSON, UTF-8: what a GET of the entry answers."""
    properties: Mapping[str, str | int]
    """`requestId`; `sequence`: the place, dense from 1 within the partition key; `refused`: 1 for
    a refusal, else absent."""


def event_of(key: str, entry: Entry, answer: Answer) -> Event:
    """Make the event that says that the entry is there."""
    text = json.dumps(answer(key, entry), ensure_ascii=False, separators=(",", ":"))
    properties: dict[str, str | int] = {"requestId": entry.request_id, "sequence": entry.place}
    if entry.refused:
        properties["refused"] = 1
    return Event(text.encode(), properties)
