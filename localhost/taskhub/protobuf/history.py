"""History events as the SDK replays them."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from durabletask.internal import orchestrator_service_pb2 as pb

from localhost.taskhub.clock import from_iso
from localhost.taskhub.events import Event, Kind
from localhost.taskhub.protobuf.failure import in_history
from localhost.taskhub.protobuf.texts import text, timestamp

STATUS: Final = {
    "Running": pb.ORCHESTRATION_STATUS_RUNNING,
    "Completed": pb.ORCHESTRATION_STATUS_COMPLETED,
    "Failed": pb.ORCHESTRATION_STATUS_FAILED,
    "Canceled": pb.ORCHESTRATION_STATUS_CANCELED,
    "Terminated": pb.ORCHESTRATION_STATUS_TERMINATED,
    "Pending": pb.ORCHESTRATION_STATUS_PENDING,
    "Suspended": pb.ORCHESTRATION_STATUS_SUSPENDED,
}
"""By the name in an instance row."""


def history_events(events: Iterable[Event]) -> list[pb.HistoryEvent]:
    """Return events in the form of an `OrchestratorRequest`."""
    return [_history_event(event) for event in events]


def _history_event(event: Event) -> pb.HistoryEvent:
    name, member = _MEMBERS[Kind(event["EventType"])]
    return pb.HistoryEvent(
        eventId=event["EventId"],
        timestamp=timestamp(from_iso(event["Timestamp"])),
        **{name: member(event)},
    )


def _started(event: Event) -> pb.ExecutionStartedEvent:
    parent = event["ParentInstance"]
    return pb.ExecutionStartedEvent(
        name=event["Name"],
        version=text(event["Version"]),
        input=text(event["Input"]),
        orchestrationInstance=_instance(event["OrchestrationInstance"]),
        parentInstance=parent
        and pb.ParentInstanceInfo(
            name=text(parent["Name"]),
            version=text(parent["Version"]),
            taskScheduledId=parent["TaskScheduleId"],
            orchestrationInstance=_instance(parent["OrchestrationInstance"]),
        ),
    )


def _instance(named: dict[str, str]) -> pb.OrchestrationInstance:
    return pb.OrchestrationInstance(
        instanceId=named["InstanceId"], executionId=text(named["ExecutionId"])
    )


def _at(event: Event, name: str) -> Any:
    return timestamp(from_iso(event[name]))


Member = tuple[str, Callable[[Event], Any]]

_MEMBERS: Final[dict[Kind, Member]] = {
    Kind.EXECUTION_STARTED: ("executionStarted", _started),
    Kind.EXECUTION_COMPLETED: (
        "executionCompleted",
        lambda e: pb.ExecutionCompletedEvent(
            orchestrationStatus=STATUS[e["OrchestrationStatus"]], result=text(e["Result"])
        ),
    ),
    Kind.EXECUTION_TERMINATED: (
        "executionTerminated",
        lambda e: pb.ExecutionTerminatedEvent(input=text(e["Input"])),
    ),
    Kind.TASK_SCHEDULED: (
        "taskScheduled",
        lambda e: pb.TaskScheduledEvent(
            name=e["Name"], version=text(e["Version"]), input=text(e["Input"])
        ),
    ),
    Kind.TASK_COMPLETED: (
        "taskCompleted",
        lambda e: pb.TaskCompletedEvent(
            taskScheduledId=e["TaskScheduledId"], result=text(e["Result"])
        ),
    ),
    Kind.TASK_FAILED: (
        "taskFailed",
        lambda e: pb.TaskFailedEvent(
            taskScheduledId=e["TaskScheduledId"], failureDetails=in_history(e)
        ),
    ),
    Kind.SUB_ORCHESTRATION_CREATED: (
        "subOrchestrationInstanceCreated",
        lambda e: pb.SubOrchestrationInstanceCreatedEvent(
            instanceId=e["InstanceId"],
            name=e["Name"],
            version=text(e["Version"]),
            input=text(e["Input"]),
        ),
    ),
    Kind.SUB_ORCHESTRATION_COMPLETED: (
        "subOrchestrationInstanceCompleted",
        lambda e: pb.SubOrchestrationInstanceCompletedEvent(
            taskScheduledId=e["TaskScheduledId"], result=text(e["Result"])
        ),
    ),
    Kind.SUB_ORCHESTRATION_FAILED: (
        "subOrchestrationInstanceFailed",
        lambda e: pb.SubOrchestrationInstanceFailedEvent(
            taskScheduledId=e["TaskScheduledId"], failureDetails=in_history(e)
        ),
    ),
    Kind.TIMER_CREATED: (
        "timerCreated",
        lambda e: pb.TimerCreatedEvent(fireAt=_at(e, "FireAt")),
    ),
    Kind.TIMER_FIRED: (
        "timerFired",
        lambda e: pb.TimerFiredEvent(fireAt=_at(e, "FireAt"), timerId=e["TimerId"]),
    ),
    Kind.ORCHESTRATOR_STARTED: ("orchestratorStarted", lambda _: pb.OrchestratorStartedEvent()),
    Kind.ORCHESTRATOR_COMPLETED: (
        "orchestratorCompleted",
        lambda _: pb.OrchestratorCompletedEvent(),
    ),
    Kind.EVENT_SENT: (
        "eventSent",
        lambda e: pb.EventSentEvent(
            instanceId=e["InstanceId"], name=e["Name"], input=text(e["Input"])
        ),
    ),
    Kind.EVENT_RAISED: (
        "eventRaised",
        lambda e: pb.EventRaisedEvent(name=e["Name"], input=text(e["Input"])),
    ),
    Kind.EXECUTION_SUSPENDED: (
        "executionSuspended",
        lambda e: pb.ExecutionSuspendedEvent(input=text(e["Reason"])),
    ),
    Kind.EXECUTION_RESUMED: (
        "executionResumed",
        lambda e: pb.ExecutionResumedEvent(input=text(e["Reason"])),
    ),
    Kind.GENERIC_EVENT: ("genericEvent", lambda e: pb.GenericEvent(data=text(e.get("Data")))),
    Kind.EXECUTION_REWOUND: ("executionRewound", lambda _: pb.ExecutionRewoundEvent()),
}
