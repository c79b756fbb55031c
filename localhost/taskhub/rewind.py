"""What is left of a failed execution when it is rewound: everything but its failures."""

from localhost.taskhub.events import NOT_A_DECISION, Event, Kind, shown, text
from localhost.taskhub.runtime import History


def rewound(history: History) -> tuple[History, list[str]]:
    """Return a history to go on from, and the child instances to rewind as well.

    A failed activity is forgotten together with its scheduling, so that the replay schedules it
    again under the same id. A failed child stays scheduled and is rewound itself.
    """
    failed = {
        e["TaskScheduledId"]: e["EventType"]
        for e in history.events
        if e["EventType"] in (Kind.TASK_FAILED, Kind.SUB_ORCHESTRATION_FAILED)
    }
    children = [
        e["InstanceId"]
        for e in history.events
        if e["EventType"] == Kind.SUB_ORCHESTRATION_CREATED and e["EventId"] in failed
    ]
    events = [_generic(e) if _is_failure(e, failed) else _unplayed(e) for e in history.events]
    texts = [shown([text(e) for e in events], played=True)]
    return History(history.execution, history.origin, texts, events), children


def _generic(event: Event) -> Event:
    """Return what is left of an event that a rewind takes out: its place in the history."""
    return {
        "EventType": int(Kind.GENERIC_EVENT),
        "EventId": NOT_A_DECISION,
        "Timestamp": event["Timestamp"],
        "Data": None,
    }


def _unplayed(event: Event) -> Event:
    return {name: value for name, value in event.items() if name != "IsPlayed"}


def _is_failure(event: Event, failed: dict[int, int]) -> bool:
    kind = event["EventType"]
    if kind == Kind.TASK_SCHEDULED:
        return event["EventId"] in failed
    return kind in (Kind.EXECUTION_COMPLETED, Kind.TASK_FAILED, Kind.SUB_ORCHESTRATION_FAILED)
