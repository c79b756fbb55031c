"""What a producer sends over HTTP: one event or a batch, checked.

Source: Event Hubs REST, "Send event" and "Send batch events".
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from localhost.eventhubs.events import NewEvent

BODY_BYTES_MAX: Final = 1_048_576
"""Of a request. The limit of Event Hubs, Standard tier."""
PARTITION_KEY_CHARACTERS_MAX: Final = 128
BATCH_CONTENT_TYPE: Final = "application/vnd.microsoft.servicebus.json"
BROKER_PROPERTIES: Final = "BrokerProperties"

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_STANDARD: Final = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "authorization",
        "brokerproperties",
        "cache-control",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-md5",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "dnt",
        "expect",
        "forwarded",
        "from",
        "host",
        "keep-alive",
        "max-forwards",
        "origin",
        "pragma",
        "priority",
        "range",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "upgrade-insecure-requests",
        "user-agent",
        "via",
        "warning",
        "traceparent",
        "tracestate",
        "x-functions-key",
    }
)
"""Headers that belong to HTTP, to tracing or to this host; all others are properties."""
_STANDARD_PREFIXES: Final = ("if-", "proxy-", "sec-", "x-forwarded-", "x-ms-")

RawHeaders = Iterable[tuple[bytes, bytes]]
"""Names as sent: they are names of properties, which are told apart by case."""


class Malformed(Exception):
    """The request is refused with 400; `str` says why."""


def parse_events(raw_headers: RawHeaders, content_type: str, body: bytes) -> list[NewEvent]:
    """Return the events of a request, at least one. Raises Malformed."""
    headers = [(_text(name), _text(value).strip()) for name, value in raw_headers]
    key, message_id = _broker_properties(headers)
    if content_type.partition(";")[0].strip().lower() == BATCH_CONTENT_TYPE:
        return _batch(body, key)
    properties = {name: _value(text) for name, text in headers if not _is_standard(name)}
    return [NewEvent(body, key, message_id, _dumps(properties))]


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed("a header is not UTF-8") from error


def _is_standard(name: str) -> bool:
    lowered = name.lower()
    return lowered in _STANDARD or lowered.startswith(_STANDARD_PREFIXES)


def _value(text: str) -> Any:
    """Return the value of a property: a JSON scalar, or the text itself when it is none."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return value if value is not None and _is_scalar(value) else text


def _is_scalar(value: Any) -> bool:
    """Tell whether a message can carry the value as a property."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _INT64_MIN <= value <= _INT64_MAX
    return value is None or isinstance(value, str | bool | float)


def _broker_properties(headers: Sequence[tuple[str, str]]) -> tuple[str | None, str | None]:
    texts = [text for name, text in headers if name.lower() == BROKER_PROPERTIES.lower()]
    return _broker_values(_loads(texts[-1], BROKER_PROPERTIES)) if texts else (None, None)


def _broker_values(given: Any) -> tuple[str | None, str | None]:
    """Return the partition key and the message id; other broker properties mean nothing here."""
    if not isinstance(given, dict):
        raise Malformed(f"{BROKER_PROPERTIES} must be a JSON object")
    key, message_id = given.get("PartitionKey"), given.get("MessageId")
    for name, value in (("PartitionKey", key), ("MessageId", message_id)):
        if value is not None and not isinstance(value, str):
            raise Malformed(f"{name} must be a string")
        _check_text(value or "", name)
    if len(key or "") > PARTITION_KEY_CHARACTERS_MAX:
        raise Malformed(f"PartitionKey has more than {PARTITION_KEY_CHARACTERS_MAX} characters")
    return key or None, message_id


def _batch(body: bytes, default_key: str | None) -> list[NewEvent]:
    items = _loads(body, "the body")
    if not isinstance(items, list) or not items:
        raise Malformed("the body of a batch must be a JSON array with at least one event")
    return [_batch_event(item, default_key) for item in items]


def _batch_event(item: Any, default_key: str | None) -> NewEvent:
    if not isinstance(item, dict) or not isinstance(item.get("Body"), str):
        raise Malformed("each event of a batch must be an object with a Body, a string")
    properties = item.get("UserProperties") or {}
    if not isinstance(properties, dict) or not all(map(_is_scalar, properties.values())):
        raise Malformed("UserProperties must be an object of strings, numbers and booleans")
    key, message_id = _broker_values(item.get(BROKER_PROPERTIES) or {})
    _check_text(item["Body"], "Body")
    return NewEvent(item["Body"].encode(), key or default_key, message_id, _dumps(properties))


def _loads(text: str | bytes, what: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{what} must be JSON: {error}") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _dumps(properties: dict[str, Any]) -> str:
    return json.dumps(properties, separators=(",", ":")) if properties else "{}"


def _check_text(text: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Malformed(f"{what} holds half of a surrogate pair") from error
