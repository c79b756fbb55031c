"""Instances as the HTTP API shows them. Pieces that are JSON already are not parsed again."""

import json
from collections.abc import Sequence
from typing import Any, Final

from localhost.taskhub.clock import iso_seconds
from localhost.taskhub.entities import split_id
from localhost.taskhub.events import NAMES, Event, Kind
from localhost.taskhub.runtime import InstanceRow

_HIDDEN: Final = frozenset({"EventId", "IsPlayed", "TaskScheduledId", "TimerId", "Version"})
_SILENT: Final = frozenset({Kind.ORCHESTRATOR_STARTED, Kind.ORCHESTRATOR_COMPLETED})
_SCHEDULINGS: Final = frozenset({Kind.TASK_SCHEDULED, Kind.SUB_ORCHESTRATION_CREATED})


def shown_instance(
    row: InstanceRow,
    *,
    show_input: bool,
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
        "output": _output(row.output),
        "createdTime": json.dumps(iso_seconds(row.created)),
        "lastUpdatedTime": json.dumps(iso_seconds(row.updated)),
    }
    if history is not None:
        shown = shown_history(history, show_input=show_input, show_output=show_output)
        members["historyEvents"] = json.dumps(shown)
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


def _input(row: InstanceRow) -> str:
    if not row.id.startswith("@"):
        return row.input or "null"
    return json.dumps({"exists": entity_exists(row), "state": row.input})


def _output(output: str | None) -> str:
    if output is None:
        return "null"
    try:
        json.loads(output)
    except ValueError:
        return json.dumps(output)
    return output


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
    if with_state:
        shown["state"] = json.loads(row.input or "null")
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
        item = {name: value for name, value in event.items() if name not in _HIDDEN}
        item["EventType"] = NAMES[Kind(kind)]
        start = scheduled.get(event.get("TaskScheduledId", -1))
        if start is not None:
            item |= {"ScheduledTime": start["Timestamp"], "FunctionName": start["Name"]}
            item["Input"] = start.get("Input")
        if not show_input:
            item.pop("Input", None)
        if not show_output:
            item.pop("Result", None)
        shown.append(item)
    return shown
