"""Batches of events: each event ends in the inbox, in the log or among the dead letters."""

import asyncio
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from intake import admission
from intake.admission import Overloaded
from store.ports.records import Unknown, Unreadable
from tests.domain_under_test import DOMAIN, nth_key, payload
from tests.triggers.events.deliveries import Sent, deliver, event, event_body, numbered
from tests.triggers.events.service import EventService
from triggers.events import receive
from triggers.events.receive import Undelivered

MIB = 1_048_576

VALID = event_body(7, "a")
ASKED = json.loads(VALID)

POISON = {
    "not JSON": (b"{", "invalid-body"),
    "empty": (b"", "no-body"),
    "gzip": (b"\x1f\x8b\x08\x00", "invalid-body"),
    "not UTF-8": (VALID[:-1] + b',"x":"\xff"}', "invalid-body"),
    "NUL bytes": (b"\0\0\0", "invalid-body"),
    "an array": (b"[]", "invalid-body"),
    "boolean key": (json.dumps({**ASKED, DOMAIN.key.name: True}).encode(), "invalid-body"),
    "unknown field": (json.dumps({**ASKED, "never-declared": 1}).encode(), "invalid-body"),
    "duplicate members": (VALID[:-1] + b"," + VALID[1:], "invalid-body"),
    "no key": (payload("a").encode(), "invalid-body"),
    "1 MiB": (b"\xff" * MIB, "too-large"),
}


def ids(first: int, count: int, partition: str = "0") -> list[str]:
    return [f"event:requests:{partition}:{first + n}" for n in range(count)]


async def test_events_get_places_in_the_order_of_their_partition(service: EventService) -> None:
    await service.receive(*numbered([event(7, n) for n in range(120)]))
    assert await service.request_ids() == ids(0, 120)
    assert await service.letters() == []


async def test_batch_costs_one_orchestration(service: EventService) -> None:
    events = [event(1 + n % 50, n) for n in range(500)]
    await service.receive(*numbered(events))
    assert len(service.hub.handed_over) == 1
    assert sorted(service.hub.handed_over[0]) == sorted(nth_key(n) for n in range(1, 51))


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("what", POISON)
async def test_poison_in_any_place_is_kept_and_holds_up_no_other(
    service: EventService, what: str, place: int
) -> None:
    body, code = POISON[what]
    events = [event(7, n) for n in range(4)]
    events.insert(place, Sent(body, properties={"requestId": "bad", "trace": [1]}))
    await service.receive(*numbered(events, first=100))
    assert len(await service.request_ids()) == 4
    [letter] = await service.letters()
    assert letter.body == body
    assert letter.properties == {"requestId": "bad", "trace": [1]}
    summary = letter.summary
    assert (summary.name.source, summary.name.partition) == ("requests", "0")
    assert summary.name.position.startswith(f"{100 + place}-")
    assert (summary.code, summary.request_id) == (code, "bad")
    assert summary.enqueued_at == datetime(2026, 7, 1, 10, 0, 0, 123_000, tzinfo=UTC)
    assert summary.reason


async def test_redelivered_poison_is_the_same_letter(service: EventService) -> None:
    events = numbered([Sent(b"{"), event(7, "a"), Sent(b"[]")])
    for first, last in ((0, 3), (0, 1), (0, 2), (2, 3), (0, 3)):
        await service.receive(*events[first:last])
    assert await service.codes() == {"0": "invalid-body", "2": "invalid-body"}
    assert await service.request_ids() == ids(1, 1)


async def test_id_used_with_other_content_is_dead_now_and_later(service: EventService) -> None:
    same = {"requestId": "abc"}
    contents = ["first", "other", "first"]
    await service.receive(*numbered([event(7, each, properties=same) for each in contents]))
    await service.receive(event(7, "another", 50, properties=same))
    await service.receive(event(8, "another", 51, properties=same))
    assert await service.request_ids(nth_key(7)) == ["abc"]
    assert await service.request_ids(nth_key(8)) == ["abc"]
    assert await service.codes() == {"1": "request-id-reused", "50": "request-id-reused"}


async def test_hub_rewound_to_its_beginning_makes_nothing_new(service: EventService) -> None:
    rng = random.Random(20)
    partitions: list[list[Sent]] = [[], []]
    for n in range(400):
        named = {"requestId": f"r{n}"} if n % 3 == 0 else {}
        sent_once = event(rng.randint(1, 9), n, partition=str(n % 2), properties=named)
        # A producer repeats itself: the same id again, in whatever partition.
        partitions[n % 2].append(sent_once)
        if named and rng.random() < 0.15:
            partitions[rng.randint(0, 1)].append(sent_once)
    sent = [
        numbered([Sent(e.body, 0, str(p), e.properties) for e in events])
        for p, events in enumerate(partitions)
    ]
    await asyncio.gather(*(service.receive_all(events, 64) for events in sent))
    before = [await service.request_ids(nth_key(each)) for each in range(1, 10)]
    assert sum(map(len, before)) == 400
    for batch in (1_000, 37):
        await asyncio.gather(*(service.receive_all(events, batch) for events in sent))
    assert [await service.request_ids(nth_key(each)) for each in range(1, 10)] == before
    assert await service.letters() == []


async def test_task_hub_that_loses_everything_does_not_hold_up(service: EventService) -> None:
    service.hub.hangs = True
    batch = deliver(numbered([event(7, "a"), event(7, "b")]))
    await service.receiver.receive(batch, service.hub)
    assert await service.store.inbox.count(nth_key(7), 10) == 2


@pytest.mark.parametrize("down", ["inbox.put", "deadletters.put"])
async def test_store_that_fails_has_the_batch_delivered_again(
    service: EventService, down: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = numbered([event(7, "a"), Sent(b"{"), event(8, "b")])
    port = service.store.deadletters if down == "deadletters.put" else service.engine.inbox

    async def fail(*_: object) -> None:
        raise Unknown(down)

    with monkeypatch.context() as broken:
        broken.setattr(port, "put", fail, raising=False)
        with pytest.raises((Unknown, Undelivered)):
            await service.receive(*events)
    for _ in range(2):
        await service.receive(*events)
    assert (await service.request_ids(nth_key(7)), await service.request_ids(nth_key(8))) == (
        ids(0, 1),
        ids(2, 1),
    )
    assert await service.codes() == {"1": "invalid-body"}


async def test_unreadable_key_is_dead_after_three_tries(
    service: EventService, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = numbered([event(7, "a"), event(8, "b")])
    find = service.engine.log.find

    async def unreadable(asked: str, request_ids: Any) -> Any:
        if asked == nth_key(7):
            raise Unreadable("of a newer release")
        return await find(asked, request_ids)

    monkeypatch.setattr(service.engine.log, "find", unreadable, raising=False)
    for _ in range(receive.TRIES_UNREADABLE_MAX - 1):
        with pytest.raises(Undelivered):
            await service.receive(*events)
    await service.receive(*events)
    assert await service.codes() == {"0": "key-unavailable"}
    assert await service.request_ids(nth_key(8)) == ids(1, 1)


async def test_letter_of_a_key_that_is_back_is_a_repeat(
    service: EventService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its batch is delivered once more, for another event's sake."""
    events = numbered([event(7, "a")])

    async def unreadable(*_: Any) -> Any:
        raise Unreadable("of a newer release")

    with monkeypatch.context() as damaged:
        damaged.setattr(service.engine.log, "find", unreadable, raising=False)
        for _ in range(receive.TRIES_UNREADABLE_MAX - 1):
            with pytest.raises(Undelivered):
                await service.receive(*events)
        await service.receive(*events)
    await service.receive(*events)
    assert await service.codes() == {"0": "key-unavailable"}
    assert await service.request_ids(nth_key(7)) == ids(0, 1)
    await service.receive(*events)  # what a replay of the letter sends
    assert await service.request_ids(nth_key(7)) == ids(0, 1)


@pytest.mark.parametrize("are_alone", [True, False])
async def test_silent_key_is_dead_when_the_store_works(
    service: EventService, monkeypatch: pytest.MonkeyPatch, *, are_alone: bool
) -> None:
    monkeypatch.setattr(receive, "TRIES_SILENT_MAX", 3)
    put = service.engine.inbox.put

    async def silent(requests: Any, at: Any) -> Any:
        if requests[0].key == nth_key(7):
            raise Unknown("no answer")
        return await put(requests, at)

    monkeypatch.setattr(service.engine.inbox, "put", silent, raising=False)
    events = [event(7, "a", 0), event(8, "b", 1)][: 1 if are_alone else 2]
    for _ in range(2):
        with pytest.raises(Undelivered):
            await service.receive(*events)
    await service.receive(*events)
    assert await service.codes() == {"0": "key-unavailable"}


@pytest.mark.parametrize("says", [{"log": "gone"}, Unknown("no answer")], ids=["check", "error"])
async def test_store_that_answers_nobody_makes_no_dead_letter(
    service: EventService, says: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "TRIES_SILENT_MAX", 3)

    async def silent(*_: Any) -> Any:
        raise Unknown("no answer")

    async def check() -> Any:
        if isinstance(says, Unknown):
            raise says
        return says

    with monkeypatch.context() as broken:
        broken.setattr(service.engine.inbox, "put", silent, raising=False)
        broken.setattr(service.engine, "check", check, raising=False)
        for _ in range(10):
            with pytest.raises(Undelivered):
                await service.receive(event(7, "a", 0))
    await service.receive(event(7, "a", 0))
    assert await service.codes() == {}
    assert await service.request_ids(nth_key(7)) == ids(0, 1)


async def test_too_much_at_once_is_delivered_again(
    service: EventService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "REQUESTS_WAITING_MAX", 10)
    batches = [numbered([event(7, f"{p}{n}", partition=p) for n in range(8)]) for p in "01"]
    outcomes = await asyncio.gather(
        *(service.receive(*events) for events in batches), return_exceptions=True
    )
    refused = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Overloaded)]
    assert len(refused) == 1
    await service.receive(*batches[refused[0]])
    assert len(await service.request_ids()) == 16


async def test_properties_that_are_too_many_never_cost_the_id(service: EventService) -> None:
    # 1 MiB in the hub; as JSON six times as much.
    properties = {f"p{n}": "\x01" * 100_000 for n in range(10)} | {"requestId": "abc"}
    await service.receive(Sent(b"{", 1, properties=properties))
    [letter] = await service.letters()
    assert letter.properties["requestId"] == "abc"
    assert 1 < len(letter.properties) < len(properties)
    assert "application properties" in letter.summary.reason


async def test_message_id_of_a_megabyte_is_bounded(service: EventService) -> None:
    await service.receive(Sent(b"{}", 1, message_id="\x01" * 700_000))
    [letter] = await service.letters()
    assert letter.message_id is not None
    assert len(letter.message_id) <= 2_000
