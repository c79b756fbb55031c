"""What a caller notices while old orchestrations are deleted."""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from bench import table
from bench.client import connected
from bench.host import Host
from bench.load import Lone, lone, lone_until
from bench.options import Options
from bench.stored import read_only
from bench.work import Work

INSTANCES: Final = 100_000
OLD_SHARE: Final = 0.04
SECONDS_MAX: Final = 180.0
DAY_MICROSECONDS: Final = 86_400 * 10**6
LONE_KEY: Final = 5


async def run(options: Options) -> None:
    """Print one row: 4 % of 100,000 orchestrations are two days old, and the purge runs."""
    instances = options.size or INSTANCES
    work = Work(options.domain, options.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        host = Host(Path(name), options.module, {"EO_PURGE_SCHEDULE": "0 0 0 1 1 *"})
        with host:
            async with connected(host.base_url, options.domain) as client:
                await lone(client, work, LONE_KEY, 0.5, 0.0)
                await client.post(work.request(LONE_KEY), wait=0)  # starts one orchestration
                await asyncio.sleep(2.0)
        hub = next((Path(name) / "data").rglob("taskhub.db"))
        old = _multiply(hub, instances)
        with host:
            async with connected(host.base_url, options.domain) as client:
                await lone(client, work, LONE_KEY, 2.0, 0.0)
                before = await lone(client, work, LONE_KEY, 5.0, 0.02)
                during, done = Lone(), asyncio.Event()
                began = time.perf_counter()
                await client.run_timer("purger")
                asks = lone_until(done.is_set, during, client, work.requester(LONE_KEY), 0.02)
                calling = asyncio.ensure_future(asks)
                try:
                    await _gone(hub, instances - old)
                finally:
                    done.set()
                    await calling
                seconds = time.perf_counter() - began
    table.head(
        *("orchestrations", "old", "purged after s", "POST p50 ms before, during", "p95", "max"),
        "load average",
    )
    table.row(
        *(f"{instances:,}", f"{old:,}", f"{seconds:.1f}"),
        f"{before.p(50):.0f}, {during.p(50):.0f}",
        f"{before.p(95):.0f}, {during.p(95):.0f}",
        f"{max(before.latencies) * 1e3:.0f}, {max(during.latencies) * 1e3:.0f}",
        table.load_now(),
    )


def _multiply(hub: Path, instances: int) -> int:
    """Copy the one finished orchestration; return how many of the copies are two days old."""
    with closing(sqlite3.connect(hub)) as db, db:
        names = [row[1] for row in db.execute("PRAGMA table_info(instances)")]
        finished = db.execute(
            "SELECT * FROM instances WHERE status = 'Completed' AND id NOT LIKE '@%'"
        ).fetchone()
        history = db.execute(
            "SELECT seq, execution, origin, events FROM history WHERE instance = ?",
            (finished[names.index("id")],),
        ).fetchall()
        old = int(instances * OLD_SHARE)
        step = instances // old
        for number in range(instances):
            row = dict(zip(names, finished, strict=True)) | {"id": f"copy-{number:08d}"}
            if number % step == 0:
                row["created"] -= 2 * DAY_MICROSECONDS
                row["updated"] -= 2 * DAY_MICROSECONDS
            marks = ",".join("?" * len(names))
            db.execute(f"INSERT INTO instances VALUES ({marks})", [row[each] for each in names])  # noqa: S608
            db.executemany(
                "INSERT INTO history (instance, seq, execution, origin, events)"
                " VALUES (?, ?, ?, ?, ?)",
                [(row["id"], *each) for each in history],
            )
    return len(range(0, instances, step))


async def _gone(hub: Path, left: int) -> None:
    query = "SELECT count(*) FROM instances WHERE id LIKE 'copy-%'"
    async with asyncio.timeout(SECONDS_MAX):
        with read_only(hub) as db:
            while db.execute(query).fetchone()[0] > left:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.2)
