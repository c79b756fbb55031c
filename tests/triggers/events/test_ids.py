"""Which request an event is, so that the same event is the same request however it comes."""

from typing import Any

import azure.functions as func
import pytest

from tests.domain_under_test import nth_key
from tests.triggers.events.deliveries import deliver, deliver_by_hand, event, event_body, numbered
from tests.triggers.events.service import EventService


@pytest.mark.parametrize(
    ("properties", "message_id", "expected"),
    [
        ({"requestId": "abc"}, "message", "abc"),
        ({"requestid": "abc"}, "message", "abc"),
        ({"requestId": "abc", "REQUESTID": "xyz"}, None, "abc"),
        ({"requestId": 12345}, None, "12345"),
        ({"requestId": None}, "message", "message"),
        ({"other": "abc"}, "message", "message"),
        ({}, 12345, "12345"),
        ({}, None, "event:requests:3:17"),
    ],
)
async def test_id_is_the_property_or_the_message_id_or_the_place(
    service: EventService, properties: dict[str, Any], message_id: Any, expected: str
) -> None:
    sent = event(7, "a", 17, partition="3", properties=properties, message_id=message_id)
    await service.receive(sent)
    assert await service.request_ids() == [expected]


async def test_name_of_the_hub_is_the_same_in_any_case(service: EventService) -> None:
    await service.receive(event(7, "a", 17, hub="requests"))
    await service.receive(event(7, "a", 17, hub="Requests"))
    assert await service.request_ids() == ["event:requests:0:17"]


@pytest.mark.parametrize(
    ("properties", "message_id"),
    [
        ({"requestId": ""}, None),
        ({"requestId": "a b"}, None),
        ({"requestId": "é"}, None),
        ({"requestId": "a/b"}, None),
        ({"requestId": "event:requests:0:1"}, None),
        ({"requestId": "x" * 256}, None),
        ({"requestId": True}, None),
        ({"requestId": 1.5}, None),
        ({"requestId": ["abc"]}, "message"),
        ({}, "a b"),
        ({}, ""),
    ],
)
async def test_invalid_id_is_not_passed_over_for_another(
    service: EventService, properties: dict[str, Any], message_id: str | None
) -> None:
    await service.receive(event(7, "a", 5, properties=properties, message_id=message_id))
    assert await service.request_ids() == []
    assert await service.codes() == {"5": "invalid-request-id"}
    [letter] = await service.letters()
    assert letter.summary.request_id is None
    assert (dict(letter.properties), letter.message_id) == (properties, message_id)


async def test_metadata_belongs_to_its_event(
    service: EventService,
) -> None:
    events = [
        event(7, "a", 10, properties={"requestId": "one"}),
        event(7, "b", 11, partition_key=nth_key(7), message_id="two"),
        event(7, "c", 12),
        event(7, "d", 20, partition_key=nth_key(8), properties={"requestId": "four"}),
    ]
    await service.receive(*events)
    assert await service.request_ids() == ["one", "two", "event:requests:0:12", "four"]


@pytest.mark.parametrize("name", ["PropertiesArray"])
async def test_metadata_that_does_not_line_up_is_never_guessed(
    service: EventService, name: str
) -> None:
    events = numbered([event(7, "a"), event(7, "b")])
    batch = deliver(events, **{name: [{"requestId": "one"}]})
    with pytest.raises(ValueError, match=name):
        await service.receiver.receive(batch, service.hub)
    assert await service.request_ids() == []


async def test_invocation_by_hand_and_its_retry_are_one_request(
    service: EventService,
) -> None:
    for content in ("a", "a", "b"):
        sent = deliver_by_hand(event_body(7, content))
        await service.receiver.receive(sent, service.hub)
    one, other = await service.request_ids()
    assert one.startswith("event:requests:manual:")
    assert one != other


async def test_poison_by_hand_is_kept_once_per_content(service: EventService) -> None:
    for body in (b"{", b"{", b"[]"):
        await service.receiver.receive(deliver_by_hand(body), service.hub)
    assert sorted(each.body for each in await service.letters()) == [b"[]", b"{"]
    for letter in await service.letters():
        assert letter.summary.name.partition == "manual"
        assert letter.summary.enqueued_at is None


async def test_batch_without_metadata_is_one_by_hand(service: EventService) -> None:
    body = event_body(7, "a")
    for _ in range(2):
        await service.receiver.receive([func.EventHubEvent(body=body)], service.hub)
    assert len(await service.request_ids()) == 1
