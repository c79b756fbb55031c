"""What the file knows of one orchestration: its instance row and the history of its execution."""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Final

from localhost.taskhub.clock import Microseconds
from localhost.taskhub.decisions import decisions_in
from localhost.taskhub.events import COMPLETIONS, DECISIONS, Event, Kind, completed_id

FINISHED: Final = frozenset({"Completed", "Failed", "Terminated", "Canceled"})
"""The statuses from which an instance does not come back by itself."""


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """What status queries see.

    `execution` is the one named by the start message; continuing as new does not change it.
    `input` and `custom_status` are JSON; `output` is JSON when the status is Completed and
    plain text otherwise. For an entity `input` is its state.
    """

    id: str
    execution: str
    name: str
    version: str | None
    status: str
    input: str | None
    output: str | None
    custom_status: str | None
    created: Microseconds
    updated: Microseconds

    @property
    def is_entity(self) -> bool:
        """Whether it is an entity. An orchestration may have been given an id that looks so."""
        return not self.execution

    @property
    def finished(self) -> bool:
        """Whether the instance has reached its end."""
        return self.status in FINISHED


ROW: Final = "id, execution, name, version, status, input, output, custom_status, created, updated"


def find_row(connection: sqlite3.Connection, instance: str) -> InstanceRow | None:
    """Return the committed row of an instance, or None."""
    found = connection.execute(
        f"SELECT {ROW} FROM instances WHERE id = ?",  # noqa: S608 - a constant
        (instance,),
    ).fetchone()
    return InstanceRow(*found) if found else None


@dataclass(slots=True)
class History:
    """The events of one execution. `origin` is the execution named by the message that started
    it: the first of a chain of executions that continued as new.
    """

    execution: str
    origin: str
    texts: list[str] = field(default_factory=list)
    """As the file keeps them: per episode, members of a JSON array."""
    events: list[Event] = field(default_factory=list)
    last_seq: int = 0
    _decisions: dict[int, Event] | None = None

    @property
    def start(self) -> Event:
        """The ExecutionStarted of this execution."""
        return next(e for e in self.events if e["EventType"] == Kind.EXECUTION_STARTED)

    @property
    def decisions(self) -> dict[int, Event]:
        """What was decided, by id."""
        if self._decisions is None:
            self._decisions = decisions_in(self.events)
        return self._decisions

    def completed(self) -> set[int]:
        """Return the ids of the decisions that have an outcome.

        SDK 2.x decides under the same id again when it retries.
        """
        ids: set[int] = set()
        for each in self.events:
            if each["EventType"] in DECISIONS:
                ids.discard(each["EventId"])
            elif each["EventType"] in COMPLETIONS:
                ids.add(completed_id(each))
        return ids

    @property
    def end(self) -> Event | None:
        """The ExecutionCompleted, when there is one."""
        for event in reversed(self.events):
            if event["EventType"] == Kind.EXECUTION_COMPLETED:
                return event
        return None

    @property
    def suspended(self) -> bool:
        """Whether the last that was said is to suspend."""
        for event in reversed(self.events):
            if event["EventType"] in (Kind.EXECUTION_SUSPENDED, Kind.EXECUTION_RESUMED):
                return bool(event["EventType"] == Kind.EXECUTION_SUSPENDED)
        return False


def find_history(connection: sqlite3.Connection, instance: str) -> History | None:
    """Return the history of the execution that an instance is in, or was in last."""
    rows = connection.execute(
        "SELECT seq, execution, origin, events FROM history WHERE instance = ? ORDER BY seq",
        (instance,),
    ).fetchall()
    if not rows:
        return None
    last_seq, execution, origin, _ = rows[-1]
    texts = [row[3] for row in rows]
    events = json.loads("[" + ",".join(texts) + "]")
    return History(execution, origin, texts, events, last_seq)


def find_parent(connection: sqlite3.Connection, row: InstanceRow) -> str | None:
    """Return the id of the orchestration that started this one, None when a client did."""
    found = connection.execute(
        "SELECT events FROM history WHERE instance = ? AND origin = ? ORDER BY seq LIMIT 1",
        (row.id, row.execution),
    ).fetchone()
    if found is None:
        return None
    events = json.loads(f"[{found[0]}]")
    start = next((e for e in events if e["EventType"] == Kind.EXECUTION_STARTED), None)
    parent = start and start["ParentInstance"]
    return str(parent["OrchestrationInstance"]["InstanceId"]) if parent else None
