"""What waits in the hub's file to be delivered: messages to instances, and activities to run."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from localhost.taskhub.clock import Microseconds

PAGE: Final = 500
"""How many pending messages are loaded at a time after a start."""
_NEW_MESSAGE = (
    "INSERT INTO messages (seq, target, body, execution, due, origin) VALUES (?, ?, ?, ?, ?, ?)"
)
_NEW_ACTIVITY = (
    "INSERT INTO activities (seq, instance, execution, task, name, input) VALUES (?, ?, ?, ?, ?, ?)"
)


@dataclass(slots=True, eq=False)
class Message:
    """One message to one instance. `attempts` counts how often its work item was abandoned."""

    seq: int
    target: str
    body: str
    execution: str | None = None
    due: Microseconds | None = None
    origin: str | None = None
    attempts: int = 0
    _event: dict[str, Any] | None = None

    @property
    def event(self) -> dict[str, Any]:
        """The body of a message to an orchestration, parsed once."""
        if self._event is None:
            self._event = json.loads(self.body)
        return self._event

    @property
    def is_event(self) -> bool:
        """Whether it is for an orchestration; else it is an operation of an entity."""
        return self.body.startswith('{"EventType"')

    def row(self) -> tuple[int, str, str, str | None, Microseconds | None, str | None]:
        """Return what the file keeps of a new message."""
        return self.seq, self.target, self.body, self.execution, self.due, self.origin


@dataclass(frozen=True, slots=True, eq=False)
class ActivityTask:
    """One run of an activity function. `input` is the JSON that the orchestrator passed."""

    seq: int
    instance: str
    execution: str
    task: int
    name: str
    input: str
    due: Microseconds | None = None

    def row(self) -> tuple[int, str, str, int, str, str]:
        """Return what the file keeps of it."""
        return self.seq, self.instance, self.execution, self.task, self.name, self.input


class Numbers:
    """Gives out the sequence numbers of messages and activities, upwards from the last used."""

    def __init__(self, last: int) -> None:
        """Go on after `last`."""
        self._next = count(last + 1)

    def take(self) -> int:
        """Return a number never given out before by this object."""
        return next(self._next)


def insert_message(connection: sqlite3.Connection, message: Message) -> None:
    """Enqueue one message."""
    connection.execute(_NEW_MESSAGE, message.row())


def insert_all(
    connection: sqlite3.Connection,
    messages: Iterable[Message],
    activities: Sequence[ActivityTask] = (),
) -> None:
    """Enqueue messages and activities."""
    connection.executemany(_NEW_MESSAGE, [message.row() for message in messages])
    if activities:
        connection.executemany(_NEW_ACTIVITY, [task.row() for task in activities])


def delete_messages(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Acknowledge messages."""
    connection.executemany("DELETE FROM messages WHERE seq = ?", [(n,) for n in numbers])


def delete_activities(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Acknowledge activities."""
    connection.executemany("DELETE FROM activities WHERE seq = ?", [(n,) for n in numbers])


def count_attempt(connection: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Keep how often these messages were abandoned, and until when they are invisible."""
    connection.executemany(
        "UPDATE messages SET attempts = ?, due = ? WHERE seq = ?",
        [(m.attempts, m.due, m.seq) for m in messages],
    )


def hide(
    connection: sqlite3.Connection,
    messages: Iterable[Message],
    activities: Iterable[ActivityTask],
    until: Microseconds,
) -> None:
    """Keep what was seen from being seen again before that time, by any reader."""
    for table, items in (("messages", messages), ("activities", activities)):
        connection.executemany(
            f"UPDATE {table} SET due = ? WHERE seq = ?",  # noqa: S608 - constants
            [(until, item.seq) for item in items],
        )


def last_number(connection: sqlite3.Connection) -> int:
    """Return the highest sequence number in use, 0 when nothing is pending."""
    (last,) = connection.execute(
        "SELECT max(coalesce((SELECT max(seq) FROM messages), 0),"
        " coalesce((SELECT max(seq) FROM activities), 0))"
    ).fetchone()
    return int(last)


def load_messages(connection: sqlite3.Connection, after: int, until: int) -> list[Message]:
    """Return the next page of messages with numbers in (after, until], in their order."""
    rows = connection.execute(
        "SELECT seq, target, body, execution, due, origin, attempts FROM messages"
        " WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (after, until, PAGE),
    )
    return [Message(*row) for row in rows]


def load_activities(connection: sqlite3.Connection, after: int, until: int) -> list[ActivityTask]:
    """Return the next page of activities that are not known to have run."""
    rows = connection.execute(
        "SELECT seq, instance, execution, task, name, input, due FROM activities"
        " WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (after, until, PAGE),
    )
    return [ActivityTask(*row) for row in rows]
