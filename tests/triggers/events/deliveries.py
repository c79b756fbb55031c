"""Batches of events as the worker hands them over: through the SDK's own converter."""

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func
from azure.functions import meta

from tests.domain_under_test import body, nth_key, payload

HUB = "requests"


@dataclass(frozen=True)
class Sent:
    """An event in a partition of a hub."""

    body: bytes
    number: int = 0
    partition: str = "0"
    properties: Mapping[str, Any] = field(default_factory=dict)
    message_id: Any = None
    partition_key: str | None = None
    hub: str = HUB


def event_body(key_number: int, content: Hashable) -> bytes:
    """A request as a producer writes it, for the key with a number."""
    return json.dumps(body(nth_key(key_number), payload(content))).encode()


def event(key_number: int, content: Hashable, number: int = 0, **more: Any) -> Sent:
    return Sent(event_body(key_number, content), number, **more)


def numbered(events: Sequence[Sent], first: int = 0) -> list[Sent]:
    """The events in a partition, one behind the other."""
    return [
        Sent(e.body, first + n, e.partition, e.properties, e.message_id, e.partition_key, e.hub)
        for n, e in enumerate(events)
    ]


@dataclass(frozen=True)
class _Bytes:
    bytes: list[bytes]


def deliver(events: Sequence[Sent], **metadata: Any) -> Sequence[func.EventHubEvent]:
    """One batch of one partition, cardinality many; `metadata` replaces parts of what goes along."""
    parts = {
        "SystemPropertiesArray": [_system(each) for each in events],
        "PropertiesArray": [dict(each.properties) for each in events],
        # As the host makes them: without those that are null, so that they do not line up.
        "PartitionKeyArray": [e.partition_key for e in events if e.partition_key is not None],
        "SequenceNumberArray": [each.number for each in events],
        "PartitionContext": _context(events[0].hub, events[0].partition),
    } | metadata
    batch: Sequence[func.EventHubEvent] = _decode(
        meta.Datum(type="collection_bytes", value=_Bytes([each.body for each in events])), parts
    )
    return batch


def deliver_by_hand(body: bytes) -> func.EventHubEvent:
    """What `POST /admin/functions/events` makes on the host: a single event of no partition."""
    nothing = {
        "SequenceNumber": -(2**63),
        "Offset": -(2**63),
        "PartitionKey": None,
        "EnqueuedTimeUtc": "0001-01-01T00:00:00",
    }
    parts = {"SystemProperties": nothing, "Properties": {}, "PartitionContext": None}
    event: func.EventHubEvent = _decode(meta.Datum(type="bytes", value=body), parts)
    return event


def _decode(data: meta.Datum, parts: Mapping[str, Any]) -> Any:
    converter: Any = meta._ConverterMeta._bindings["eventHubTrigger"]
    trigger_metadata = {
        name: meta.Datum(type="json", value=json.dumps(part))
        for name, part in parts.items()
        if part is not None
    }
    return converter.decode(data, trigger_metadata=trigger_metadata)


def _system(event: Sent) -> dict[str, Any]:
    system = {
        "SequenceNumber": event.number,
        "Offset": event.number * 512,
        "PartitionKey": event.partition_key,
        "EnqueuedTimeUtc": "2026-07-01T10:00:00.123",
    }
    return system if event.message_id is None else system | {"message-id": event.message_id}


def _context(hub: str, partition: str) -> dict[str, str]:
    return {
        "FullyQualifiedNamespace": "example.servicebus.windows.net",
        "EventHubName": hub,
        "ConsumerGroup": "$Default",
        "PartitionId": partition,
    }
