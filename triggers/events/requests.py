"""What an event asks for, or why it can never have it.

The trigger and the command that replays dead letters use the same rules.
"""

from collections.abc import Mapping
from typing import Any, Final

from domain.addresses import check_client_id
from domain.invalid import Invalid
from domain.wire import Wire
from intake.accept import Reason
from store.ports.records import Request
from triggers.events.event import Event

REQUEST_ID: Final = "requestId"
"""The application property. Compared without case if need be: over HTTP it is a header."""

BODY_BYTES_MAX: Final = 65_536
"""As over HTTP."""

TOO_LARGE: Final = "too-large"
NO_BODY: Final = "no-body"
INVALID_BODY: Final = "invalid-body"
INVALID_REQUEST_ID: Final = "invalid-request-id"
UNAVAILABLE: Final = "key-unavailable"

REFUSALS: Final[Mapping[Reason, str]] = {
    Reason.OTHER_CONTENT: "request-id-reused",
    Reason.ERASED: "erased",
}
"""What the intake's refusals are called."""

CODES: Final = (
    *(TOO_LARGE, NO_BODY, INVALID_BODY, INVALID_REQUEST_ID, UNAVAILABLE),
    *REFUSALS.values(),
)
"""Everything that makes an event a dead letter."""


class Dead(Exception):
    """The event can never become an entry as it is."""

    def __init__(self, code: str, reason: str) -> None:
        """`code` is one of `CODES`; `reason` says it in words."""
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def request_of(event: Event, wire: Wire, request_id: str | None = None) -> Request:
    """Return what the event asks for, under its own request id or another one. Raises Dead."""
    if request_id is None:
        request_id = request_id_of(event)
    if not event.body:
        raise Dead(NO_BODY, "the event has no body (a tombstone?)")
    if len(event.body) > BODY_BYTES_MAX:
        detail = f"the body has {len(event.body)} bytes; {BODY_BYTES_MAX} are allowed"
        raise Dead(TOO_LARGE, detail)
    try:
        return wire.request(event.body, request_id)
    except Invalid as invalid:
        raise Dead(INVALID_BODY, str(invalid)) from None


def request_id_of(event: Event) -> str:
    """Return the id that each delivery of this event has. Raises Dead.

    In this order: the application property `requestId`, the AMQP message id, the place of the
    event. One that is present and invalid is an error of the producer: to pass it over for the
    next one would turn the producer's repeats into new requests.
    """
    value, source = _property(event.properties), f"property {REQUEST_ID}"
    if value is None:
        value, source = event.message_id, "message id"
    if value is None:
        return event.place
    try:
        # Producers in typed languages send a number as a number.
        return check_client_id(str(value) if type(value) is int else value)
    except ValueError as error:
        raise Dead(INVALID_REQUEST_ID, f"{source} {error}") from None


def _property(properties: Mapping[str, Any]) -> Any:
    if REQUEST_ID in properties:
        return properties[REQUEST_ID]
    other = sorted(each for each in properties if each.lower() == REQUEST_ID.lower())
    return properties[other[0]] if other else None
