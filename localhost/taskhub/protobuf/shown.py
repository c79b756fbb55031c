"""Rows as clients see them, and filters as clients send them."""

from collections.abc import Iterable
from typing import Any, Final

from durabletask.internal import orchestrator_service_pb2 as pb

from localhost.taskhub.instances import PAGE_SIZE_DEFAULT, Filter
from localhost.taskhub.protobuf.history import STATUS
from localhost.taskhub.protobuf.texts import microseconds, text, text_of, timestamp
from localhost.taskhub.runtime import InstanceRow

PASSING: Final = "ContinuedAsNew"
_NAMES: Final = {number: name for name, number in STATUS.items()}


def orchestration_of(row: InstanceRow, *, payloads: bool) -> pb.OrchestrationState:
    """Return a row; input, output and custom status only when they are asked for."""
    shown = pb.OrchestrationState(
        instanceId=row.id,
        name=row.name,
        version=text(row.version),
        orchestrationStatus=STATUS[row.status],
        createdTimestamp=timestamp(row.created),
        lastUpdatedTimestamp=timestamp(row.updated),
    )
    if payloads:
        members = {"input": row.input, "output": row.output, "customStatus": row.custom_status}
        for name, value in members.items():
            if value is not None:
                getattr(shown, name).value = value
        if row.status == "Failed":
            kind, _, said = (row.output or "").partition(": ")
            shown.failureDetails.CopyFrom(pb.TaskFailureDetails(errorType=kind, errorMessage=said))
    return shown


def entity_of(row: InstanceRow, *, state: bool) -> pb.EntityMetadata:
    """Return an entity, with its state if that is asked for."""
    return pb.EntityMetadata(
        instanceId=row.id,
        lastModifiedTime=timestamp(row.updated),
        serializedState=text(row.input) if state else None,
    )


def statuses_of(numbers: Iterable[int]) -> frozenset[str]:
    """Return the names of statuses; no instance has one that is only passing."""
    return frozenset(_NAMES.get(number, PASSING) for number in numbers)


def filter_of(query: Any) -> Filter:
    """Return what a query is about."""

    def time(name: str) -> int | None:
        return microseconds(getattr(query, name)) if query.HasField(name) else None

    return Filter(
        created_from=time("createdTimeFrom"),
        created_to=time("createdTimeTo"),
        statuses=statuses_of(query.runtimeStatus),
        prefix=text_of(query, "instanceIdPrefix") or "",
        first=text_of(query, "continuationToken") or "",
        top=query.maxInstanceCount or PAGE_SIZE_DEFAULT,
    )
