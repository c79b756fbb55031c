"""What is in the log is told to the entity with its next request, or alone a moment later."""

import asyncio

import pytest

from activities import settlements
from activities.hub import DurableHub
from activities.settlements import KEPT_CHARACTERS_MAX, Settled, Settlements
from entities.project import Project, create, encode_state
from tests.activities.durable_server import DurableServer
from todos import TodoRequest

ENTITY = "entities/Project/7"
MILK = TodoRequest(7, "c", "Buy milk")


class Sent:
    """Takes what is sent, and says when."""

    def __init__(self) -> None:
        self.all: list[tuple[int, Settled]] = []
        self.came = asyncio.Event()

    async def send(self, project_id: int, settled: Settled) -> None:
        self.all.append((project_id, settled))
        self.came.set()


async def test_it_travels_with_the_next_create_of_its_project(server: DurableServer) -> None:
    hub = DurableHub(server.client, Settlements())
    await hub.settle(7, 2, ["b"])
    await hub.settle(7, 1, ["a", "b"])
    assert server.asked == []
    await hub.create(8, [TodoRequest(8, "x", "Pay the rent")])
    await hub.create(7, [MILK])
    await hub.create(7, [MILK])
    assert [(each.path, each.query["op"]) for each in server.asked] == [
        ("entities/Project/8", "create"),
        ("entities/Project/7", "settle_and_create"),
        ("entities/Project/7", "create"),
    ]
    assert server.asked[1].body == {
        "head": 2,
        "requestIds": ["b", "a"],
        "requests": [{"requestId": "c", "title": "Buy milk"}],
    }


async def test_without_a_create_it_goes_alone_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlements, "KEPT_SECONDS_MAX", 0.01)
    sent, kept = Sent(), Settlements()
    assert kept.keep(7, 1, ["a"], sent.send)
    assert kept.keep(7, 2, ["b"], sent.send)
    await asyncio.wait_for(sent.came.wait(), 10)
    assert sent.all == [(7, Settled(2, ("a", "b")))]
    assert kept.take(7) is None


async def test_what_was_taken_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlements, "KEPT_SECONDS_MAX", 0.01)
    sent, kept = Sent(), Settlements()
    assert kept.keep(7, 1, ["a"], sent.send)
    assert kept.take(7) == Settled(1, ("a",))
    assert kept.keep(8, 1, ["x"], sent.send)  # its time comes after that of the other project
    await asyncio.wait_for(sent.came.wait(), 10)
    assert sent.all == [(8, Settled(1, ("x",)))]


async def test_more_than_fits_beside_a_load_of_requests_is_signalled_at_once(
    server: DurableServer,
) -> None:
    hub = DurableHub(server.client, Settlements())
    ids = [f"{n:0100}" for n in range(KEPT_CHARACTERS_MAX // 100)]
    await hub.settle(7, 40, ids)
    assert server.asked == []
    await hub.settle(7, 41, ["one more"])
    (asked,) = server.asked
    assert (asked.query, asked.body) == ({"op": "settle"}, {"head": 41, "requestIds": ["one more"]})


async def test_a_send_that_fails_is_nobodys_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlements, "KEPT_SECONDS_MAX", 0.0)
    failed, kept = asyncio.Event(), Settlements()

    async def fail(_: int, __: Settled) -> None:
        failed.set()
        raise ConnectionError

    assert kept.keep(7, 1, ["a"], fail)
    await asyncio.wait_for(failed.wait(), 10)


async def test_an_entity_is_read_as_if_it_had_heard_already(
    server: DurableServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settlements, "REMEMBERED_SECONDS", 0.2)
    requests = [TodoRequest(7, name, "Buy milk") for name in "abc"]
    server.answers[ENTITY] = (200, encode_state(create(Project(4), requests)))
    hub = DurableHub(server.client, Settlements())
    await hub.settle(7, 6, ["a", "b"])
    assert [each.request.request_id for each in (await hub.project(7)).outbox] == ["c"]
    # Word of it may get lost. So the entity is believed again after a while.
    async with asyncio.timeout(10):
        while len((await hub.project(7)).outbox) < len(requests):
            pass
