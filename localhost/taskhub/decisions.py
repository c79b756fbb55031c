"""What an orchestrator decided: as a history event, and as the message that carries it out."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from localhost.taskhub.clock import SECOND, Microseconds, iso
from localhost.taskhub.events import DECISIONS, Event, Kind, event, started, text
from localhost.taskhub.failures import nondeterministic
from localhost.taskhub.messages import ActivityTask, Message, Numbers

_EXTENSION: Final = "Microsoft.Azure.WebJobs.Extensions.DurableTask"
REQUEST_TYPE: Final = f"{_EXTENSION}.RequestMessage, {_EXTENSION}"
RESPONSE_TYPE: Final = f"{_EXTENSION}.ResponseMessage, {_EXTENSION}"
_FIRST: Final = "0001-01-01T00:00:00"
"""The predecessor of the first message from one instance to another."""


@dataclass(frozen=True, slots=True)
class EntityRequest:
    """An operation on its way from an orchestration to an entity.

    `sent_at` rises from message to message between the same two; with `predecessor`, the
    `sent_at` of the one before or 0, it lets the receiver sort and drop repeats.
    """

    id: str
    operation: str
    input: str | None
    """JSON, as the entity gets it."""
    signal: bool
    sent_at: Microseconds
    predecessor: Microseconds


@dataclass(frozen=True, slots=True)
class Decision:
    """One numbered decision. Which of the optional fields are set follows from the kind."""

    id: int
    kind: Kind
    at: Microseconds
    name: str = ""
    """Of the activity or the sub-orchestrator."""
    input: str | None = None
    """JSON, as the activity or the sub-orchestrator gets it."""
    instance: str = ""
    """Of the sub-orchestration or the entity."""
    version: str | None = None
    fire_at: Microseconds = 0
    request: EntityRequest | None = None

    def agrees_with(self, past: Event) -> bool:
        """Return whether `past`, of the same id, records this very decision."""
        if self.kind != past["EventType"]:
            return False
        if self.kind in (Kind.TASK_SCHEDULED, Kind.SUB_ORCHESTRATION_CREATED):
            return self.name.lower() == str(past["Name"]).lower()
        if self.kind == Kind.EVENT_SENT:
            return bool(self.instance == past["InstanceId"])
        return True


@dataclass(frozen=True, slots=True)
class Sender:
    """The execution that decides, as its messages name it."""

    instance: str
    execution: str
    name: str
    version: str | None
    store_inputs: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """How a replay differs from the history that it must repeat."""

    text: str
    instead: Decision | None
    """What was decided instead, None for nothing."""


def contradiction(decisions: Sequence[Decision], past: Mapping[int, Event]) -> Contradiction | None:
    """Return the first difference between a replay and its history, or None."""
    made = {decision.id: decision for decision in decisions}
    for id_, recorded in past.items():
        decision = made.get(id_)
        kind = _SCHEDULED[Kind(recorded["EventType"])]
        if decision is None:
            named = f" and name '{recorded['Name']}' (version '')" if "Name" in recorded else ""
            what = (
                f"scheduled {kind} with sequence ID {id_}{named}, but the current replay "
                "execution hasn't (yet?) scheduled this task"
            )
            return Contradiction(nondeterministic(what), None)
        if not decision.agrees_with(recorded):
            named = f" named '{recorded['Name']}'" if "Name" in recorded else ""
            what = (
                f"scheduled {kind} with sequence number {id_}{named}, but the current "
                f"orchestration replay instead produced a {_ACTIONS[decision.kind]} action with "
                "this sequence number"
            )
            return Contradiction(nondeterministic(what), decision)
    return None


_SCHEDULED: Final = {
    Kind.TASK_SCHEDULED: "an activity task",
    Kind.SUB_ORCHESTRATION_CREATED: "a sub-orchestration task",
    Kind.TIMER_CREATED: "a timer task",
    Kind.EVENT_SENT: "an event",
}
_ACTIONS: Final = {
    Kind.TASK_SCHEDULED: "ScheduleTaskOrchestratorAction",
    Kind.SUB_ORCHESTRATION_CREATED: "CreateSubOrchestrationAction",
    Kind.TIMER_CREATED: "CreateTimerOrchestratorAction",
    Kind.EVENT_SENT: "SendEventOrchestratorAction",
}


def decisions_in(history: Sequence[Event]) -> dict[int, Event]:
    """Return the decisions in a history by their ids."""
    return {past["EventId"]: past for past in history if past["EventType"] in DECISIONS}


def as_event(decision: Decision, sender: Sender) -> Event:
    """Return the decision as the history keeps it."""
    return event(decision.kind, decision.at, decision.id, **_fields(decision, sender))


def _fields(decision: Decision, sender: Sender) -> dict[str, Any]:
    if decision.kind == Kind.TIMER_CREATED:
        return {"FireAt": iso(decision.fire_at)}
    if decision.request is not None:
        request = _request(decision.request, sender)
        return {"InstanceId": decision.instance, "Name": "op", "Input": request}
    kept = None
    if sender.store_inputs:
        is_task = decision.kind == Kind.TASK_SCHEDULED
        kept = json.dumps([decision.input]) if is_task else decision.input
    fields = {"Name": decision.name, "Version": decision.version, "Input": kept}
    if decision.kind == Kind.SUB_ORCHESTRATION_CREATED:
        fields["InstanceId"] = decision.instance
    return fields


def _request(request: EntityRequest, sender: Sender) -> str:
    """Return the request as JSON: the SDK finds the id of the answer in it."""
    members = {
        "$type": REQUEST_TYPE,
        "op": request.operation,
        "signal": request.signal or None,
        "input": request.input,
        "id": request.id,
        "parent": sender.instance,
        "parentExecution": sender.execution,
        "Timestamp": iso(request.sent_at),
        "Predecessor": iso(request.predecessor) if request.predecessor else _FIRST,
        "requestTime": iso(request.sent_at),
    }
    return json.dumps(
        {name: value for name, value in members.items() if value is not None},
        separators=(",", ":"),
        ensure_ascii=False,
    )


def as_activity(decision: Decision, sender: Sender, numbers: Numbers) -> ActivityTask:
    """Return the activity that a TASK_SCHEDULED asks for."""
    return ActivityTask(
        numbers.take(),
        sender.instance,
        sender.execution,
        decision.id,
        decision.name,
        decision.input or "null",
    )


def as_message(decision: Decision, sender: Sender, numbers: Numbers, now: Microseconds) -> Message:
    """Return the message that carries out any other decision; it is sent `now`.

    The delay of a timer is cut to whole seconds, as in Azure Storage: it fires up to a second
    early, and at once when it is shorter.
    """
    if decision.kind == Kind.TIMER_CREATED:
        fired = event(
            Kind.TIMER_FIRED, decision.fire_at, TimerId=decision.id, FireAt=iso(decision.fire_at)
        )
        return Message(
            numbers.take(),
            sender.instance,
            text(fired),
            execution=sender.execution,
            due=now + max(0, decision.fire_at - now) // SECOND * SECOND,
        )
    if decision.request is not None:
        return _operation(decision, decision.request, sender, numbers)
    return _start_of_child(decision, sender, numbers)


def _operation(
    decision: Decision, request: EntityRequest, sender: Sender, numbers: Numbers
) -> Message:
    origin = {
        "id": request.id,
        "parent": sender.instance,
        "execution": sender.execution,
        "signal": request.signal,
        "sent": request.sent_at,
        "after": request.predecessor,
    }
    body = operation(request.operation, request.input, signal=request.signal)
    return Message(numbers.take(), decision.instance, body, origin=json.dumps(origin))


def operation(name: str, input_: str | None, *, signal: bool) -> str:
    """Return a member of the `batch` of an entity. `input_`: JSON text, or None."""
    is_signal = "true" if signal else "false"
    return (
        f'{{"name":{json.dumps(name)},"isSignal":{is_signal},'
        f'"input":{"null" if input_ is None else json.dumps(input_)}}}'
    )


def _start_of_child(decision: Decision, sender: Sender, numbers: Numbers) -> Message:
    parent = {
        "Name": sender.name,
        "Version": sender.version,
        "OrchestrationInstance": {
            "InstanceId": sender.instance,
            "ExecutionId": sender.execution,
        },
        "TaskScheduleId": decision.id,
    }
    start = started(
        decision.at,
        instance=decision.instance,
        execution=str(uuid.uuid4()),
        name=decision.name,
        version=decision.version,
        input_=decision.input,
        parent=parent,
    )
    return Message(numbers.take(), decision.instance, text(start))
