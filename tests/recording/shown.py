"""What lines of a trace show of rows (`model/README.md`), and the first line."""

from collections.abc import Sequence
from typing import Any

from activities.emit import OVERDUE_SECONDS
from entities import order
from store.ports.records import Entry, Head


def begin(*, publishing: bool, room: int) -> dict[str, Any]:
    """Return the first line; `room` is what an outbox takes, in characters."""
    return {
        "kind": "begin",
        "room": room,
        "overhead": order.ID_CHARACTERS,
        "overdueMs": round(OVERDUE_SECONDS * 1_000),
        "publishing": publishing,
    }


def head_of(head: Head) -> dict[str, Any] | None:
    """Return a head as it is in a line; None for that of an empty log."""
    return {"last": head.place, "version": head.version} if head.version else None


def rows_of(entries: Sequence[Entry]) -> list[tuple[int, str]]:
    """Return place and request id of entries."""
    return [(each.place, each.request_id) for each in entries]
