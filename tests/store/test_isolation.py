"""A key whose calls hang has its own places only: no other key waits for it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from time import perf_counter

import pytest
from aiohttp import web

from store.ports.records import Unknown
from store.tables import client, connection
from store.tables.client import CALLS_PER_KEY_MAX, Places, Table
from store.tables.connection import Account, Connection
from store.tables.log import TableLog

HANGING_KEYS = 400
PLACES = 2


class HangingServer:
    """Answers as Table Storage does that holds nothing, but never for keys that begin with `h`."""

    def __init__(self) -> None:
        self.hanging = 0
        self.hanging_max = 0
        self.never = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        if "'h" in request.path_qs or "%27h" in request.path_qs:
            self.hanging += 1
            self.hanging_max = max(self.hanging_max, self.hanging)
            try:
                await self.never.wait()
            finally:
                self.hanging -= 1
        error = {"odata.error": {"code": "ResourceNotFound", "message": {"value": "None."}}}
        return web.json_response(error, status=404)


@pytest.fixture
async def server() -> HangingServer:
    return HangingServer()


@pytest.fixture(autouse=True)
def _calls_that_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of those that hang ends while a busy machine still starts others."""
    monkeypatch.setattr(client, "CALL_SECONDS_MAX", 100.0)
    monkeypatch.setattr(connection, "READ_SECONDS_MAX", 100.0)


@pytest.fixture
async def account(server: HangingServer) -> AsyncIterator[Account]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    endpoint = f"AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:{port}/a"
    opened = Connection.read({"EO_TABLES": endpoint}).open()
    yield opened
    await opened.close()
    server.never.set()
    await runner.cleanup()


async def cancelled(tasks: list[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def reached(condition: Callable[[], bool]) -> None:
    """The condition is the server's, in this very process."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - of several events, whichever comes last
            await asyncio.sleep(0.01)


async def slowest(call: Callable[[], Awaitable[object]], times: int) -> float:
    """The longest of several calls, in seconds."""
    longest = 0.0
    for _ in range(times):
        began = perf_counter()
        await call()
        longest = max(longest, perf_counter() - began)
    return longest


def test_connections_suffice_for_hundreds_of_hanging_keys() -> None:
    assert connection.CONNECTIONS_MAX > (HANGING_KEYS + 50) * client.CALLS_PER_KEY_MAX


async def test_hundreds_of_hanging_keys_hold_up_no_other(
    server: HangingServer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CALLS_PER_KEY_MAX", PLACES)  # 3,200 connections take a while
    log = TableLog(Table(account, "things", Places()))
    ids = [f"id-{n}" for n in range(4 * PLACES)]
    tasks: list[asyncio.Task[object]] = [
        asyncio.create_task(log.find(f"h{n}", ids)) for n in range(HANGING_KEYS)
    ]
    # Every key has taken all the places it may have, and no more.
    await reached(lambda: server.hanging == HANGING_KEYS * PLACES)
    assert await slowest(lambda: log.find("7", ids), 20) < client.CALL_SECONDS_MAX / 10
    assert server.hanging_max == HANGING_KEYS * PLACES
    await cancelled(tasks)


async def test_wait_for_a_place_counts_against_the_time_of_the_call(
    server: HangingServer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = TableLog(Table(account, "things", Places()))
    tasks: list[asyncio.Task[object]] = [
        asyncio.create_task(log.get("h", n)) for n in range(1, 1 + CALLS_PER_KEY_MAX)
    ]
    await reached(lambda: server.hanging == CALLS_PER_KEY_MAX)
    monkeypatch.setattr(client, "CALL_SECONDS_MAX", 0.2)
    with pytest.raises(Unknown, match="no answer within"):
        await log.find("h", [f"id-{n}" for n in range(100)])
    assert server.hanging_max == CALLS_PER_KEY_MAX
    assert await log.get("7", 1) is None
    await cancelled(tasks)


async def test_places_are_free_again_after_calls_that_were_given_up(
    server: HangingServer, account: Account
) -> None:
    places = Places()
    log = TableLog(Table(account, "things", places))
    tasks: list[asyncio.Task[object]] = []
    for _ in range(3):
        tasks = [asyncio.create_task(log.get("h", n)) for n in range(1, 1 + CALLS_PER_KEY_MAX)]
        await reached(lambda: server.hanging == CALLS_PER_KEY_MAX)
        await cancelled(tasks)
        await reached(lambda: server.hanging == 0)
    del tasks
    gc.collect()  # what was raised holds on to frames
    assert list(places._of) == []  # nothing is kept of keys that are quiet
