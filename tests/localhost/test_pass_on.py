"""What a standby passes on, and what it makes of owners that are gone, silent, or somebody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from localhost import standby as standby_module
from localhost.http_server import Request
from localhost.listeners import bind_public, listening
from localhost.owner import new_owner, read_owner, write_owner
from localhost.standby import Standby, owner_door

Listen = Callable[[Any], Awaitable[str]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Serve a handler on a free port; return its address."""
    async with AsyncExitStack() as stack:

        async def serve(handler: Any) -> str:
            door = bind_public("127.0.0.1", 0)
            await stack.enter_async_context(listening(door, handler))
            return f"http://127.0.0.1:{door.getsockname()[1]}"

        yield serve


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "owner.json"


@pytest.fixture
async def passing(listen: Listen, file: Path) -> AsyncIterator[str]:
    """The address of a host that passes on whatever comes."""
    standby = Standby(file)

    async def handle(request: Request) -> web.StreamResponse:
        body = await request.read()
        return await standby.pass_on(request, request.raw_path, body, "http://base")

    yield await listen(handle)
    await standby.close()


async def echo(request: Request, path: str, base: str) -> web.StreamResponse:
    content = {
        "method": request.method,
        "path": path,
        "query": request.raw_path.partition("?")[2],
        "base": base,
        "headers": {name.lower(): text for name, text in request.headers.items()},
        "body": (await request.read()).decode(),
    }
    response = web.json_response(content, status=202)
    response.headers["Location"] = "there"
    return response


async def called(method: str, url: str, **options: Any) -> tuple[int, Any, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, **options) as answer,
    ):
        return answer.status, await answer.json(content_type=None), answer.headers


async def test_a_request_arrives_as_it_was_sent_and_so_does_the_answer(
    listen: Listen, file: Path, passing: str
) -> None:
    owner = new_owner("")
    address = await listen(owner_door(owner.name, echo))
    write_owner(file, replace(owner, address=address))
    headers = {"BrokerProperties": "{}", "x-functions-key": "secret", "Authorization": "Basic eA=="}
    status, seen, answered = await called(
        "POST", f"{passing}/hub%2Fx/messages?a=b%20c", data="body", headers=headers
    )
    assert (status, answered["Location"]) == (202, "there")
    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/hub%2Fx/messages", "a=b%20c")
    assert (seen["base"], seen["body"]) == ("http://base", "body")
    assert seen["headers"]["brokerproperties"] == "{}"
    assert not {"x-functions-key", "authorization"} & seen["headers"].keys()


async def test_a_body_without_a_length_arrives_whole(
    listen: Listen, file: Path, passing: str
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in b"a", b"bc":
            yield piece

    owner = new_owner("")
    address = await listen(owner_door(owner.name, echo))
    write_owner(file, replace(owner, address=address))
    _, seen, _ = await called("POST", f"{passing}/x", data=pieces(), expect100=True)
    assert seen["body"] == "abc"


async def test_a_redirect_is_for_the_client_to_follow(
    listen: Listen, file: Path, passing: str
) -> None:
    async def elsewhere(_: Request, path: str, base: str) -> web.StreamResponse:
        return web.Response(status=303, headers={"Location": f"{base}{path}/else"}, body=b"{}")

    owner = new_owner("")
    address = await listen(owner_door(owner.name, elsewhere))
    write_owner(file, replace(owner, address=address))
    status, _, headers = await called("GET", f"{passing}/x", allow_redirects=False)
    assert (status, headers["Location"]) == (303, "http://base/x/else")


async def test_without_an_owner_it_is_unavailable(passing: str) -> None:
    status, seen, headers = await called("GET", f"{passing}/x")
    assert (status, headers["Retry-After"]) == (503, "1")
    assert seen == {"Message": "nobody owns the data folder"}


async def test_an_owner_that_is_gone_is_unavailable(file: Path, passing: str) -> None:
    with bind_public("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
    write_owner(file, new_owner(f"http://127.0.0.1:{port}"))
    status, _, _ = await called("GET", f"{passing}/x")
    assert status == 503


@pytest.mark.parametrize("knows_the_path", [False, True])
async def test_a_stranger_on_the_port_of_the_owner_is_not_believed(
    listen: Listen, file: Path, passing: str, *, knows_the_path: bool
) -> None:
    async def anybody(_: Request) -> web.StreamResponse:
        return web.json_response({"entity": "of somebody else"})

    stranger = anybody if knows_the_path else owner_door("somebody-else", echo)
    write_owner(file, new_owner(await listen(stranger)))
    status, seen, _ = await called("GET", f"{passing}/x")
    assert status == 503
    assert "is gone" in seen["Message"]


async def test_an_owner_that_does_not_answer_is_unavailable(
    listen: Listen, file: Path, passing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standby_module, "PASS_ON_SECONDS_MAX", 0.05)
    asked, never = asyncio.Event(), asyncio.Event()

    async def silent(_: Request) -> web.StreamResponse:
        asked.set()
        await never.wait()
        raise AssertionError

    write_owner(file, new_owner(await listen(silent)))
    status, _, _ = await called("GET", f"{passing}/x")
    assert status == 503
    assert asked.is_set()


async def test_the_next_owner_is_asked_as_soon_as_it_says_where_it_is(
    listen: Listen, file: Path, passing: str
) -> None:
    for _ in range(2):
        owner = new_owner("")
        address = await listen(owner_door(owner.name, echo))
        write_owner(file, replace(owner, address=address))
        assert (await called("GET", f"{passing}/x"))[0] == 202


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": "x"}', '{"pid": 1}'])
def test_a_file_that_names_no_owner_is_as_good_as_none(file: Path, content: str) -> None:
    assert read_owner(file) is None
    file.write_text(content)
    assert read_owner(file) is None


def test_where_the_owner_is_is_for_its_user_only(file: Path) -> None:
    owner = new_owner("http://127.0.0.1:17071")
    write_owner(file, owner)
    assert read_owner(file) == owner
    assert file.stat().st_mode & 0o077 == 0
