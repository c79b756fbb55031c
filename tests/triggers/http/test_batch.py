"""What a client gets that asks for many entries at once."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest

from concurrency import turns
from domain.decider import Decider
from domain.invalid import Invalid
from domain.wire import Wire
from intake import admission
from store.ports.records import Request, Unknown
from tests.concurrency.passes import counted
from tests.triggers.http.service import Service, read

MILK = {"projectId": 7, "title": "Buy milk"}


async def test_one_key_that_fails_leaves_the_others_of_a_batch(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = service.store.inbox.put

    async def fail_for_8(requests: Sequence[Request], at: datetime) -> None:
        if requests[0].key == "8":
            raise Unknown("no answer")
        await put(requests, at)

    monkeypatch.setattr(service.store.inbox, "put", fail_for_8)
    items = [MILK | {"requestId": "a"}, MILK | {"requestId": "b", "projectId": 8}]
    one, two = read(await service.batch(items))["results"]
    assert one == {"status": "accepted", "projectId": 7, "requestId": "a"}
    assert (two["status"], two["reason"]) == ("not-accepted", "not-accepted")


async def test_a_batch_has_a_result_for_each_item_in_order(service: Service) -> None:
    await service.post(MILK, Idempotency_Key="old")
    items = [
        MILK | {"requestId": "new"},
        MILK | {"requestId": "old"},
        MILK | {"title": "other", "requestId": "old"},
        MILK,
        {"projectId": 8, "title": "x", "requestId": "new"},
        MILK | {"requestId": "new"},
        MILK | {"title": "other", "requestId": "new"},
    ]
    response = await service.batch(items)
    assert response.status_code == 202
    results = read(response)["results"]
    assert results[0] == {"status": "accepted", "projectId": 7, "requestId": "new"}
    assert results[1] == {
        "status": "created",
        "projectId": 7,
        "requestId": "old",
        "todo": {"projectId": 7, "id": 1, "title": "Buy milk"},
    }
    assert results[2]["status"] == "refused"
    assert results[2]["reason"] == "idempotency-key-reused"
    assert results[2]["detail"]
    assert results[3] == {
        "status": "invalid",
        "errors": [{"pointer": "#/3/requestId", "detail": "is missing"}],
    }
    assert results[4] == {"status": "accepted", "projectId": 8, "requestId": "new"}
    assert results[5] == results[0]
    assert results[6]["status"] == "refused"
    await service.hub.idle()
    assert [each.place for each in await service.store.log.read("7", 0, 10)] == [1, 2]


async def test_a_thousand_items_become_a_thousand_entries(service: Service) -> None:
    items = [{"projectId": 7 + i % 3, "title": f"t{i}", "requestId": f"r{i}"} for i in range(1_000)]
    for status in ("accepted", "created"):
        results = read(await service.batch(items))["results"]
        assert [each["status"] for each in results] == [status] * 1_000
        await service.hub.idle()
    counts = [len(await service.store.log.read(project, 0, 1_000)) for project in ("7", "8", "9")]
    assert counts == [334, 333, 333]


async def test_a_batch_being_read_lets_others_have_their_turn(service: Service) -> None:
    """One of 4 MB that is refused item by item (security H1)."""
    bad = b'{"' + b'":0,"'.join(b"%d" % each for each in range(550)) + b'":0}'
    body = b"[" + b",".join([bad] * 900) + b"]"
    passes, done = 0, asyncio.Event()

    async def count() -> None:
        nonlocal passes
        while not done.is_set():
            await asyncio.sleep(0)
            passes += 1

    counting = asyncio.create_task(count())
    response = await service.batch(body)
    done.set()
    await counting
    assert response.status_code == 202
    assert passes > 5


async def test_an_empty_batch_of_good_items_asks_the_store_for_nothing(service: Service) -> None:
    results = read(await service.batch([{}, 7]))["results"]
    assert [each["status"] for each in results] == ["invalid", "invalid"]
    assert await service.is_empty(7)


async def test_batches_read_side_by_side_share_one_turn(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS_MAX", 0.0)  # a turn is an item
    read_in_pass = 0
    items = Wire.items

    def counted(wire: Wire, body: bytes) -> Iterator[Request | Invalid]:
        nonlocal read_in_pass
        for item in items(wire, body):
            read_in_pass += 1
            yield item

    monkeypatch.setattr(Wire, "items", counted)
    batch = [MILK | {"projectId": "no integer", "requestId": f"r{n}"} for n in range(20)]
    batches = [asyncio.create_task(service.batch(batch)) for _ in range(4)]
    most = 0
    while not all(each.done() for each in batches):
        read_in_pass = 0
        await asyncio.sleep(0)
        most = max(most, read_in_pass)
    assert all(read(each.result())["results"][19]["status"] == "invalid" for each in batches)
    assert 1 <= most <= 2


async def test_reading_and_comparing_share_one_turn(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS_MAX", 0.0)
    worked = Counter[int]()
    kinds = set[str]()
    items, same = Wire.items, Decider.same
    async with counted() as passes:

        def work(kind: str) -> None:
            worked[passes()] += 1
            kinds.add(f"{kind} {asyncio.current_task() is reading}")

        def read_items(wire: Wire, body: bytes) -> Iterator[Request | Invalid]:
            for item in items(wire, body):
                work("read")
                yield item

        def compare(decider: Decider, one: str, other: str) -> bool:
            work("compare")
            return same(decider, one, other)

        monkeypatch.setattr(Wire, "items", read_items)
        monkeypatch.setattr(Decider, "same", compare)
        comparing = asyncio.create_task(service.batch([MILK | {"requestId": "a"}] * 50))
        reading = asyncio.create_task(service.batch([MILK | {"title": ""}] * 200))
        await asyncio.gather(comparing, reading)
    assert kinds >= {"compare False", "read True"}
    assert worked.total() == 50 + 50 + 200
    assert max(worked.values()) == 1


async def test_full_process_refuses_a_batch_unread(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "REQUESTS_WAITING_MAX", 2)
    gate, reached = asyncio.Event(), asyncio.Event()
    put = service.store.inbox.put

    async def wait(requests: Sequence[Request], at: datetime) -> None:
        reached.set()
        await gate.wait()
        await put(requests, at)

    monkeypatch.setattr(service.store.inbox, "put", wait)
    items = [MILK | {"requestId": name} for name in "ab"]
    first = asyncio.create_task(service.batch(items))
    await reached.wait()
    assert (await service.batch(b"[not JSON")).status_code == 429
    gate.set()
    assert (await first).status_code == 202
    assert (await service.batch(b"[not JSON")).status_code == 400


async def test_results_of_a_batch_let_others_have_their_turn(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS_MAX", 0.0)
    await service.post(MILK, Idempotency_Key="used")
    bodies = [MILK | {"title": f"other {n}", "requestId": "used"} for n in range(1_000)]
    async with counted() as passes:
        answer = await service.batch(bodies)
        assert {each["status"] for each in read(answer)["results"]} == {"refused"}
        assert passes() > 3_000  # reading, comparing and answering each item
