import json
from typing import Any

import pytest
from multidict import CIMultiDict

from localhost.eventhubs.events import NewEvent
from localhost.eventhubs.rest_wire import BATCH_CONTENT_TYPE, Malformed, parse_events


def _one(*headers: tuple[str, str], body: bytes = b"body") -> NewEvent:
    [event] = parse_events(CIMultiDict(headers), body)
    return event


def _batch(items: Any, *headers: tuple[str, str]) -> list[NewEvent]:
    body = items if isinstance(items, bytes) else json.dumps(items).encode()
    content_type = ("Content-Type", f"{BATCH_CONTENT_TYPE}; charset=utf-8")
    return parse_events(CIMultiDict([content_type, *headers]), body)


def test_an_event_is_its_body_byte_by_byte() -> None:
    assert _one(body=b"\x00\xff") == NewEvent(b"\x00\xff")


def test_custom_headers_are_properties_as_they_are_spelled() -> None:
    event = _one(
        ("Host", "x"),
        ("content-type", "text/plain"),
        ("User-Agent", "curl"),
        ("If-None-Match", "*"),
        ("X-Forwarded-For", "::1"),
        ("x-functions-key", "secret"),
        ("Authorization", "SharedAccessSignature …"),
        ("requestId", '"r-1"'),
        ("REQUESTID", "other"),
    )
    assert json.loads(event.properties) == {"requestId": "r-1", "REQUESTID": "other"}


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ('"text"', "text"),
        ('"ä\\u00e4"', "ää"),
        ("plain text", "plain text"),
        ("5", 5),
        ("-1.5", -1.5),
        ("true", True),
        ("", ""),
        ("null", "null"),
        ("[1]", "[1]"),
        ('{"a":1}', '{"a":1}'),
        ("NaN", "NaN"),
        ('"open', '"open'),
        ("007", "007"),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", "9223372036854775808"),
    ],
)
def test_the_value_of_a_property_is_a_json_scalar_or_the_text(sent: str, value: object) -> None:
    read = json.loads(_one(("p", sent)).properties)["p"]
    assert (type(read), read) == (type(value), value)


def test_broker_properties_name_key_and_message_id() -> None:
    event = _one(("brokerproperties", '{"PartitionKey": "7", "MessageId": "m", "Label": "x"}'))
    assert event == NewEvent(b"body", "7", "m")
    assert _one(("BrokerProperties", '{"PartitionKey": ""}')) == NewEvent(b"body")


def test_a_batch_is_one_event_per_item() -> None:
    events = _batch(
        [
            {"Body": "ä"},
            {
                "Body": "b",
                "UserProperties": {"requestId": "r", "n": 1, "x": None},
                "BrokerProperties": {"PartitionKey": "k", "MessageId": "m"},
            },
        ],
        ("BrokerProperties", '{"PartitionKey": "default"}'),
        ("ignored", "x"),
    )
    assert events[0] == NewEvent("ä".encode(), "default")
    assert (events[1].partition_key, events[1].message_id) == ("k", "m")
    assert json.loads(events[1].properties) == {"requestId": "r", "n": 1, "x": None}


@pytest.mark.parametrize(
    "broker",
    [
        "",
        "{",
        "[]",
        '"7"',
        '{"PartitionKey": 7}',
        '{"PartitionKey": NaN}',
        '{"PartitionKey": "\\ud800"}',
        json.dumps({"PartitionKey": "x" * 129}),
        '{"MessageId": []}',
        "[" * 100_000,
    ],
)
def test_broker_properties_that_make_no_sense_are_refused(broker: str) -> None:
    with pytest.raises(Malformed):
        _one(("BrokerProperties", broker))


@pytest.mark.parametrize(
    "batch",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"[NaN]",
        {},
        [],
        ["x"],
        [{}],
        [{"Body": 1}],
        [{"Body": None}],
        [{"Body": "\ud800"}],
        [{"Body": "x", "UserProperties": [1]}],
        [{"Body": "x", "UserProperties": {"a": []}}],
        [{"Body": "x", "UserProperties": {"a": 2**63}}],
        [{"Body": "x", "BrokerProperties": 1}],
        [{"Body": "good"}, {"Body": 1}],
    ],
)
def test_malformed_batch_is_refused_whole(batch: object) -> None:
    with pytest.raises(Malformed):
        _batch(batch)
