"""The durable client doing what the protocol asks, as seen on the wire."""

import asyncio
import json
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities import hub
from activities.hub import (
    MESSAGE_CHARACTERS_MAX,
    DurableHub,
    decode_wanted,
    encode_wanted,
    fit_message,
    group,
    pieces,
)
from entities.project import Numbered, Project, encode_state
from tests.activities.durable_server import DurableServer
from todos import TodoRequest

MESSAGE_LIMIT = 45 * 1024
ENTITY = "entities/Project/7"
START = "orchestrators/outbox"
CONNECTIONS = 30
"""Of the SDK's session; who comes then waits for one."""

REQUEST_IDS = [
    "{}",
    "{}-6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34",
    "{}" + "\\" * 250,
    "{}" + "🧊" * 200,
]


def asking(count: int, name: str = "r{}", title: str = "Buy milk") -> list[TodoRequest]:
    return [TodoRequest(7, name.format(n), title) for n in range(count)]


async def test_requests_are_signalled_in_order_and_in_full(server: DurableServer) -> None:
    await DurableHub(server.client).create(7, asking(2))
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == ("POST", ENTITY, {"op": "create"})
    assert asked.body["requests"] == [
        {"requestId": "r0", "title": "Buy milk"},
        {"requestId": "r1", "title": "Buy milk"},
    ]


async def test_what_was_logged_is_settled_with_the_head(server: DurableServer) -> None:
    await DurableHub(server.client).settle(7, 42, ["a", "b"])
    (asked,) = server.asked
    assert (asked.path, asked.query) == (ENTITY, {"op": "settle"})
    assert asked.body == {"v": 1, "head": 42, "requestIds": ["a", "b"]}


async def test_one_orchestration_takes_many_projects(server: DurableServer) -> None:
    await DurableHub(server.client).start({7: ["a", "b"], 8: ["c"]})
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", START)
    assert asked.body["wanted"] == [
        {"projectId": 7, "requestIds": ["a", "b"]},
        {"projectId": 8, "requestIds": ["c"]},
    ]


@pytest.mark.parametrize("title", ["x", "x" * 500, "😀" * 500, '"' * 500])
async def test_no_create_grows_beyond_a_message(server: DurableServer, title: str) -> None:
    requests = asking(1_000, title=title)
    await DurableHub(server.client).create(7, requests)
    assert max(each.characters for each in server.asked) < MESSAGE_LIMIT
    sent = chain.from_iterable(each.body["requests"] for each in server.asked)
    assert [each["requestId"] for each in sent] == [each.request_id for each in requests]


@pytest.mark.parametrize("name", REQUEST_IDS, ids=["short", "uuid", "backslashes", "emoji"])
async def test_no_settle_grows_beyond_a_message(server: DurableServer, name: str) -> None:
    ids = [name.format(n) for n in range(1_000)]
    await DurableHub(server.client).settle(7, 42, ids)
    assert max(each.characters for each in server.asked) < MESSAGE_LIMIT
    assert list(chain.from_iterable(each.body["requestIds"] for each in server.asked)) == ids
    assert {each.body["head"] for each in server.asked} == {42}


@pytest.mark.parametrize("projects", [1, 10, 1_000])
@pytest.mark.parametrize("name", REQUEST_IDS, ids=["short", "uuid", "backslashes", "emoji"])
async def test_no_start_grows_beyond_a_message(
    server: DurableServer, name: str, projects: int
) -> None:
    pairs = [(2_147_483_647 - n % projects, name.format(n)) for n in range(1_000)]
    await DurableHub(server.client).start(group(pairs))
    assert max(each.characters for each in server.asked) < MESSAGE_LIMIT
    wanted = [decode_wanted(each.body) for each in server.asked]
    sent = [(project, each) for w in wanted for project, ids in w.items() for each in ids]
    assert sorted(sent) == sorted(pairs)


async def test_a_thousand_usual_requests_of_one_project_share_two_starts(
    server: DurableServer,
) -> None:
    await DurableHub(server.client).start({7: [f"{n:032x}" for n in range(1_000)]})
    assert len(server.asked) == 2


@given(st.lists(st.text(max_size=300), max_size=60))
def test_pieces_keep_everything_in_order(texts: list[str]) -> None:
    cut = pieces(texts, texts)
    assert list(chain.from_iterable(cut)) == texts
    assert all(cut)
    for piece in cut:
        assert len(json.dumps(json.dumps(json.dumps(piece)))) <= MESSAGE_CHARACTERS_MAX + 100


def test_what_fits_a_message_is_cut_from_the_front() -> None:
    requests = asking(100, title="😀" * 500)
    fitting = fit_message(requests)
    assert 1 <= len(fitting) < 100
    assert fitting == requests[: len(fitting)]
    assert fit_message([]) == ()
    assert fit_message(requests[:1]) == requests[:1]


async def test_nothing_to_send_sends_nothing(server: DurableServer) -> None:
    durable = DurableHub(server.client)
    await durable.create(7, [])
    await durable.settle(7, 42, [])
    await durable.start({})
    assert server.asked == []


async def test_the_committed_state_is_read(server: DurableServer) -> None:
    project = Project(41, (Numbered(42, *asking(1)),))
    server.answers[ENTITY] = (200, encode_state(project))
    assert await DurableHub(server.client).project(7) == project
    assert server.asked[0].method == "GET"


@pytest.mark.parametrize(
    "answer",
    [(404, None), (200, None), (200, ""), (200, "garbage"), (200, {"head": 1}), (200, [1])],
)
async def test_an_entity_that_is_not_there_reads_as_the_empty_project(
    server: DurableServer, answer: tuple[int, object]
) -> None:
    server.answers[ENTITY] = answer
    assert await DurableHub(server.client).project(7) == Project()


@pytest.mark.parametrize("status", [400, 410, 500, 503])
async def test_an_error_of_the_hub_is_an_exception(server: DurableServer, status: int) -> None:
    server.answers[ENTITY] = server.answers[START] = (status, {"Message": "no"})
    durable = DurableHub(server.client)
    with pytest.raises(Exception, match=str(status)):
        await durable.create(7, asking(1))
    with pytest.raises(Exception, match=str(status)):
        await durable.project(7)
    with pytest.raises(Exception, match=r"no|ExceptionMessage"):
        await durable.start({7: ["a"]})


async def test_a_call_that_takes_too_long_is_given_up(
    server: DurableServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "CALL_SECONDS_MAX", 0.05)
    server.held[ENTITY] = asyncio.Event()
    with pytest.raises(TimeoutError):
        await DurableHub(server.client).project(7)


async def test_one_broken_connection_makes_no_other_call_look_cancelled(
    server: DurableServer,
) -> None:
    """The SDK then closes its session, and aiohttp cancels whoever waits for a connection."""
    server.held[ENTITY] = asyncio.Event()
    server.dropped.add("entities/Project/8")
    durable = DurableHub(server.client)
    connected = [asyncio.ensure_future(durable.project(7)) for _ in range(CONNECTIONS - 1)]
    await server.until(CONNECTIONS - 1)
    broken = asyncio.ensure_future(durable.project(8))
    waiting = [asyncio.ensure_future(durable.project(7)) for _ in range(5)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    for each in connected:
        each.cancel()  # aiohttp would leave them waiting for an answer on a closed connection
    await asyncio.gather(broken, *connected, return_exceptions=True)
    assert all(isinstance(each, Exception) for each in outcomes)
    assert any(type(each) is ConnectionError for each in outcomes)


async def test_a_cancelled_caller_is_cancelled(server: DurableServer) -> None:
    server.held[ENTITY] = asyncio.Event()
    call = asyncio.ensure_future(DurableHub(server.client).project(7))
    await server.until(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def test_wanted_requests_survive_their_encoding() -> None:
    wanted = {7: ["a", "b"], 8: ["c"]}
    assert decode_wanted(json.loads(json.dumps(encode_wanted(wanted)))) == wanted


def test_pairs_are_gathered_by_project_in_their_order() -> None:
    assert group([(7, "b"), (8, "c"), (7, "a")]) == {7: ["b", "a"], 8: ["c"]}
