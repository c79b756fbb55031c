"""What an event asks for, or why it can never have it.

The trigger and the command that puts dead letters back in use the same rules.
"""

from collections.abc import Mapping
from typing import Any, Final

from todos import TodoRequest
from todos.wire import Invalid, check_request_id, parse_request
from triggers.event_wire import Event
from triggers.intake import Reason
from triggers.parameters import BODY_BYTES_MAX

REQUEST_ID: Final = "requestId"
"""The application property. Compared without case if need be: over HTTP it is a header."""

TOO_LARGE: Final = "too-large"
INVALID_BODY: Final = "invalid-body"
INVALID_REQUEST_ID: Final = "invalid-request-id"

REFUSALS: Final[Mapping[Reason, str]] = {
    Reason.OTHER_CONTENT: "request-id-reused",
    Reason.PROJECT_FULL: "project-full",
}
"""How the intake's refusals are called."""

CODES: Final = (TOO_LARGE, INVALID_BODY, INVALID_REQUEST_ID, *REFUSALS.values())
"""Everything that makes an event dead."""


class Dead(Exception):
    """The event can never become a TODO as it is."""

    def __init__(self, code: str, reason: str) -> None:
        """`code` is one of `CODES`; `reason` says it in words."""
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def request_of(event: Event, request_id: str | None = None) -> TodoRequest:
    """Return what the event asks for, under its own request id or another one. Raises Dead."""
    if request_id is None:
        request_id = request_id_of(event)
    if len(event.body) > BODY_BYTES_MAX:
        detail = f"the body has {len(event.body)} bytes; {BODY_BYTES_MAX} are allowed"
        raise Dead(TOO_LARGE, detail)
    try:
        return parse_request(event.body, request_id)
    except Invalid as invalid:
        raise Dead(INVALID_BODY, str(invalid)) from None


def request_id_of(event: Event) -> str:
    """Return the id that each delivery of this event has. Raises Dead.

    In this order: the application property `requestId`, the AMQP message id, the place of the
    event. One that is there and makes no valid id is an error of the producer: to pass it over
    for the next one would turn the producer's repeats into new requests.
    """
    value, source = _property(event.properties), f"property {REQUEST_ID}"
    if value is None:
        value, source = event.message_id, "message id"
    if value is None:
        return event.place
    try:
        # Producers in typed languages send a number as a number.
        return check_request_id(str(value) if type(value) is int else value)
    except ValueError as error:
        raise Dead(INVALID_REQUEST_ID, f"{source} {error}") from None


def _property(properties: Mapping[str, Any]) -> Any:
    if REQUEST_ID in properties:
        return properties[REQUEST_ID]
    other = sorted(each for each in properties if each.lower() == REQUEST_ID.lower())
    return properties[other[0]] if other else None
