"""The trigger `events`: every event ends in the inbox, in the log or among the dead letters."""

import asyncio
import inspect
import json
import random
import typing
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.functions import meta

from settings import Settings
from store.port import Unknown
from store.sqlite import SqliteStore
from tests.triggers.deliveries import Sent, numbered, todo_event
from tests.triggers.event_service import EventService, now
from triggers import event_hubs
from triggers.intake import NotAccepted, Overloaded

MIB = 1_048_576

POISON = {
    "not JSON": (b"{", "invalid-body"),
    "empty": (b"", "invalid-body"),
    "not UTF-8": (b'{"projectId": 7, "title": "\xff"}', "invalid-body"),
    "NUL bytes": (b"\0\0\0", "invalid-body"),
    "an array": (b"[]", "invalid-body"),
    "boolean project": (b'{"projectId": true, "title": "a"}', "invalid-body"),
    "unknown field": (b'{"projectId": 7, "title": "a", "id": 1}', "invalid-body"),
    "duplicate key": (b'{"projectId": 7, "title": "a", "title": "b"}', "invalid-body"),
    "no title": (b'{"projectId": 7, "title": " "}', "invalid-body"),
    "1 MiB": (b"\xff" * MIB, "too-large"),
}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[EventService]:
    store = SqliteStore(tmp_path / "todos.db")
    made = EventService.over(store)
    yield made
    await made.hub.idle()
    await store.close()


async def test_events_become_todos_in_the_order_of_their_partition(service: EventService) -> None:
    await service.receive(*numbered([todo_event(7, f"TODO {n}") for n in range(120)]))
    assert await service.titles(7) == [f"TODO {n}" for n in range(120)]
    assert await service.letters() == []


async def test_a_batch_costs_one_orchestration_and_a_signal_per_project(
    service: EventService,
) -> None:
    events = [todo_event(1 + n % 50, f"TODO {n}") for n in range(500)]
    await service.receive(*numbered(events))
    assert len(service.hub.started) == 1
    assert sorted(service.hub.started[0]) == list(range(1, 51))
    assert sorted(service.hub.signalled) == list(range(1, 51))


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("what", POISON)
async def test_a_poison_event_in_any_place_is_kept_and_holds_up_nobody(
    service: EventService, what: str, place: int
) -> None:
    body, code = POISON[what]
    events = [todo_event(7, f"TODO {n}") for n in range(4)]
    events.insert(place, Sent(body, properties={"requestId": "bad", "trace": [1]}))
    await service.receive(*numbered(events, first=100))
    assert await service.titles(7) == [f"TODO {n}" for n in range(4)]
    [letter] = await service.letters()
    assert letter.body == body
    assert letter.properties == {"requestId": "bad", "trace": [1]}
    summary = letter.summary
    assert (summary.key.hub, summary.key.partition) == ("requests", "0")
    assert (summary.key.sequence_number, summary.code) == (100 + place, code)
    assert summary.request_id == "bad"
    assert summary.enqueued_at == datetime(2026, 7, 1, 10, 0, 0, 123_000, tzinfo=UTC)
    assert summary.reason


async def test_a_batch_of_nothing_but_poison_returns(service: EventService) -> None:
    await service.receive(*numbered([Sent(b"{", properties={"n": n}) for n in range(100)]))
    assert await service.codes() == dict.fromkeys(range(100), "invalid-body")
    assert service.hub.started == []


async def test_a_redelivered_poison_event_is_the_same_letter(service: EventService) -> None:
    events = numbered([Sent(b"{"), todo_event(7, "a"), Sent(b"[]")])
    for first, last in ((0, 3), (0, 1), (0, 2), (2, 3), (0, 3)):
        await service.receive(*events[first:last])
    assert await service.codes() == {0: "invalid-body", 2: "invalid-body"}
    assert await service.titles(7) == ["a"]


async def test_an_id_used_with_other_content_is_dead_in_the_batch_and_later(
    service: EventService,
) -> None:
    same = {"requestId": "abc"}
    titles = ["first", "other", "first"]
    await service.receive(*numbered([todo_event(7, t, properties=same) for t in titles]))
    await service.receive(todo_event(7, "another", 50, properties=same))
    await service.receive(todo_event(8, "another", 51, properties=same))
    assert await service.titles(7) == ["first"]
    assert await service.titles(8) == ["another"]
    assert await service.codes() == {1: "request-id-reused", 50: "request-id-reused"}


async def test_a_hub_rewound_to_its_beginning_makes_no_todo(service: EventService) -> None:
    chance = random.Random(20)
    partitions: list[list[Sent]] = [[], []]
    for n in range(1_000):
        project = chance.randint(1, 20)
        ids = {"requestId": f"r{n}"} if n % 3 == 0 else {}
        event = todo_event(project, f"TODO {n}", partition=str(n % 2), properties=ids)
        # A producer repeats itself: the same id again, in whatever partition.
        partitions[n % 2].append(event)
        if ids and chance.random() < 0.15:
            partitions[chance.randint(0, 1)].append(event)
    sent = [
        numbered([Sent(e.body, 0, str(p), e.properties) for e in events])
        for p, events in enumerate(partitions)
    ]
    await asyncio.gather(*(service.receive_all(events, 64) for events in sent))
    before = [await service.titles(each) for each in range(1, 21)]
    assert sum(map(len, before)) == 1_000
    for batch in (1_000, 37):
        await asyncio.gather(*(service.receive_all(events, batch) for events in sent))
    assert [await service.titles(each) for each in range(1, 21)] == before
    assert await service.letters() == []


async def test_two_partitions_carry_one_project(service: EventService) -> None:
    batches = [numbered([todo_event(7, f"{p}-{n}", partition=p) for n in range(100)]) for p in "01"]
    await asyncio.gather(*(service.receive(*events) for events in batches))
    titles = await service.titles(7)
    for p in "01":
        assert [t for t in titles if t.startswith(p)] == [f"{p}-{n}" for n in range(100)]


async def test_an_empty_batch_is_fine(service: EventService) -> None:
    await service.calls.receive([], service.hub)


async def test_a_task_hub_that_loses_everything_does_not_hold_up_the_batch(
    service: EventService,
) -> None:
    service.hub.works = False
    await service.receive(*numbered([todo_event(7, "a"), todo_event(7, "b")]))
    assert await service.store.inbox.count(7, 10) == 2


@pytest.mark.parametrize("down", ["inbox.put", "deadletters.put", "commit"])
async def test_a_store_that_fails_has_the_whole_batch_delivered_again(
    service: EventService, down: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = numbered([todo_event(7, "a"), Sent(b"{"), todo_event(8, "b")])

    async def fail(*_: object) -> None:
        raise Unknown(down)

    with monkeypatch.context() as broken:
        if down == "deadletters.put":
            broken.setattr(service.store.deadletters, "put", fail)
        else:
            broken.setattr(service.store.inbox, "put", fail)
        with pytest.raises((Unknown, NotAccepted)):
            await service.receive(*events)
        if down == "inbox.put":
            assert await service.letters() == []
    for _ in range(2):
        await service.receive(*events)
    assert (await service.titles(7), await service.titles(8)) == (["a"], ["b"])
    assert await service.codes() == {1: "invalid-body"}


@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_letter_whose_answer_is_lost_is_written_again_as_the_same(
    service: EventService, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = service.store.deadletters.put

    async def lose(letter: Any) -> None:
        if side == "after":
            await put(letter)
        raise Unknown("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(service.store.deadletters, "put", lose)
        with pytest.raises(Unknown):
            await service.receive(Sent(b"{", 4))
    await service.receive(Sent(b"{", 4))
    assert await service.codes() == {4: "invalid-body"}


async def test_too_much_at_once_is_delivered_again(
    service: EventService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triggers.intake.REQUESTS_WAITING_MAX", 10)
    batches = [numbered([todo_event(7, f"{p}{n}", partition=p) for n in range(8)]) for p in "01"]
    outcomes = await asyncio.gather(
        *(service.receive(*events) for events in batches), return_exceptions=True
    )
    refused = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Overloaded)]
    assert len(refused) == 1
    await service.receive(*batches[refused[0]])
    assert len(await service.titles(7)) == 16


async def test_properties_that_are_too_many_are_left_out_but_never_the_id(
    service: EventService,
) -> None:
    # 1 MiB in the hub; as JSON six times as much.
    properties = {f"p{n}": "\x01" * 100_000 for n in range(10)} | {"requestId": "abc"}
    await service.receive(Sent(b"{", 1, properties=properties))
    [letter] = await service.letters()
    assert letter.properties["requestId"] == "abc"
    assert 1 < len(letter.properties) < len(properties)
    assert "application properties" in letter.summary.reason


def declared(**settings: str) -> Any:
    read = Settings.read(settings)
    # What it is called with is of no matter until it is invoked.
    unused: Any = None
    blueprint = event_hubs.blueprint(unused, unused, read, now)
    app = func.FunctionApp()
    app.register_functions(blueprint)
    [function] = app.get_functions()
    return function


def test_it_is_declared_so_that_no_batch_is_ever_given_up() -> None:
    function = declared(TODO_REQUESTS_HUB="requests")
    assert function.get_function_name() == "events"
    retry = function.get_settings_dict("retry_policy")
    assert (retry["strategy"], retry["max_retry_count"]) == ("exponential_backoff", "-1")


def test_it_is_declared_so_that_bodies_arrive_as_they_were_sent() -> None:
    function = declared(TODO_REQUESTS_HUB="requests", TODO_REQUESTS_CONSUMER_GROUP="todos")
    trigger = json.loads(json.dumps(function.get_trigger().get_dict_repr(), default=str))
    assert trigger["type"] == "eventHubTrigger"
    assert trigger["eventHubName"] == "%TODO_REQUESTS_HUB%"
    assert trigger["connection"] == "EventHubs"
    assert trigger["consumerGroup"] == "todos"
    assert trigger["dataType"] == "BINARY"
    assert trigger["cardinality"] == "MANY"


def test_its_annotation_is_one_that_the_worker_takes() -> None:
    user_function = inspect.unwrap(declared(TODO_REQUESTS_HUB="requests").get_user_function())
    annotation = typing.get_type_hints(user_function)["events"]
    converter: Any = meta._ConverterMeta._bindings["eventHubTrigger"]
    assert converter.check_input_type_annotation(annotation)


def test_the_consumer_group_has_a_default_that_needs_no_setting() -> None:
    trigger = declared(TODO_REQUESTS_HUB="requests").get_trigger().get_dict_repr()
    assert trigger["consumerGroup"] == "$Default"
