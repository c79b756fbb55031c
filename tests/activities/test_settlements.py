"""Word of what is finished, kept back a moment: on the wire, and in what a read shows."""

import asyncio
from itertools import chain

import pytest

from activities import settlements as module
from activities.hub import DurableHub
from activities.settlements import Settled, Settlements
from entities.project import Project, encode_state
from tests.activities.durable_server import DurableServer
from tests.activities.emitting import asking, showing

MESSAGE_LIMIT = 45 * 1024
ENTITY = "entities/Project/7"


@pytest.fixture
def hub(server: DurableServer) -> DurableHub:
    return DurableHub(server.client, Settlements())


async def test_what_is_settled_travels_with_the_next_requests(
    server: DurableServer, hub: DurableHub
) -> None:
    await hub.settle(7, 1, ["a"])
    await hub.settle(7, 3, ["b", "c"])
    assert server.asked == []
    await hub.create(7, asking("d"))
    (asked,) = server.asked
    assert asked.query == {"op": "settle_and_create"}
    assert asked.body == {
        "v": 1,
        "head": 3,
        "requestIds": ["a", "b", "c"],
        "requests": [{"requestId": "d", "title": "title of d"}],
    }


async def test_it_travels_once(server: DurableServer, hub: DurableHub) -> None:
    await hub.settle(7, 1, ["a"])
    await hub.create(7, asking("b"))
    await hub.create(7, asking("c"))
    assert [each.query["op"] for each in server.asked] == ["settle_and_create", "create"]


async def test_it_travels_with_requests_of_its_own_project_only(
    server: DurableServer, hub: DurableHub
) -> None:
    await hub.settle(7, 1, ["a"])
    await hub.create(8, asking("b", project_id=8))
    assert [each.query["op"] for each in server.asked] == ["create"]


async def test_without_further_requests_it_travels_alone_soon(
    server: DurableServer, hub: DurableHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_SECONDS_MAX", 0.01)
    await hub.settle(7, 2, ["a", "b"])
    await server.until(1)
    (asked,) = server.asked
    assert (asked.path, asked.query) == (ENTITY, {"op": "settle"})
    assert asked.body == {"v": 1, "head": 2, "requestIds": ["a", "b"]}


async def test_nothing_to_create_leaves_it_where_it_is(
    server: DurableServer, hub: DurableHub
) -> None:
    await hub.settle(7, 1, ["a"])
    await hub.create(7, [])
    await hub.create(7, asking("b"))
    assert [each.query["op"] for each in server.asked] == ["settle_and_create"]


async def test_what_is_too_much_to_keep_travels_at_once(
    server: DurableServer, hub: DurableHub
) -> None:
    ids = [f"{n:032x}" for n in range(1_000)]
    await hub.settle(7, 1_000, ids)
    assert list(chain.from_iterable(each.body["requestIds"] for each in server.asked)) == ids


@pytest.mark.parametrize("name", ["{}", "{:032x}", "{}" + "\\" * 240, "{}" + "🧊" * 200])
async def test_together_they_do_not_grow_beyond_a_message(
    server: DurableServer, hub: DurableHub, name: str
) -> None:
    for n in range(1_000):
        await hub.settle(7, n, [name.format(n)])
    await hub.create(7, asking(*(name.format(n) for n in range(2_000))))
    assert any(each.query["op"] == "settle_and_create" for each in server.asked)
    assert max(each.characters for each in server.asked) < MESSAGE_LIMIT


async def test_a_read_shows_the_outbox_as_it_will_be(
    server: DurableServer, hub: DurableHub
) -> None:
    server.answers[f"GET {ENTITY}"] = (200, encode_state(showing("a", "b", "c")))
    await hub.settle(7, 2, ["a", "b"])
    assert [each.request.request_id for each in (await hub.project(7)).outbox] == ["c"]
    await hub.create(7, asking("d"))
    assert [each.request.request_id for each in (await hub.project(7)).outbox] == ["c"]


async def test_an_entity_that_has_not_heard_for_long_is_believed_again(
    server: DurableServer, hub: DurableHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word of it may have been lost, and then it has to be sent again."""
    monkeypatch.setattr(module, "REMEMBERED_SECONDS", 0.01)
    server.answers[f"GET {ENTITY}"] = (200, encode_state(showing("a")))
    await hub.settle(7, 1, ["a"])
    assert (await hub.project(7)).outbox == ()
    async with asyncio.timeout(5):
        while await hub.project(7) != showing("a"):
            pass


async def test_a_request_settled_twice_is_remembered_for_the_longer_time() -> None:
    kept = Settlements()
    for _ in range(2):
        kept._remember(7, ["a"])
    kept._forget(7, ["a"])
    assert kept.apply(7, showing("a")) == Project()
    kept._forget(7, ["a"])
    assert kept.apply(7, showing("a")) == showing("a")
    assert kept._told == {}


async def test_word_that_cannot_be_sent_is_logged_and_forgotten(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "KEPT_SECONDS_MAX", 0.0)
    kept, tried = Settlements(), asyncio.Event()

    async def fail(_project_id: int, _settled: Settled) -> None:
        tried.set()
        raise ConnectionError

    kept.keep(7, 1, ["a"], fail)
    async with asyncio.timeout(5):
        await tried.wait()
        while kept._sending:
            await asyncio.wait(kept._sending)
    assert "settle_failed" in caplog.text
