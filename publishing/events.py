"""What goes out for a TODO. The same entry makes the same event, whenever and wherever."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from store.port import Entry
from todos.wire import todo_json


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the output hub."""

    body: bytes
    """JSON, UTF-8: `{"projectId": 7, "id": 42, "title": "Buy milk"}`; at most 4 KB."""
    properties: Mapping[str, str | int]
    """`requestId`, and `sequence`: the id, dense from 1 within the partition key."""


def event_of(entry: Entry) -> Event:
    """Make the event that says that the TODO is there."""
    text = json.dumps(todo_json(entry.todo), ensure_ascii=False, separators=(",", ":"))
    properties: dict[str, str | int] = {"requestId": entry.request_id, "sequence": entry.todo.id}
    return Event(text.encode(), properties)


def partition_key_of(project_id: int) -> str:
    """Return what keeps the events of a project in one partition, and so in order."""
    return str(project_id)
