"""Calls to the tables and to the hub, counted between the app and Azurite, and what they cost."""

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import bare_append, table, verify
from bench.client import Client, connected
from bench.host import ROOT, Host, spent
from bench.load import closed_loop
from bench.options import Options
from bench.tables_proxy import TablesProxy
from bench.work import Work
from domain.request import Request
from tools import azurite

LONE: Final = 40
CROWD: Final = 32
CROWD_REQUESTS: Final = 1_600
KEYS: Final = 100
KEYS_REQUESTS: Final = 600


@dataclass(frozen=True, slots=True)
class Place:
    """Hosts on one store, and the proxy between them and Azurite."""

    hosts: list[Host]
    proxy: TablesProxy
    client: Client
    others: list[Client]


async def run(options: Options) -> None:
    """Print what was counted beside what is allowed; `--only` takes names of `PARTS`."""
    table.head("budget", "allowed", "counted", "requests", "load average")
    for name, measure in PARTS.items():
        if options.wants(name):
            await measure(options)


@contextmanager
def _tables() -> Iterator[tuple[TablesProxy, dict[str, str]]]:
    with ExitStack() as stack:
        emulator = stack.enter_context(azurite.running())
        proxy = stack.enter_context(TablesProxy(emulator.ports[2]))
        connection = proxy.connection_string(emulator.connection_string())
        yield proxy, {"EO_TABLES": connection, "TodoTables": connection}


def _one_host(stack: ExitStack, options: Options) -> tuple[TablesProxy, Host]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
    proxy, environ = stack.enter_context(_tables())
    host = Host(folder, options.module, environ, storage="tables")
    return proxy, stack.enter_context(host)


async def _lone(options: Options) -> None:
    work = Work(options.domain, options.seed)
    with ExitStack() as stack:
        proxy, host = _one_host(stack, options)
        async with connected(host.base_url, options.domain) as client:
            await _warm(client, work)
            for made_key, allowed in ((True, 3), (False, 4)):
                key = 1 + made_key
                await client.ask(work.request(key), made_key=made_key)
                await asyncio.sleep(1.0)
                proxy.reset()
                with spent(host) as (counted, _):
                    for _ in range(LONE):
                        await client.ask(work.request(key), made_key=made_key)
                    await asyncio.sleep(1.0)
                whose = "made by the service" if made_key else "of the caller"
                table.row(
                    f"table requests of a lone one, key {whose}",
                    *(allowed, f"{_requests(proxy) / LONE:.2f}", LONE, table.load_now()),
                )
                hub = (counted["client_signals"] + counted["state_reads"]) / LONE
                table.row("calls to the hub of it", 3, f"{hub:.2f}", LONE, table.load_now())
                table.row("orchestrations", 0, counted["starts"], LONE, table.load_now())


async def _crowd(options: Options) -> None:
    work = Work(options.domain, options.seed)
    with ExitStack() as stack:
        proxy, host = _one_host(stack, options)
        async with connected(host.base_url, options.domain) as client:
            await _warm(client, work)
            proxy.reset()
            requests = work.requests(CROWD_REQUESTS, [1])
            answers = await _made_keys(client, requests, CROWD)
            count = len(requests)
            assert await client.last(requests[0].key) == count == len(set(answers))
            table.row(
                f"table requests of one among {CROWD} callers of a key",
                *(0.6, f"{_requests(proxy) / count:.2f}", count, table.load_now()),
            )


async def _two(options: Options) -> None:
    """Two processes that share the hub and the tables, half of the callers on each."""
    work = Work(options.domain, options.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _tables() as (proxy, env):
        folder = Path(name)
        with ExitStack() as stack:
            one = stack.enter_context(Host(folder, options.module, env, storage="tables"))
            two = Host(folder, options.module, env, storage="tables", shared=folder / "data")
            stack.enter_context(two)
            async with (
                connected(one.base_url, options.domain) as first,
                connected(two.base_url, options.domain) as second,
            ):
                await _warm(first, work)
                proxy.reset()
                parts = [work.requests(CROWD_REQUESTS // 2, [1]) for _ in range(2)]
                both = await asyncio.gather(
                    closed_loop(first, parts[0], CROWD // 2),
                    closed_loop(second, parts[1], CROWD // 2),
                )
                count = await verify.answers(first, {**both[0].told, **both[1].told})
        log = options.domain.plural
        appends = sum(n for c, n in proxy.calls.items() if c.table == log and c.method == "BATCH")
        lost = sum(n for c, n in proxy.lost.items() if c.table == log and c.method == "BATCH")
        table.row(
            "appends that met a conflict, two processes on a key",
            *("15 %", f"{lost / appends:.0%} of {appends}", count, table.load_now()),
        )


async def _cpu(options: Options) -> None:
    """CPU over 100 keys on Azurite, beside another release in the same run."""
    ours = await _cpu_of(options, None)
    table.row(
        f"CPU ms of a request over {KEYS} keys: workers, with the host",
        *("", f"{ours[0]:.2f}, {ours[1]:.2f}", KEYS_REQUESTS, table.load_now()),
    )
    bare = await _bare()
    table.row(
        "CPU ms of a bare append of the same rows by hand-made requests",
        *("", f"{bare:.2f}", bare_append.APPENDS, table.load_now()),
    )
    table.row("workers beside it", "800 %", f"{ours[0] / bare:.0%}", "", table.load_now())
    if options.before is None:
        return
    before = await _cpu_of(options, options.before)
    table.row(
        f"the same of {options.before.name}, which has one process for both",
        *("", f"{before[1]:.2f}", KEYS_REQUESTS, table.load_now()),
    )
    share = ours[1] / before[1]
    table.row("CPU beside it, host and workers", "50 %", f"{share:.0%}", "", table.load_now())


async def _bare() -> float:
    with azurite.running() as emulator:
        command = (sys.executable, "-m", "bench.bare_append", emulator.connection_string())
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=ROOT)
        printed, _ = await process.communicate()
        return float(printed)


async def _cpu_of(options: Options, before: Path | None) -> tuple[float, float]:
    work = Work(options.domain, options.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _tables() as (proxy, env):
        host = Host(Path(name), options.module, env, storage="tables")
        if before is not None:
            host.be(before)
        with host:
            async with connected(host.base_url, options.domain) as client:
                await _warm(client, work)
                proxy.reset()
                requests = work.requests(KEYS_REQUESTS, range(KEYS))
                cpu = host.cpu()
                answers = await closed_loop(client, requests, CROWD)
                cpu = host.cpu() - cpu
                if before is None:
                    await verify.answers(client, answers.told)
                count = len(requests)
                return cpu.workers / count * 1e3, cpu.all / count * 1e3


async def _warm(client: Client, work: Work) -> None:
    """Make the tables, and load what is loaded on first use."""
    keys = range(1_000, 1_020)
    await closed_loop(client, work.requests(200, keys), 8)
    await asyncio.sleep(2.0)


async def _made_keys(client: Client, requests: list[Request], clients: int) -> list[int]:
    line, places = iter(requests), list[int]()

    async def one() -> None:
        for request in line:
            places.append((await client.ask(request, made_key=True)).place)

    await asyncio.gather(*(one() for _ in range(clients)))
    return places


def _requests(proxy: TablesProxy) -> int:
    """Return requests for rows of keys: the health of the app and its sweeps are not of a request."""
    return sum(n for call, n in proxy.calls.items() if call.partition and call.partition[0] != "~")


PARTS: Final[dict[str, Callable[[Options], Awaitable[None]]]] = {
    "lone": _lone,
    "crowd": _crowd,
    "two processes": _two,
    "cpu": _cpu,
}
