"""Events as what the worker gets: bodies, and metadata as the extension sends them.

The SDK in the worker makes of them what it makes of them on Azure (host-protocol 9.1 to 9.4): naive
times, an offset that is an int in a list and a text alone, key lists without their nulls.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any, Final

from localhost.eventhubs.events import Event, Milliseconds, to_datetime
from localhost.eventhubs.partition import Partition
from localhost.eventhubs.subscriptions import DataType, Subscription
from localhost.functions import Trigger
from localhost.rpc.messages import (
    CollectionBytes,
    CollectionSInt64,
    CollectionString,
    TypedData,
)

NAMESPACE: Final = "localhost"
NUMBER_NONE: Final = -(2**63)
"""Sequence number and offset of an event that was never in a hub: .NET's long.MinValue."""
TIME_NONE: Final = "0001-01-01T00:00:00"


def many_events(
    subscription: Subscription, events: Sequence[Event], partition: Partition
) -> Trigger:
    """Return what fires a function of cardinality many.

    Raises what makes the binding fail: ValueError for a body that is no JSON when `dataType` is
    not declared.
    """
    metadata = {
        "SystemPropertiesArray": _json([_system_properties(event) for event in events]),
        "PropertiesArray": TypedData(json=f"[{','.join(event.properties for event in events)}]"),
        # Without the nulls, so that positions do not tell which event a key belongs to.
        "PartitionKeyArray": _strings(
            [event.partition_key for event in events if event.partition_key is not None]
        ),
        "OffsetArray": _strings([str(event.offset) for event in events]),
        "OffsetStringArray": _strings([str(event.offset) for event in events]),
        "SequenceNumberArray": _numbers([event.sequence_number for event in events]),
        "EnqueuedTimeUtcArray": _json([_dotnet_time(event) for event in events]),
        **_context(subscription, partition),
    }
    bodies = [event.body for event in events]
    return Trigger(_many_bodies(bodies, subscription.data_type), metadata)


def one_event(subscription: Subscription, event: Event, partition: Partition) -> Trigger:
    """Return what fires a function of cardinality one."""
    metadata = {
        "Offset": TypedData(string=str(event.offset)),
        "OffsetString": TypedData(string=str(event.offset)),
        "SequenceNumber": _json(event.sequence_number),
        "EnqueuedTimeUtc": _json(_dotnet_time(event)),
        "Properties": TypedData(json=event.properties),
        "SystemProperties": _json(_system_properties(event)),
        **_context(subscription, partition),
    }
    if event.partition_key is not None:
        metadata["PartitionKey"] = TypedData(string=event.partition_key)
    return Trigger(_one_body(event.body, subscription.data_type), metadata)


def event_by_hand(subscription: Subscription, text: str) -> Trigger:
    """Return what fires a function for `POST /admin/functions/{name}` (host-protocol 2.5).

    One event that was never in a hub: no partition, no key, numbers and times that say nothing.
    """
    system = {
        "SequenceNumber": NUMBER_NONE,
        "Offset": NUMBER_NONE,
        "OffsetString": None,
        "PartitionKey": None,
        "EnqueuedTimeUtc": TIME_NONE,
    }
    body = text.encode("utf-8", "replace")
    if not subscription.many:
        metadata = {
            "SequenceNumber": _json(NUMBER_NONE),
            "Offset": TypedData(string=str(NUMBER_NONE)),
            "EnqueuedTimeUtc": _json(TIME_NONE),
            "Properties": _json({}),
            "SystemProperties": _json(system),
        }
        return Trigger(_one_body(body, subscription.data_type), metadata)
    metadata = {
        "SystemPropertiesArray": _json([system]),
        "PropertiesArray": _json([{}]),
        "PartitionKeyArray": _strings([]),
        "OffsetArray": _strings([str(NUMBER_NONE)]),
        "SequenceNumberArray": _numbers([NUMBER_NONE]),
        "EnqueuedTimeUtcArray": _json([TIME_NONE]),
    }
    return Trigger(_many_bodies([body], subscription.data_type), metadata)


def _system_properties(event: Event) -> dict[str, Any]:
    """Return the annotations of the message, and four members that the extension adds."""
    system: dict[str, Any] = {
        "x-opt-sequence-number": event.sequence_number,
        "x-opt-offset": str(event.offset),
        "x-opt-enqueued-time": f"{_dotnet_time(event)}+00:00",
        "SequenceNumber": event.sequence_number,
        "Offset": event.offset,
        "OffsetString": str(event.offset),
        "PartitionKey": event.partition_key,
        "EnqueuedTimeUtc": _dotnet_time(event),
    }
    if event.partition_key is not None:
        system["x-opt-partition-key"] = event.partition_key
    if event.message_id is not None:
        system["message-id"] = event.message_id
    return system


def _context(subscription: Subscription, partition: Partition) -> dict[str, TypedData]:
    context = {
        "FullyQualifiedNamespace": NAMESPACE,
        "EventHubName": subscription.hub,
        "ConsumerGroup": subscription.consumer_group,
        "PartitionId": str(partition.number),
    }
    return {"PartitionContext": _json(context), "TriggerPartitionContext": _json(context)}


def _many_bodies(bodies: Sequence[bytes], data_type: DataType) -> TypedData:
    if data_type is DataType.BINARY:
        return TypedData(collection_bytes=CollectionBytes(list(bodies)))
    texts = [_dotnet_text(body) for body in bodies]
    if data_type is DataType.STRING:
        # Empty ones get lost between host and worker, and then the numbers do not match.
        return _strings([text for text in texts if text])
    return _json([_newtonsoft(json.loads(text, parse_constant=_no_json)) for text in texts])


def _one_body(body: bytes, data_type: DataType) -> TypedData:
    if data_type is DataType.BINARY:
        return TypedData(bytes=body)
    return TypedData(string=_dotnet_text(body))


def _dotnet_text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _dotnet_time(event: Event) -> str:
    return _dotnet_time_at(event.enqueued_at)


@lru_cache(1024)  # events that came in one request share it, and each says it four times
def _dotnet_time_at(at: Milliseconds) -> str:
    """Return the time without a zone and without zeros at the end of the fraction."""
    text = to_datetime(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".")


_UTC_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{1,7})Z")


def _newtonsoft(value: Any) -> Any:
    """Return the JSON value as Newtonsoft writes it again: it takes texts like times for times.

    Only times in UTC are done here; others it would convert to the time zone of the machine.
    """
    if isinstance(value, str) and (found := _UTC_TIME.fullmatch(value)):
        return f"{found[1]}.{found[2]}".rstrip("0").rstrip(".") + "Z"
    if isinstance(value, list):
        return [_newtonsoft(item) for item in value]
    if isinstance(value, dict):
        return {key: _newtonsoft(item) for key, item in value.items()}
    return value


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _json(value: Any) -> TypedData:
    return TypedData(json=json.dumps(value))


def _strings(values: list[str]) -> TypedData:
    return TypedData(collection_string=CollectionString(values))


def _numbers(values: list[int]) -> TypedData:
    return TypedData(collection_sint64=CollectionSInt64(values))
