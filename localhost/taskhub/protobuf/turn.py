"""What an orchestrator answered: the decisions that are new, and how it ended if it did."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from durabletask.internal import orchestrator_service_pb2 as pb

from localhost.taskhub.actions import InvalidAction
from localhost.taskhub.clock import Microseconds, from_iso
from localhost.taskhub.decisions import Decision, EntityRequest, decisions_in
from localhost.taskhub.events import Event, Kind, event
from localhost.taskhub.protobuf.failure import kept
from localhost.taskhub.protobuf.history import STATUS, history_events
from localhost.taskhub.protobuf.texts import microseconds, text_of

_NAMES: Final = {number: name for name, number in STATUS.items()}


@dataclass(frozen=True, slots=True)
class Ending:
    """How an execution ended. `failure` is what a history keeps of one, None without."""

    status: str = "Completed"
    output: str | None = None
    failure: dict[str, str] | None = None
    continued: bool = False
    carried: Sequence[Event] = ()
    """External events that the next execution gets."""


@dataclass(slots=True)
class Turn:
    """One answer. Texts are JSON."""

    decisions: list[Decision] = field(default_factory=list)
    ending: Ending | None = None
    custom_status: str | None = None


def request(instance: str, past: Sequence[Event], new: Sequence[Event]) -> str:
    """Return what an orchestrator function gets."""
    message = pb.OrchestratorRequest(
        instanceId=instance,
        pastEvents=history_events(past),
        newEvents=history_events(new),
        entityParameters=pb.OrchestratorEntityParameters(),
    )
    return base64.b64encode(message.SerializeToString()).decode()


def turn_of(reply: str, past: Iterable[Event], now: Microseconds, execution: str) -> Turn:
    """Read what it returned. Raises InvalidAction; ValueError, DecodeError for no answer."""
    response = pb.OrchestratorResponse()
    response.ParseFromString(base64.b64decode(reply, validate=True))
    turn = Turn(custom_status=text_of(response, "customStatus"))
    reader = _Reader(now, execution, _sent(past))
    for action in response.actions:
        if action.HasField("completeOrchestration"):
            turn.ending = _ending(action.completeOrchestration, now)
        else:
            turn.decisions.append(reader.decision(action))
    return turn


def _ending(action: pb.CompleteOrchestrationAction, now: Microseconds) -> Ending:
    output = text_of(action, "result")
    if action.orchestrationStatus == pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW:
        carried = [
            event(
                Kind.EVENT_RAISED,
                now,
                Name=each.eventRaised.name,
                Input=text_of(each.eventRaised, "input"),
            )
            for each in action.carryoverEvents
        ]
        return Ending(output=output, continued=True, carried=carried)
    failed = kept(action.failureDetails) if action.HasField("failureDetails") else None
    return Ending(_NAMES[action.orchestrationStatus], output, failed)


def _sent(past: Iterable[Event]) -> dict[str, Microseconds]:
    """Return when each entity was last sent something."""
    requests = (e for e in decisions_in(list(past)).values() if e["EventType"] == Kind.EVENT_SENT)
    sent: dict[str, Microseconds] = {}
    for each in requests:
        when = from_iso(json.loads(each["Input"])["Timestamp"])
        sent[each["InstanceId"]] = max(when, sent.get(each["InstanceId"], 0))
    return sent


@dataclass(slots=True)
class _Reader:
    now: Microseconds
    execution: str
    sent: dict[str, Microseconds]

    def decision(self, action: pb.OrchestratorAction) -> Decision:
        kind = action.WhichOneof("orchestratorActionType")
        match kind:
            case "scheduleTask":
                task = action.scheduleTask
                return Decision(
                    action.id,
                    Kind.TASK_SCHEDULED,
                    self.now,
                    name=task.name,
                    input=text_of(task, "input"),
                    version=text_of(task, "version"),
                )
            case "createTimer":
                due = microseconds(action.createTimer.fireAt)
                return Decision(action.id, Kind.TIMER_CREATED, self.now, fire_at=due)
            case "createSubOrchestration":
                child = action.createSubOrchestration
                return Decision(
                    action.id,
                    Kind.SUB_ORCHESTRATION_CREATED,
                    self.now,
                    name=child.name,
                    input=text_of(child, "input"),
                    instance=child.instanceId or f"{self.execution}:{action.id}",
                    version=text_of(child, "version"),
                )
            case "sendEntityMessage":
                return self._request(action.id, action.sendEntityMessage)
        raise InvalidAction(f"localhost has no action {kind} of an orchestration")

    def _request(self, id_: int, action: pb.SendEntityMessageAction) -> Decision:
        kind = action.WhichOneof("EntityMessageType")
        if kind not in {"entityOperationCalled", "entityOperationSignaled"}:
            raise InvalidAction(f"localhost has no action {kind} of an orchestration")
        operation = getattr(action, kind)
        if operation.HasField("scheduledTime"):
            raise InvalidAction("localhost has no signals with a scheduledTime")
        target = operation.targetInstanceId.value
        last = self.sent.get(target, 0)
        self.sent[target] = max(self.now, last + 1)
        sent = EntityRequest(
            id=operation.requestId,
            operation=operation.operation,
            input=text_of(operation, "input"),
            signal=kind == "entityOperationSignaled",
            sent_at=self.sent[target],
            predecessor=last,
        )
        return Decision(id_, Kind.EVENT_SENT, self.now, instance=target, request=sent)
