import json
from datetime import datetime
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure_functions_runtime.bindings import meta

from localhost.eventhubs import trigger_data
from localhost.eventhubs.events import Event
from localhost.eventhubs.faults import EventHubFaults
from localhost.eventhubs.hub import EventHubs
from localhost.eventhubs.partition import Partition
from localhost.eventhubs.subscriptions import Subscription, build_subscriptions
from localhost.functions import EVENT_HUB_TRIGGER, Trigger
from localhost.rpc.messages import ParameterBinding
from localhost.timers import Clock
from tests.localhost.eventhubs.harness import Events, event_hub_app
from tests.localhost.in_process import index_functions

AT = 1_782_900_000_120
"""2026-07-01T10:00:00.120Z"""


@pytest.fixture
async def partition(tmp_path: Path) -> Any:
    faults, clock = EventHubFaults(), Clock()
    hubs = await EventHubs.open(tmp_path / "eventhubs.db", ["Requests"], 4, faults, clock)
    hub = hubs.find("requests")
    assert hub is not None
    yield hub.partitions[2]
    await hubs.close()


def _subscription(**trigger: Any) -> Subscription:
    async def events(batch: Events) -> None:
        pass

    app = event_hub_app(events, event_hub_name="Requests", **trigger)
    [found] = build_subscriptions(index_functions(app, Path(), {}), {})
    return found


def _event(body: bytes = b"{}", number: int = 10, key: str | None = "7", **more: Any) -> Event:
    given = {"enqueued_at": AT, "message_id": None, "properties": "{}", **more}
    return Event(
        sequence_number=number, offset=4096 + number, partition_key=key, body=body, **given
    )


def _decoded(trigger: Trigger) -> Any:
    """What the worker's library makes of it."""
    library: Any = meta
    return library.from_incoming_proto(
        EVENT_HUB_TRIGGER,
        ParameterBinding("batch", trigger.data),
        pytype=None,
        trigger_metadata=trigger.metadata,
        function_name="events",
    )


def many_events(*arguments: Any) -> Any:
    return _decoded(trigger_data.many_events(*arguments))


def one_event(*arguments: Any) -> Any:
    return _decoded(trigger_data.one_event(*arguments))


def event_by_hand(*arguments: Any) -> Any:
    return _decoded(trigger_data.event_by_hand(*arguments))


def test_a_list_of_events_has_bodies_and_positions(partition: Partition) -> None:
    batch = [_event(b"\xff\x00", 10), _event(b"", 11, None)]
    events = many_events(_subscription(), batch, partition)
    assert [type(event) for event in events] == [func.EventHubEvent] * 2
    assert [event.get_body() for event in events] == [b"\xff\x00", b""]
    assert [event.sequence_number for event in events] == [10, 11]
    assert [event.partition_key for event in events] == ["7", None]


def test_an_offset_is_an_int_in_a_list_and_a_text_alone(partition: Partition) -> None:
    [event] = many_events(_subscription(), [_event()], partition)
    alone = one_event(_subscription(cardinality="one"), _event(), partition)
    assert (event.offset, alone.offset) == (4106, "4106")


def test_the_time_of_arrival_has_no_zone(partition: Partition) -> None:
    [event] = many_events(_subscription(), [_event()], partition)
    alone = one_event(_subscription(cardinality="one"), _event(), partition)
    assert event.enqueued_time == alone.enqueued_time == datetime(2026, 7, 1, 10, 0, 0, 120_000)  # noqa: DTZ001


def test_partition_keys_lose_their_nulls_and_their_places(partition: Partition) -> None:
    batch = [_event(number=1, key=None), _event(number=2, key="b")]
    events = many_events(_subscription(), batch, partition)
    assert events[0].metadata["PartitionKeyArray"] == ["b"]
    system = events[0].metadata["SystemPropertiesArray"]
    assert [item["PartitionKey"] for item in system] == [None, "b"]


def test_system_properties_hold_all_that_is_known_of_an_event(partition: Partition) -> None:
    batch = [_event(message_id="m-1"), _event(number=11, key=None)]
    events = many_events(_subscription(), batch, partition)
    first, second = events[0].metadata["SystemPropertiesArray"]
    assert first == {
        "SequenceNumber": 10,
        "Offset": 4106,
        "OffsetString": "4106",
        "PartitionKey": "7",
        "EnqueuedTimeUtc": "2026-07-01T10:00:00.12",
        "message-id": "m-1",
        "x-opt-sequence-number": 10,
        "x-opt-offset": "4106",
        "x-opt-enqueued-time": "2026-07-01T10:00:00.12+00:00",
        "x-opt-partition-key": "7",
    }
    assert "message-id" not in second
    assert "x-opt-partition-key" not in second


def test_the_other_metadata_of_a_list(partition: Partition) -> None:
    batch = [_event(properties='{"requestId":"r-1","n":5}'), _event(number=11)]
    metadata = many_events(_subscription(consumer_group="mine"), batch, partition)[1].metadata
    context = {
        "FullyQualifiedNamespace": "localhost",
        "EventHubName": "Requests",
        "ConsumerGroup": "mine",
        "PartitionId": "2",
    }
    assert metadata["PropertiesArray"] == [{"requestId": "r-1", "n": 5}, {}]
    assert metadata["OffsetArray"] == metadata["OffsetStringArray"] == ["4106", "4107"]
    assert metadata["SequenceNumberArray"] == [10, 11]
    assert metadata["EnqueuedTimeUtcArray"] == ["2026-07-01T10:00:00.12"] * 2
    assert metadata["PartitionContext"] == metadata["TriggerPartitionContext"] == context


def test_the_metadata_of_one_event(partition: Partition) -> None:
    given = _event(b"text", properties='{"a":1}', message_id="m")
    event = one_event(_subscription(cardinality=None), given, partition)
    metadata = event.metadata
    assert (event.get_body(), event.partition_key, event.sequence_number) == (b"text", "7", 10)
    assert metadata["Properties"] == {"a": 1}
    assert metadata["SystemProperties"]["message-id"] == "m"
    assert metadata["PartitionContext"]["PartitionId"] == "2"
    assert (
        "PartitionKey"
        not in one_event(_subscription(cardinality="one"), _event(key=None), partition).metadata
    )


@pytest.mark.parametrize(("fraction", "shown"), [(0, ""), (100, ".1"), (123, ".123"), (7, ".007")])
def test_a_time_ends_without_zeros(partition: Partition, fraction: int, shown: str) -> None:
    [event] = many_events(_subscription(), [_event(enqueued_at=AT - 120 + fraction)], partition)
    assert event.metadata["EnqueuedTimeUtcArray"] == [f"2026-07-01T10:00:00{shown}"]
    assert event.enqueued_time.microsecond == fraction * 1000


def test_texts_have_replacement_characters_for_what_is_not_utf_8(partition: Partition) -> None:
    [event] = many_events(_subscription(data_type="string"), [_event(b"a\xffb")], partition)
    assert event.get_body() == "a\N{REPLACEMENT CHARACTER}b".encode()


def test_an_empty_text_spoils_the_whole_batch(partition: Partition) -> None:
    batch = [_event(b"a"), _event(b"", 11)]
    with pytest.raises(AssertionError, match="Number of bodies and metadata mismatched"):
        many_events(_subscription(data_type="string"), batch, partition)


def test_bodies_of_no_declared_type_are_written_again_as_json(partition: Partition) -> None:
    body = b'{"a":1,"t":"2026-07-01T10:00:00.1200Z","l":["2026-07-01T10:00:00.000Z"]}'
    [event] = many_events(_subscription(data_type=None), [_event(body)], partition)
    assert event.get_body() == (
        b'{"a": 1, "t": "2026-07-01T10:00:00.12Z", "l": ["2026-07-01T10:00:00Z"]}'
    )


@pytest.mark.parametrize("body", [b"", b"plain", b"\xff", b"NaN", b"[" * 100_000])
def test_non_json_body_fails_a_batch_without_declared_type(
    partition: Partition, body: bytes
) -> None:
    with pytest.raises((ValueError, RecursionError)):
        many_events(_subscription(data_type=None), [_event(b"1"), _event(body, 11)], partition)


@pytest.mark.parametrize("data_type", ["string", None])
def test_one_event_of_no_declared_type_is_a_text(
    partition: Partition, data_type: str | None
) -> None:
    subscription = _subscription(cardinality="one", data_type=data_type)
    assert one_event(subscription, _event(b"plain"), partition).get_body() == b"plain"


def test_an_event_started_by_hand_says_nothing_of_a_partition() -> None:
    [event] = event_by_hand(_subscription(), "höhe")
    assert event.get_body() == "höhe".encode()
    assert (event.sequence_number, event.offset, event.partition_key) == (-(2**63), -(2**63), None)
    assert "PartitionContext" not in event.metadata
    assert event.metadata["PropertiesArray"] == [{}]
    alone = event_by_hand(_subscription(cardinality="one"), "x")
    assert (alone.get_body(), alone.partition_key) == (b"x", None)
    assert "PartitionContext" not in alone.metadata


def test_every_event_of_a_list_has_the_metadata_of_all(partition: Partition) -> None:
    events = many_events(_subscription(), [_event(), _event(number=11)], partition)
    assert json.dumps(events[0].metadata) == json.dumps(events[1].metadata)
