"""History events (the JSON that the Durable SDK replays) and how they are written.

Texts are kept without `IsPlayed`, which depends on when they are shown (host-protocol 5.2).
"""

import json
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Final

from localhost.taskhub.clock import Microseconds, iso

Event = dict[str, Any]
NOT_A_DECISION: Final = -1


class Kind(IntEnum):
    """`EventType`."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_ORCHESTRATION_CREATED = 7
    SUB_ORCHESTRATION_COMPLETED = 8
    SUB_ORCHESTRATION_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_SENT = 14
    EVENT_RAISED = 15
    GENERIC_EVENT = 17
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20
    EXECUTION_REWOUND = 21


NAMES: Final = {
    Kind.SUB_ORCHESTRATION_CREATED: "SubOrchestrationInstanceCreated",
    Kind.SUB_ORCHESTRATION_COMPLETED: "SubOrchestrationInstanceCompleted",
    Kind.SUB_ORCHESTRATION_FAILED: "SubOrchestrationInstanceFailed",
} | {
    kind: kind.name.title().replace("_", "")
    for kind in Kind
    if not kind.name.startswith("SUB_ORCHESTRATION")
}

DECISIONS: Final = frozenset(
    {Kind.TASK_SCHEDULED, Kind.SUB_ORCHESTRATION_CREATED, Kind.TIMER_CREATED, Kind.EVENT_SENT}
)
COMPLETIONS: Final = frozenset(
    {
        Kind.TASK_COMPLETED,
        Kind.TASK_FAILED,
        Kind.SUB_ORCHESTRATION_COMPLETED,
        Kind.SUB_ORCHESTRATION_FAILED,
        Kind.TIMER_FIRED,
    }
)
CONTROLS: Final = frozenset(
    {
        Kind.EXECUTION_TERMINATED,
        Kind.EXECUTION_SUSPENDED,
        Kind.EXECUTION_RESUMED,
        Kind.EXECUTION_REWOUND,
    }
)


def event(kind: Kind, when: Microseconds, id_: int = NOT_A_DECISION, **fields: Any) -> Event:
    """Make an event; `fields` are named as on the wire."""
    return {"EventType": int(kind), "EventId": id_, "Timestamp": iso(when), **fields}


def text(event_: Event) -> str:
    """Return the form in which messages and history keep an event."""
    return json.dumps(event_, separators=(",", ":"), ensure_ascii=False)


def completed_id(event_: Event) -> int:
    """Return the id of the decision that a completion answers."""
    id_: int = event_["TimerId" if event_["EventType"] == Kind.TIMER_FIRED else "TaskScheduledId"]
    return id_


def shown(texts: Iterable[str], *, played: bool) -> str:
    """Return events as the members of the `history` array of an episode."""
    flag = '{"IsPlayed":true,' if played else '{"IsPlayed":false,'
    return ",".join([flag + event_[1:] for event_ in texts])


def started(  # noqa: PLR0913 - one event and its fields
    when: Microseconds,
    *,
    instance: str,
    execution: str,
    name: str,
    version: str | None,
    input_: str | None,
    parent: Event | None = None,
    generation: int | None = None,
) -> Event:
    """Make ExecutionStarted. `input_` is JSON text; `parent` the ParentInstance of a child.

    `generation` counts the executions of an id; it is None for a child and after
    continue-as-new.
    """
    return event(
        Kind.EXECUTION_STARTED,
        when,
        OrchestrationInstance={"InstanceId": instance, "ExecutionId": execution},
        ParentInstance=parent,
        Name=name,
        Version=version,
        Input=input_,
        Tags=None,
        Correlation=None,
        ScheduledStartTime=None,
        Generation=generation,
    )
