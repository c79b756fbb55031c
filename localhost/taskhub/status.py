"""Instances as the HTTP API shows them. Pieces that are JSON already are not parsed again."""

import json
from collections.abc import Sequence
from typing import Any, Final

from localhost.taskhub.clock import iso_seconds
from localhost.taskhub.entities import split_id
from localhost.taskhub.events import NAMES, Event, Kind, started
from localhost.taskhub.runtime import InstanceRow

_HIDDEN: Final = frozenset({"EventId", "IsPlayed", "TaskScheduledId", "TimerId", "Version"})
_OF_THE_START: Final = ("OrchestrationInstance", "ParentInstance", "Tags")
_SILENT: Final = frozenset({Kind.ORCHESTRATOR_STARTED, Kind.ORCHESTRATOR_COMPLETED})
_SCHEDULINGS: Final = frozenset({Kind.TASK_SCHEDULED, Kind.SUB_ORCHESTRATION_CREATED})


def shown_instance(
    row: InstanceRow,
    *,
    show_input: bool,
    parent: str | None = None,
    history: Sequence[Event] | None = None,
    show_output: bool = False,
) -> str:
    """Return one instance as JSON. `show_output` is about the results in its history."""
    members = {
        "name": json.dumps(row.name),
        "instanceId": json.dumps(row.id),
        "runtimeStatus": json.dumps(row.status),
        "input": _input(row) if show_input else "null",
        "customStatus": row.custom_status or "null",
        **({"parentInstanceId": json.dumps(parent)} if parent else {}),
        **({"version": json.dumps(row.version)} if row.version else {}),
        "output": json.dumps(_natural(row.output)),
        "createdTime": json.dumps(iso_seconds(row.created)),
        "lastUpdatedTime": json.dumps(iso_seconds(row.updated)),
    }
    if history is not None:
        shown = shown_history(history, show_input=show_input, show_output=show_output)
        members["historyEvents"] = json.dumps(shown)
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


def _input(row: InstanceRow) -> str:
    if not row.is_entity:
        return json.dumps(_natural(row.input))
    return json.dumps(_scheduler_state(row))


def _scheduler_state(row: InstanceRow) -> dict[str, Any]:
    """Return what the extension keeps of an entity: only members that say something."""
    if not entity_exists(row):
        return {"sorter": {}}
    return {"exists": True, "state": row.input, "sorter": {}}


def history_of_entity(row: InstanceRow) -> list[Event]:
    """Return what the history of an entity shows: one start, with its state as input."""
    state = json.dumps(_scheduler_state(row), separators=(",", ":"), ensure_ascii=False)
    return [
        started(
            row.updated,
            instance=row.id,
            execution="",
            name=row.id,
            version=None,
            input_=state,
        )
    ]


def entity_exists(row: InstanceRow) -> bool:
    """Return whether the entity said that it exists."""
    return bool(json.loads(row.custom_status or "{}").get("entityExists"))


def shown_entity(row: InstanceRow, *, with_state: bool) -> dict[str, Any]:
    """Return an entity as the list of entities shows it."""
    name, key = split_id(row.id)
    shown: dict[str, Any] = {
        "entityId": {"name": name, "key": key},
        "lastOperationTime": iso_seconds(row.updated),
    }
    shown["state"] = json.loads(row.input or "null") if with_state else None
    return shown


def shown_history(
    events: Sequence[Event], *, show_input: bool, show_output: bool
) -> list[dict[str, Any]]:
    """Return the events without their technical parts, tasks folded into one event each."""
    done = {e["TaskScheduledId"] for e in events if "TaskScheduledId" in e}
    scheduled = {e["EventId"]: e for e in events if e["EventType"] in _SCHEDULINGS}
    shown = []
    for event in events:
        kind = event["EventType"]
        if kind in _SILENT or (kind in _SCHEDULINGS and event["EventId"] in done):
            continue
        item = _shown_event(event, scheduled.get(event.get("TaskScheduledId", -1)))
        if not show_input:
            item.pop("Input", None)
        if not show_output:
            item.pop("Result", None)
        shown.append(item)
    return shown


def _shown_event(event: Event, scheduling: Event | None) -> dict[str, Any]:
    """Return one event; `scheduling` is the one that a completion answers."""
    kind = Kind(event["EventType"])
    item = {name: value for name, value in event.items() if name not in _HIDDEN}
    item["EventType"] = NAMES[kind]
    if scheduling is not None:
        item |= {"ScheduledTime": scheduling["Timestamp"], "FunctionName": scheduling["Name"]}
        item["Input"] = scheduling.get("Input")
        if "InstanceId" in scheduling:
            item["InstanceId"] = scheduling["InstanceId"]
    if "Result" in item:
        item["Result"] = _natural(event["Result"])
    match kind:
        case Kind.EXECUTION_STARTED:
            item |= {"FunctionName": item.pop("Name"), "ParentTraceContext": None}
            item["GenerateNewTrace"] = False
            for name in _OF_THE_START:
                del item[name]
        case Kind.EXECUTION_COMPLETED:
            item["FailureDetails"] = None
        case Kind.TASK_FAILED | Kind.SUB_ORCHESTRATION_FAILED:
            item["FailureDetails"] = None
        case Kind.TASK_SCHEDULED:
            item |= {"ParentTraceContext": None, "Tags": None}
        case Kind.EXECUTION_REWOUND:
            item = {"EventType": NAMES[Kind.GENERIC_EVENT], "Timestamp": event["Timestamp"]}
            item["Data"] = event["Reason"]
        case Kind.EVENT_RAISED:
            item["ParentTraceContext"] = None
    return item


def _natural(text: str | None) -> Any:
    """Return the value of a JSON text; any other text as it is."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
