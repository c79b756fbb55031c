"""Failures: as the worker reports them, as histories keep them, as protobuf has them."""

from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb

from localhost.taskhub.events import Event
from localhost.taskhub.protobuf.texts import text
from localhost.taskhub.worker_port import FunctionFailed

UNKNOWN = "(unknown)"


def details_of(error: FunctionFailed) -> dict[str, str]:
    """Return what a history keeps of a failure `{Type}: {text}`."""
    kind, colon, said = str(error).partition(": ")
    if not colon or " " in kind:
        kind, said = UNKNOWN, str(error)
    return {"ErrorType": kind, "ErrorMessage": said.split("\n")[0], "StackTrace": error.stack_trace}


def kept(details: pb.TaskFailureDetails) -> dict[str, str]:
    """Return the same of what the SDK says of a failure."""
    return {
        "ErrorType": details.errorType,
        "ErrorMessage": details.errorMessage,
        "StackTrace": details.stackTrace.value,
    }


def shown(details: dict[str, str]) -> str:
    """Return a failure as one line."""
    return f"{details['ErrorType']}: {details['ErrorMessage']}"


def in_history(event: Event) -> pb.TaskFailureDetails:
    """Return the failure that an event is about."""
    found: dict[str, Any] = event.get("FailureDetails") or {
        "ErrorType": UNKNOWN,
        "ErrorMessage": event["Reason"] or "",
    }
    return pb.TaskFailureDetails(
        errorType=found["ErrorType"],
        errorMessage=found["ErrorMessage"],
        stackTrace=text(found.get("StackTrace")),
    )
