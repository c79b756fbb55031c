"""Clients that all wait at once: 100, and 1,000, on one key and on keys of their own."""

import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench import table, verify
from bench.client import connected
from bench.host import Host
from bench.load import Lone, closed_loop, lone_until
from bench.options import Options
from bench.work import Work

ROUNDS: Final = 4
LONE_KEY: Final = 2_000_000


async def run(options: Options) -> None:
    """Print a row for each number of clients."""
    table.head(
        *("clients", "keys", "requests/s", "wait p50 ms", "max", "lone p50", "p95", "max"),
        *("health p50", "max", "worker MB", "verified", "load average"),
    )
    for clients, keys in ((100, 1), (1_000, 1), (1_000, 1_000)):
        if options.wants(f"{clients:,}"):
            await _measure(options, clients, keys)


async def _measure(options: Options, clients: int, keys: int) -> None:
    work = Work(options.domain, options.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        host = stack.enter_context(Host(folder, options.module))
        async with connected(host.base_url, options.domain) as client:
            sending = work.requests(clients * ROUNDS, range(1, keys + 1))
            seen, done, health = Lone(), asyncio.Event(), list[float]()

            async def look() -> None:
                while not done.is_set():
                    began = time.perf_counter()
                    async with client.session.get("/api/health") as answer:
                        await answer.read()
                    health.append(time.perf_counter() - began)
                    await asyncio.sleep(0.05)

            asks = lone_until(done.is_set, seen, client, work.requester(LONE_KEY), 0.05)
            others = asyncio.gather(asks, look())
            try:
                answers = await closed_loop(client, sending, clients)
            finally:
                done.set()
                await others
            count = await verify.answers(client, answers.told)
            table.row(
                *(f"{clients:,}", f"{keys:,}", f"{count / answers.seconds:,.0f}"),
                f"{statistics.median(answers.latencies) * 1e3:.0f}",
                f"{max(answers.latencies) * 1e3:.0f}",
                *(f"{seen.p(50):.0f}", f"{seen.p(95):.0f}", f"{max(seen.latencies) * 1e3:.0f}"),
                f"{statistics.median(health) * 1e3:.0f}",
                *(f"{max(health) * 1e3:.0f}", f"{host.peak_memory_mb()[1]:.0f}"),
                *(f"{count:,}", table.load_now()),
            )
