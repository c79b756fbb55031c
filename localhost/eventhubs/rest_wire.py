"""What a producer sends over HTTP: one event or a batch, checked.

Source: Event Hubs REST, "Send event" and "Send batch events".
"""

import json
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from msgspec.json import decode
from multidict import CIMultiDict

from localhost.eventhubs.events import NewEvent

BODY_BYTES_MAX: Final = 1_048_576
"""Of a request. The limit of Event Hubs, Standard tier."""
PARTITION_KEY_CHARACTERS_MAX: Final = 128
BATCH_CONTENT_TYPE: Final = "application/vnd.microsoft.servicebus.json"
BROKER_PROPERTIES: Final = "BrokerProperties"

_STANDARD: Final = frozenset({
    "accept", "accept-charset", "accept-encoding", "accept-language", "authorization",
    "brokerproperties", "cache-control", "connection", "content-disposition",
    "content-encoding", "content-language", "content-length", "content-location", "content-md5",
    "content-range", "content-type", "cookie", "date", "dnt", "expect", "forwarded", "from",
    "host", "keep-alive", "max-forwards", "origin", "pragma", "priority", "range", "referer",
    "te", "trailer", "transfer-encoding", "upgrade", "upgrade-insecure-requests", "user-agent",
    "via", "warning", "traceparent", "tracestate", "x-functions-key",
})  # fmt: skip
"""Headers that belong to HTTP, to tracing or to this host; all others are properties."""
_STANDARD_PREFIXES: Final = ("if-", "proxy-", "sec-", "x-forwarded-", "x-ms-")


Scalar = None | bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float | str
"""What a message can carry as a property."""


class BrokerProperties(Struct, rename="pascal"):
    """Those that mean something here."""

    partition_key: Annotated[str, Meta(max_length=PARTITION_KEY_CHARACTERS_MAX)] | None = None
    message_id: str | None = None


class BatchEvent(Struct, rename="pascal"):
    """One event of a batch."""

    body: str
    user_properties: dict[str, Scalar] | None = None
    broker_properties: BrokerProperties | None = None


class Malformed(Exception):
    """The request is refused with 400; `str` says why."""


def parse_events(headers: CIMultiDict[str], body: bytes) -> list[NewEvent]:
    """Return the events of a request, at least one. Raises Malformed.

    Names of headers are those of properties, which are told apart by case.
    """
    given = headers.getall(BROKER_PROPERTIES, [])
    broker = _read(given[-1], BROKER_PROPERTIES, BrokerProperties) if given else BrokerProperties()
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type == BATCH_CONTENT_TYPE:
        batch = _read(body, "the body", Annotated[list[BatchEvent], Meta(min_length=1)])
        return [_event(item, broker) for item in batch]
    properties = {name: _value(text) for name, text in headers.items() if not _is_standard(name)}
    return [NewEvent(body, broker.partition_key or None, broker.message_id, _dumps(properties))]


def _read(text: str | bytes, what: str, kind: Any) -> Any:
    try:
        return decode(text, type=kind)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{what}: {error}") from error


def _event(item: BatchEvent, defaults: BrokerProperties) -> NewEvent:
    own = item.broker_properties or BrokerProperties()
    key = own.partition_key or defaults.partition_key or None
    return NewEvent(item.body.encode(), key, own.message_id, _dumps(item.user_properties or {}))


def _is_standard(name: str) -> bool:
    lowered = name.lower()
    return lowered in _STANDARD or lowered.startswith(_STANDARD_PREFIXES)


def _value(text: str) -> Any:
    """Return the value of a property: a JSON scalar, or the text itself when it is none."""
    try:
        value: Any = decode(text, type=Scalar)
    except (ValueError, RecursionError):
        return text
    return text if value is None else value


def _dumps(properties: dict[str, Any]) -> str:
    return json.dumps(properties, separators=(",", ":")) if properties else "{}"
