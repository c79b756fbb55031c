"""Where the time of a lone request goes, beside a bare loop of the same commits and hops.

Host and worker note the time at ten points (`MARKS`, put there from outside as `bench.ablation`
does); both have the same clock. The bare loop does between two processes what no request can do
without: the hops, and the commits of the same size with `synchronous=FULL`, and nothing else.
"""

import asyncio
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from bench import table
from bench.client import connected
from bench.host import Host, patched
from bench.load import closed_loop
from bench.options import Options
from bench.work import Work

REQUESTS: Final = 200
WARM_UP: Final = 50

STEPS: Final = (
    ("begun", "from the host's front to the function in the worker"),
    ("invoked", "request read, inbox row written"),
    ("accepted", "signal to the hub"),
    ("signalled", "signal written"),
    ("queued", "entity function: from the hub to the worker"),
    ("ran", "its answer, state and row written"),
    ("committed", "order read by the emitter"),
    ("ordered", "append"),
    ("appended", "answer from the worker to the front"),
)
"""Each mark, and what happens from it to the next."""

LAST: Final = "answered"

MARKS: Final = """
import os, time
_file = os.open({path!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def mark(name):
    os.write(_file, f"{{name}} {{time.monotonic_ns()}}\\n".encode())

def around(owner, method, before="", after=""):
    inner = getattr(owner, method)
    async def outer(*args, **named):
        before and mark(before)
        found = await inner(*args, **named)
        after and mark(after)
        return found
    setattr(owner, method, outer)

from localhost.http_front import HttpFront
from localhost.taskhub.commit import Committer
from localhost.taskhub.management import Management
around(HttpFront, "handle", "begun", "answered")
around(Management, "signal", "signalled", "queued")
around(Committer, "commit", after="committed")

from activities.emit import Emitter
from activities.entity_calls import EntityCalls
from store.sqlite.inbox import SqliteInbox
from store.sqlite.log import SqliteLog
from triggers.http.writing import Writing
around(Writing, "post", "invoked")
around(SqliteInbox, "put", after="accepted")
around(EntityCalls, "read", after="ordered")
around(SqliteLog, "append", after="appended")
heard = Emitter.entity_ran
def ran(self, key):
    mark("ran")
    heard(self, key)
Emitter.entity_ran = ran
"""

COMMITS: Final = 4
"""Inbox row; signal; state and row of the entity; append."""

TRIPS: Final = 4
"""To the function and back; signal; entity; order."""

ECHO: Final = """
import asyncio, socket, sys
try:
    import uvloop
    uvloop.install()
except ImportError:
    pass
class Echo(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write(data)
    def connection_lost(self, error): ended.set_result(None)
async def main():
    global ended
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    await loop.create_unix_connection(Echo, sock=socket.socket(fileno=int(sys.argv[1])))
    await ended
asyncio.run(main())
"""


async def run(options: Options) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        total, steps = await _steps(options, Path(name))
        table.head("from", "what happens until the next", "median ms", "share")
        for (mark, what), seconds in zip(STEPS, steps, strict=True):
            table.row(mark, what, table.ms(seconds), f"{seconds / sum(steps):.0%}")
        table.row("", "sum", table.ms(sum(steps)), "")
        table.row("", "what the client measures, p50", table.ms(total), "")
        table.head("bare", "each, median ms", "of them", "ms", "load average")
        commit, trip = await _commit(Path(name)), await _trip()
        table.row("commit", table.ms(commit), COMMITS, table.ms(commit * COMMITS), "")
        table.row("way to the other process and back", table.ms(trip), TRIPS, *_end(trip * TRIPS))
        table.row("sum", "", "", *_end(commit * COMMITS + trip * TRIPS))


def _end(seconds: float) -> tuple[str, str]:
    return table.ms(seconds), table.load_now()


async def _steps(options: Options, folder: Path) -> tuple[float, list[float]]:
    work, marks = Work(options.domain, options.seed), folder / "marks"
    environ = patched(folder, MARKS.format(path=str(marks)))
    with Host(folder, options.module, environ) as host:
        async with connected(host.base_url, options.domain) as client:
            await closed_loop(client, work.requests(WARM_UP, [1]), 1)
            await asyncio.sleep(1.0)
            marks.write_bytes(b"")
            answers = await closed_loop(client, work.requests(REQUESTS, [1]), 1)
    return statistics.median(answers.latencies), _medians(marks.read_text().splitlines())


def _medians(lines: Iterable[str]) -> list[float]:
    """Return how long each step took; steps that were done twice count to their last time."""
    names = [name for name, _ in STEPS]
    took: list[list[float]] = [[] for _ in STEPS]
    times: dict[str, int] = {}
    for line in lines:
        name, _, at = line.partition(" ")
        if name == "begun":
            times = {}
        times[name] = int(at)
        if name == LAST and all(each in times for each in names):
            following = [*names[1:], LAST]
            for place, (one, other) in enumerate(zip(names, following, strict=True)):
                took[place].append((times[other] - times[one]) / 1e9)
    return [statistics.median(each) for each in took]


async def _commit(folder: Path) -> float:
    """Commit a row on a thread, as both files do; return the median."""
    with closing(
        sqlite3.connect(folder / "bare.db", isolation_level=None, check_same_thread=False)
    ) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)")
        took = []
        for _ in range(REQUESTS):
            began = time.perf_counter()
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO row (text) VALUES (?)", ("x" * 200,))
            await asyncio.to_thread(db.commit)
            took.append(time.perf_counter() - began)
        return statistics.median(took)


class _Ping(asyncio.Protocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, _: bytes) -> None:
        self.answer.set_result(None)


async def _trip() -> float:
    """Send 300 bytes to another process and have them back; return the median."""
    ours, its = socket.socketpair()
    command = [sys.executable, "-c", ECHO, str(its.fileno())]
    process = subprocess.Popen(command, pass_fds=[its.fileno()])  # noqa: ASYNC220 - starts once
    its.close()
    loop = asyncio.get_running_loop()
    transport, ping = await loop.create_unix_connection(_Ping, sock=ours)
    took = []
    for _ in range(REQUESTS):
        ping.answer, began = loop.create_future(), time.perf_counter()
        transport.write(b"x" * 300)
        await ping.answer
        took.append(time.perf_counter() - began)
    transport.close()
    await asyncio.to_thread(process.wait)  # which ends with its stream
    return statistics.median(took)
