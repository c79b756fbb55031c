"""What a history did to the store, the hub and the entity: who, what, and in which order.

A record has what happened at its instant, not what anybody was told of it: the answer to a call
may come much later, or never.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from entities.project import Numbered, Project
from todos import TodoRequest

InboxRows = frozenset[tuple[str, str]]
"""Request ids with their titles."""

LogRows = tuple[tuple[str, str], ...]
"""The same, in the order of their ids."""


@dataclass(eq=False, slots=True)
class Attempt:
    """One pass of intake over some requests of a project; `Intake._attempt`."""

    requests: Mapping[str, TodoRequest]
    verdicts: dict[str, str] = field(default_factory=dict)
    """What it came to, by request id: `accepted` or `refused`. Empty when its process died."""


@dataclass(eq=False, slots=True)
class Chunk:
    """One pass of the activity over some entries of an outbox; `Emitter._advance`."""

    entries: tuple[Numbered, ...]
    has_sent: bool = False
    """Its append is on its way, or has been."""
    is_confirmed: bool = False
    """The append was answered, and well."""
    has_looked: bool = False
    """It has read the request rows after its append."""
    is_late: bool = False
    """The append happened after that."""


@dataclass(eq=False, slots=True)
class Sweeping:
    """One run of the sweeper."""


Actor = Attempt | Chunk | Sweeping | None

ACTOR: Final[ContextVar[Actor]] = ContextVar("ACTOR", default=None)
"""On whose behalf the code that runs makes its calls."""


class Call(int):
    """A project id that knows on whose behalf, and with which call, it travels to the store.

    Where an effect takes place nothing else tells whose it is: its sender may be dead by then.
    """

    actor: Actor
    name: str

    @classmethod
    def of(cls, project_id: int, name: str) -> "Call":
        call = cls(project_id)
        call.actor, call.name = ACTOR.get(), name
        return call


def actor_of(project_id: int) -> Actor:
    return project_id.actor if isinstance(project_id, Call) else None


def is_of(project_id: int, name: str) -> bool:
    return isinstance(project_id, Call) and project_id.name == name


@dataclass(frozen=True, slots=True)
class Stored:
    """Inbox rows were inserted."""

    actor: Actor
    requests: Sequence[TodoRequest]
    inbox: InboxRows


@dataclass(frozen=True, slots=True)
class Shown:
    """Inbox rows were read."""

    actor: Actor
    asked: Sequence[str]
    rows: Mapping[str, TodoRequest]


@dataclass(frozen=True, slots=True)
class Removed:
    """Inbox rows were deleted."""

    actor: Actor
    request_ids: Sequence[str]
    inbox: InboxRows


@dataclass(frozen=True, slots=True)
class Looked:
    """Request rows were read."""

    actor: Actor
    asked: Sequence[str]
    found: frozenset[str]


@dataclass(frozen=True, slots=True)
class Began:
    """The activity took up a chunk of an outbox that it had read."""

    actor: Chunk


@dataclass(frozen=True, slots=True)
class HeadRead:
    """For a chunk."""

    actor: Chunk
    last: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The append of a chunk is on its way."""

    actor: Chunk


@dataclass(frozen=True, slots=True)
class Appended:
    """The transaction took place."""

    actor: Actor
    log: LogRows


@dataclass(frozen=True, slots=True)
class Found:
    """The activity was answered which requests of a chunk have a row."""

    actor: Chunk
    request_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody wants the entity to know that requests are in the log."""

    actor: Actor
    head: int
    request_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Operated:
    """The entity ran an operation, in a batch that may be committed or not."""

    settled: tuple[int, Sequence[str]] | None
    created: Sequence[TodoRequest]
    before: Project
    after: Project


@dataclass(frozen=True, slots=True)
class Announced:
    """Somebody who waits for a request was told its id."""

    request_id: str
    todo_id: int


Attributed = Stored | Shown | Removed | Looked | Began | HeadRead | Sent | Appended | Found | Told
Event = Attributed | Operated | Announced


class Record:
    """Of one history: the events of each project, with their times in seconds."""

    def __init__(self) -> None:
        self.events: dict[int, list[tuple[float, Event]]] = {}
        self.room = 0
        """Characters that an outbox takes, when it was last asked."""

    def note(self, project_id: int, event: Event) -> None:
        at = asyncio.get_running_loop().time()
        self.events.setdefault(int(project_id), []).append((at, event))
