"""A lone key beside one neighbour that takes all it can get, on tables as far away as in a region.

Between the app and Azurite there are 10 ms for each row and 25 ms for each transaction. The lone key
is asked for one entry after the other, alone at first, then beside the neighbour.

With `--apart` the neighbour asks another host, with tables of its own: what the lone key loses then
it loses to the machine, which runs app, tables, proxy and clients, and not to what the app shares.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from azure.data.tables.aio import TableClient

from bench import table
from bench.client import Client, connected
from bench.host import Host
from bench.load import Lone, at_rate, lone
from bench.options import Options
from bench.tables_proxy import HANGS, Call, TablesProxy, as_in_a_region
from bench.work import Work
from domain.domain import AnyDomain
from domain.request import Request
from store.open import open_store
from store.tables.rows import HEAD_KEY, partition_of
from tools import azurite

ALONE_SECONDS: Final = 8.0
BESIDE_SECONDS: Final = 12.0
PAUSE_SECONDS: Final = 0.05

LONE_KEY: Final = 0
BUSY: Final = 1
"""The key of the neighbour; those of a neighbour with many follow it."""
MANY: Final = 400

FAILING_PER_SECOND: Final = 10
"""Requests to a key whose calls fail; a client that gets no answer does not send more."""

HOSTILE_CLIENTS: Final = 4

UNREADABLE: Final = {"place": 3, "state": "3", "v": 999}
"""A head row of a newer release."""


@dataclass(slots=True)
class Street:
    """Where both live."""

    options: Options
    work: Work
    client: Client
    proxy: TablesProxy
    tables: str
    """Connection string that goes past the proxy."""

    @property
    def domain(self) -> AnyDomain:
        """What the app serves."""
        return self.options.domain

    def partition(self, number: int) -> str:
        """Return the partition of a key."""
        return partition_of(self.work.key(number))


Neighbour = Callable[[Street], Awaitable[None]]
"""Takes what it can until it is cancelled."""


async def run(options: Options) -> None:
    """Print a row for each neighbour."""
    table.head(
        *("beside", "alone p50 ms", "p95", "beside it p50", "p95", "max", "asked", "not in time"),
        *("p95 / p95 alone", "load average"),
    )
    for name, neighbour in NEIGHBOURS.items():
        if options.wants(name):
            await _measure(options, name, neighbour)


async def _measure(options: Options, name: str, neighbour: Neighbour) -> None:
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(_street(options))
        other = await stack.enter_async_context(_street(options)) if options.apart else home
        await lone(home.client, home.work, LONE_KEY, 2.0, 0.0)
        alone = await lone(home.client, home.work, LONE_KEY, ALONE_SECONDS, PAUSE_SECONDS)
        taking = asyncio.ensure_future(neighbour(other))
        try:
            await asyncio.sleep(1.0)
            beside = await lone(home.client, home.work, LONE_KEY, BESIDE_SECONDS, PAUSE_SECONDS)
            if taking.done():
                taking.result()
        finally:
            taking.cancel()
            with suppress(asyncio.CancelledError):
                await taking
        _print(name, alone, beside)


def _print(name: str, alone: Lone, beside: Lone) -> None:
    table.row(
        *(name, f"{alone.p(50):.0f}", f"{alone.p(95):.0f}", f"{beside.p(50):.0f}"),
        *(f"{beside.p(95):.0f}", f"{max(beside.latencies) * 1e3:.0f}", len(beside.latencies)),
        *(beside.late, f"{beside.p(95) / alone.p(95):.1f}", table.load_now()),
    )


@asynccontextmanager
async def _street(options: Options) -> AsyncIterator[Street]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        emulator = stack.enter_context(azurite.running())
        proxy = stack.enter_context(TablesProxy(emulator.ports[2], as_in_a_region))
        direct = emulator.connection_string()
        environ = {
            "EO_TABLES": proxy.connection_string(direct),
            "EO_SWEEP_SCHEDULE": "*/2 * * * * *",
            "EO_SWEEP_AFTER_SECONDS": "3",
        }
        host = stack.enter_context(Host(folder, options.module, environ, storage="tables"))
        client = await stack.enter_async_context(connected(host.base_url, options.domain))
        yield Street(options, Work(options.domain, options.seed), client, proxy, direct)


def _asks(street: Street, key: int) -> Callable[[], Awaitable[object]]:
    async def ask() -> object:
        return await street.client.post(street.work.request(key))

    return ask


def _busy(per_second: float) -> Neighbour:
    async def neighbour(street: Street) -> None:
        await at_rate(per_second, _asks(street, BUSY))

    return neighbour


def _hangs(street: Street, which: Callable[[Call], bool]) -> None:
    """Have the calls hang that are chosen."""
    street.proxy.delay = lambda call: HANGS if which(call) else as_in_a_region(call)


async def _appends_hang(street: Street) -> None:
    log, partition = street.domain.plural, street.partition(BUSY)
    _hangs(street, lambda c: c.is_write and (c.table, c.partition) == (log, partition))
    await at_rate(FAILING_PER_SECOND, _asks(street, BUSY))


async def _reads_hang(street: Street) -> None:
    partition = street.partition(BUSY)
    _hangs(street, lambda c: not c.is_write and c.partition == partition)
    await at_rate(FAILING_PER_SECOND, _asks(street, BUSY))


async def _unreadable(street: Street) -> None:
    names = {"PartitionKey": street.partition(BUSY), "RowKey": HEAD_KEY}
    row: dict[str, Any] = {**names, **UNREADABLE}
    async with TableClient.from_connection_string(street.tables, street.domain.plural) as log:
        await log.upsert_entity(row)
    await at_rate(FAILING_PER_SECOND, _asks(street, BUSY))


async def _flood(street: Street) -> None:
    """3,000 requests in a second, each with a client that waits for it."""
    sending = asyncio.ensure_future(at_rate(3_000, _asks(street, BUSY)))
    try:
        await asyncio.sleep(1.0)
        sending.cancel()
        await asyncio.Event().wait()
    finally:
        sending.cancel()


async def _many_hang(street: Street) -> None:
    """400 keys whose every call hangs; each has rows that wait for the sweeper, and callers."""
    keys = range(BUSY, BUSY + MANY)
    store = open_store("tables", street.domain.plural, {"EO_TABLES": street.tables})
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    for key in keys:
        await store.inbox.put([street.work.request(key) for _ in range(3)], long_ago)
    await store.close()
    partitions = {street.partition(key) for key in keys}
    _hangs(street, lambda call: call.partition in partitions)
    turn = iter([*keys] * 1_000)

    async def ask() -> object:
        return await street.client.post(street.work.request(next(turn)))

    await at_rate(40, ask)


async def _refused_bodies(street: Street) -> None:
    """JSON of 4 MB with as many errors as fit, again and again."""
    await _hostile(street, json.dumps([{"x": 1}] * 400_000).encode())


async def _one_id(street: Street) -> None:
    """One request id with 1,000 payloads in a batch."""
    requests = [street.work.request(BUSY) for _ in range(1_000)]
    await _hostile(street, _batch(street, [Request(e.key, "same", e.payload) for e in requests]))


async def _new_keys(street: Street) -> None:
    """Batches over 1,000 keys that nobody has used."""
    numbers = iter(range(1_000, 10_000_000))

    async def one() -> None:
        while True:
            batch = [street.work.request(next(numbers)) for _ in range(1_000)]
            await _post(street, _batch(street, batch))

    await one()


async def _straight(street: Street) -> None:
    """Make the calls of those batches past the app, which shares the tables with them, no more."""
    connection = street.proxy.connection_string(street.tables)
    command = (sys.executable, "-m", "bench.straight_calls", connection, street.domain.plural)
    process = await asyncio.create_subprocess_exec(*command)
    try:
        raise RuntimeError(f"the calls ended with exit code {await process.wait()}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _batch(street: Street, requests: list[Request]) -> bytes:
    domain = street.domain
    return json.dumps(
        [
            {
                domain.key.name: domain.key.value(each.key),
                domain.request_id: each.id,
                **json.loads(each.payload),
            }
            for each in requests
        ]
    ).encode()


async def _hostile(street: Street, body: bytes) -> None:
    async def one() -> None:
        while True:
            await _post(street, body)

    async with asyncio.TaskGroup() as group:
        for _ in range(HOSTILE_CLIENTS):
            group.create_task(one())


async def _post(street: Street, body: bytes) -> None:
    path, headers = f"/api/{street.domain.plural}/batch", {"Content-Type": "application/json"}
    async with street.client.session.post(path, data=body, headers=headers) as answer:
        await answer.read()
    if answer.status in (429, 503):
        await asyncio.sleep(0.1)


NEIGHBOURS: Final[dict[str, Neighbour]] = {
    **{f"{rate} requests/s": _busy(rate) for rate in (10, 20, 50, 100)},
    "appends hang": _appends_hang,
    "reads hang": _reads_hang,
    "rows cannot be read": _unreadable,
    "3,000 requests in a second": _flood,
    "400 keys, every call hangs, in the sweeper too": _many_hang,
    "refused JSON of 4 MB": _refused_bodies,
    "one id with 1,000 payloads": _one_id,
    "batches over 1,000 new keys": _new_keys,
    "calls of such batches, past the app": _straight,
}
