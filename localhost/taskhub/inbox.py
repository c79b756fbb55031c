"""Which of the messages of an orchestration can be worked on now, later, or never."""

from dataclasses import dataclass, field

from localhost.taskhub.events import COMPLETIONS, CONTROLS, Event, Kind, completed_id
from localhost.taskhub.messages import Message
from localhost.taskhub.runtime import History, InstanceRow


@dataclass(slots=True)
class Sifted:
    """The messages of one instance. At most one of `start` and the other two matters first."""

    start: Message | None = None
    """Begins a new execution, which `now` then belongs to."""
    now: list[Message] = field(default_factory=list)
    control: Message | None = None
    """Terminate, suspend, resume or rewind: to be worked on alone, when `now` is empty."""
    later: list[Message] = field(default_factory=list)
    """Not yet: the task is not in the history, or the instance has not started."""
    rest: list[Message] = field(default_factory=list)
    """What came after `control`: to be looked at again at once."""
    never: list[Message] = field(default_factory=list)
    """Duplicates, and messages for an execution that is over: deleted without effect."""


@dataclass(slots=True)
class _Target:
    """The execution that messages meet, as far as they decide about each other."""

    execution: str | None
    decided: set[int] = field(default_factory=set)
    completed: set[int] = field(default_factory=set)
    finished: bool = False
    starting: bool = False
    """A start message for the execution in the instance row is still to come."""


def sift(messages: list[Message], row: InstanceRow | None, history: History | None) -> Sifted:
    """Sort messages out, in their order, against what the file knows of the instance."""
    sifted = Sifted()
    target = _target(row, history)
    pending = sorted(messages, key=lambda m: m.event["EventType"] != Kind.EXECUTION_STARTED)
    for place, message in enumerate(pending):
        kind = message.event["EventType"]
        if kind == Kind.EXECUTION_STARTED:
            if sifted.start is None and begins(message.event, row, history):
                sifted.start = message
                execution = message.event["OrchestrationInstance"]["ExecutionId"]
                target = _Target(execution)
            else:
                sifted.never.append(message)
        elif _is_dead(message, target):
            sifted.never.append(message)
        elif kind in CONTROLS and target.execution is not None:
            sifted.control = message
            sifted.rest = pending[place + 1 :]
            return sifted
        elif _must_wait(message, target):
            sifted.later.append(message)
        else:
            sifted.now.append(message)
            if kind in COMPLETIONS:
                target.completed.add(completed_id(message.event))
    return sifted


def begins(start: Event, row: InstanceRow | None, history: History | None) -> bool:
    """Return whether a start message begins a new execution rather than repeats one.

    Between starts of one id, the instance row decides whose execution it is. A child has no
    row of its own yet; it is a repeat when the same task of the same parent started it before.
    """
    execution = start["OrchestrationInstance"]["ExecutionId"]
    if history is not None and execution == history.origin:
        return False
    if start["ParentInstance"] is None:
        return row is not None and row.execution == execution
    return history is None or history.start["ParentInstance"] != start["ParentInstance"]


def _target(row: InstanceRow | None, history: History | None) -> _Target:
    if history is None:
        return _Target(None, finished=row is None, starting=row is not None)
    starting = row is not None and row.execution != history.origin
    return _Target(
        history.execution,
        set(history.decisions),
        history.completed(),
        history.end is not None,
        starting and history.end is not None,
    )


def _is_dead(message: Message, target: _Target) -> bool:
    event = message.event
    if event["EventType"] == Kind.EXECUTION_REWOUND:
        return not target.finished or target.execution is None
    if message.execution is None:
        return target.finished and not target.starting
    if target.execution is None:
        return not target.starting
    if message.execution != target.execution or target.finished:
        return True
    return event["EventType"] in COMPLETIONS and completed_id(event) in target.completed


def _must_wait(message: Message, target: _Target) -> bool:
    event = message.event
    if target.execution is None or target.finished:
        return True
    return event["EventType"] in COMPLETIONS and completed_id(event) not in target.decided
