"""What a deployment will feel like: the app under a profile of `localhost`, tables on Azurite."""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bench import table, verify
from bench.client import Client, connected
from bench.host import Host
from bench.load import at_rate, closed_loop, lone
from bench.options import Options
from bench.work import Work
from tools import azurite

LONE_SECONDS: Final = 20.0
PAUSE_SECONDS: Final = 0.5
BESIDE_PER_SECOND: Final = 20
CROWDS: Final = {"32 callers, 1 key": (32, 1, 800), "100 callers, 100 keys": (100, 100, 800)}
"""Callers, keys, requests."""


async def run(options: Options) -> None:
    """Print a table for the profile that was asked for."""
    table.head(f"profile {options.profile}", "p50 ms", "p95 ms", "requests/s", "load average")
    with _host(options) as host:
        async with connected(host.base_url, options.domain) as client:
            work = Work(options.domain, options.seed)
            await closed_loop(client, work.requests(100, range(500, 520)), 8)  # load everything
            await _alone(client, work)
            await _beside(client, work)
            for name, crowd in CROWDS.items():
                await _crowd(client, work, name, *crowd)


async def _alone(client: Client, work: Work) -> None:
    seen = await lone(client, work, 1, LONE_SECONDS, PAUSE_SECONDS)
    assert not seen.late
    table.row("a lone request", f"{seen.p(50):.0f}", f"{seen.p(95):.0f}", "", table.load_now())


async def _beside(client: Client, work: Work) -> None:
    busy = work.requester(2)
    load = asyncio.ensure_future(at_rate(BESIDE_PER_SECOND, lambda: client.post(busy())))
    try:
        seen = await lone(client, work, 3, LONE_SECONDS, PAUSE_SECONDS)
    finally:
        load.cancel()
        with suppress(asyncio.CancelledError):
            await load
    name = f"the same beside a key with {BESIDE_PER_SECOND} a second"
    table.row(name, f"{seen.p(50):.0f}", f"{seen.p(95):.0f}", "", table.load_now())


async def _crowd(
    client: Client, work: Work, name: str, callers: int, keys: int, requests: int
) -> None:
    # Keys that nobody has used: what is verified is the whole log of each.
    asked = work.requests(requests, range(1_000 * callers, 1_000 * callers + keys))
    answers = await closed_loop(client, asked, callers)
    count = await verify.answers(client, answers.told)
    cuts = statistics.quantiles(answers.latencies, n=100)
    table.row(
        *(name, f"{cuts[49] * 1e3:.0f}", f"{cuts[94] * 1e3:.0f}"),
        *(f"{count / answers.seconds:.0f}", table.load_now()),
    )


@contextmanager
def _host(options: Options) -> Iterator[Host]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        azurite.running() as emulator,
    ):
        environ = {
            "EO_TABLES": emulator.connection_string(),
            "LOCALHOST_PROFILE": options.profile,
        }
        with Host(Path(folder), options.module, environ, storage="tables") as host:
            yield host
