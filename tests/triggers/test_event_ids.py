"""Which request an event is, so that the same event is the same request however it comes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from store.sqlite import SqliteStore
from tests.triggers.deliveries import deliver, deliver_by_hand, numbered, todo_event
from tests.triggers.event_service import EventService


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[EventService]:
    store = SqliteStore(tmp_path / "todos.db")
    made = EventService.over(store)
    yield made
    await made.hub.idle()
    await store.close()


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
        ({}, None, "requests/3/17"),
    ],
)
async def test_the_request_id_is_the_property_or_the_message_id_or_the_place(
    service: EventService, properties: dict[str, Any], message_id: Any, expected: str
) -> None:
    event = todo_event(7, "a", 17, partition="3", properties=properties, message_id=message_id)
    await service.receive(event)
    assert await service.request_ids(7) == [expected]


async def test_the_name_of_the_hub_is_the_same_in_any_case(service: EventService) -> None:
    await service.receive(todo_event(7, "a", 17, hub="requests"))
    await service.receive(todo_event(7, "a", 17, hub="Requests"))
    assert await service.request_ids(7) == ["requests/0/17"]


@pytest.mark.parametrize(
    ("properties", "message_id"),
    [
        ({"requestId": ""}, None),
        ({"requestId": "a b"}, None),
        ({"requestId": "é"}, None),
        ({"requestId": "x" * 256}, None),
        ({"requestId": True}, None),
        ({"requestId": 1.5}, None),
        ({"requestId": ["abc"]}, "message"),
        ({}, "a b"),
        ({}, ""),
    ],
)
async def test_an_id_that_is_none_is_not_passed_over_for_another(
    service: EventService, properties: dict[str, Any], message_id: str | None
) -> None:
    await service.receive(todo_event(7, "a", 5, properties=properties, message_id=message_id))
    assert await service.titles(7) == []
    assert await service.codes() == {5: "invalid-request-id"}
    [letter] = await service.letters()
    assert letter.summary.request_id is None
    assert (dict(letter.properties), letter.message_id) == (properties, message_id)


async def test_metadata_belongs_to_its_event_where_other_arrays_do_not_line_up(
    service: EventService,
) -> None:
    events = [
        todo_event(7, "a", 10, properties={"requestId": "one"}),
        todo_event(7, "b", 11, partition_key="7", message_id="two"),
        todo_event(7, "c", 12),
        todo_event(7, "d", 20, partition_key="8", properties={"requestId": "four"}),
    ]
    await service.receive(*events)
    assert await service.request_ids(7) == ["one", "two", "requests/0/12", "four"]


@pytest.mark.parametrize("name", ["PropertiesArray"])
async def test_metadata_that_does_not_line_up_is_never_guessed(
    service: EventService, name: str
) -> None:
    events = numbered([todo_event(7, "a"), todo_event(7, "b")])
    batch = deliver(events, **{name: [{"requestId": "one"}]})
    with pytest.raises(ValueError, match=name):
        await service.calls.receive(batch, service.hub)
    assert await service.titles(7) == []


async def test_an_invocation_by_hand_makes_a_todo_and_its_retry_no_other(
    service: EventService,
) -> None:
    for title in ("a", "a", "b"):
        event = deliver_by_hand(json.dumps({"projectId": 7, "title": title}).encode())
        await service.calls.receive(event, service.hub)
        await service.hub.idle()
    assert await service.titles(7) == ["a", "b"]
    one, other = await service.request_ids(7)
    assert one.startswith("requests/manual/")
    assert one != other


async def test_poison_by_hand_is_kept_once_per_content(service: EventService) -> None:
    for body in (b"{", b"{", b"[]"):
        await service.calls.receive(deliver_by_hand(body), service.hub)
    assert sorted(each.body for each in await service.letters()) == [b"[]", b"{"]
    for letter in await service.letters():
        assert letter.summary.key.partition == "manual"
        assert letter.summary.enqueued_at is None


async def test_a_batch_without_metadata_is_one_by_hand(service: EventService) -> None:
    body = json.dumps({"projectId": 7, "title": "a"}).encode()
    for _ in range(2):
        await service.calls.receive([func.EventHubEvent(body=body)], service.hub)
        await service.hub.idle()
    assert await service.titles(7) == ["a"]
