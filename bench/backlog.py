"""How fast a start gets through what was accepted before, and what a lone caller notices of it."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final

from bench import table, verify
from bench.client import connected
from bench.host import Host, spent
from bench.load import Lone, lone_until
from bench.options import Options
from bench.stored import fill_inbox, read_only
from bench.work import Work

SHAPES: Final = {
    "100 keys of 1,000": (100, 1_000),
    "1 key of 10,000": (1, 10_000),
    "10,000 keys of 1": (10_000, 1),
    "100,000 keys of 1": (100_000, 1),
    "100 keys of 10,000": (100, 10_000),
}
"""The last one, a million, only with `--size 1000000`."""

SECONDS_MAX: Final = 1_800.0

TENTHS: Final = range(1, 11)

LONE_KEY: Final = 2_000_000


async def run(options: Options) -> None:
    """Print a row for each shape; every request is looked for in the log at the end."""
    table.head(
        *("waiting at the start", "requests", "start s", "numbered after s", "requests/s"),
        *("lone p50 ms", "p95", "max", "asked", "not in time", "CPU s", "worker MB"),
        *("signals", "reads", "starts", "verified", "load average"),
    )
    memory: dict[str, list[str]] = {}
    for name, (keys, each) in SHAPES.items():
        if keys * each <= (options.size or 100_000) and options.wants(name):
            memory[name] = await _measure(options, name, keys, each)
    table.head("MB of worker, host when numbered", *(f"{tenth}0 %" for tenth in TENTHS))
    for name, cells in memory.items():
        table.row(name, *cells)


async def _measure(options: Options, name: str, keys: int, each: int) -> list[str]:
    work = Work(options.domain, options.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        host = Host(Path(folder), options.module)
        asked = await fill_inbox(host.store_file, work, keys, each)
        began = time.perf_counter()
        with host:
            async with connected(host.base_url, options.domain) as client:
                seen, done = Lone(), asyncio.Event()
                asks = lone_until(done.is_set, seen, client, work.requester(LONE_KEY), 0.05)
                with spent(host) as (counted, cpu):
                    calling = asyncio.ensure_future(asks)
                    try:
                        resident = await _emptied(host, work.key(LONE_KEY), len(asked))
                    finally:
                        seconds = time.perf_counter() - began
                        done.set()
                        await calling
                memory = host.peak_memory_mb()
        count = verify.sqlite_log(
            host.store_file, options.domain, asked, besides=work.key(LONE_KEY)
        )
        table.row(
            *(name, f"{len(asked):,}", f"{host.start_seconds:.1f}", f"{seconds:.1f}"),
            *(f"{len(asked) / seconds:,.0f}", *_told(seen), f"{cpu[0].all:.0f}"),
            f"{memory[1]:.0f}",
            *(counted["client_signals"], counted["state_reads"], counted["starts"]),
            *(f"{count:,}", table.load_now()),
        )
        return resident


def _told(seen: Lone) -> tuple[object, ...]:
    worst = max(seen.latencies) * 1e3
    return f"{seen.p(50):.0f}", f"{seen.p(95):.0f}", f"{worst:.0f}", len(seen.latencies), seen.late


async def _emptied(host: Host, besides: str, count: int) -> list[str]:
    """Wait until nothing waits but requests of one key; return the memory at each tenth till then."""
    resident: list[str] = []
    waits = "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE key <> ? LIMIT 1)"
    numbered = "SELECT coalesce(sum(place), 0) FROM head WHERE key <> ?"
    async with asyncio.timeout(SECONDS_MAX):
        with read_only(host.store_file) as db:
            while len(resident) < len(TENTHS) or db.execute(waits, (besides,)).fetchone()[0]:
                [(done,)] = db.execute(numbered, (besides,))
                if len(resident) < len(TENTHS) and done >= count * TENTHS[len(resident)] // 10:
                    of_host, of_worker = host.memory_mb()
                    resident.append(f"{of_worker:.0f}, {of_host:.0f}")
                else:
                    await asyncio.sleep(0.1)
    return resident
