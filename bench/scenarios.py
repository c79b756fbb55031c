"""Closed loops of clients, and bulk: throughput, latency, and what one request costs."""

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import table, verify
from bench.client import ACCEPTED, Client, connected
from bench.host import Cpu, Host, spent
from bench.load import closed_loop
from bench.options import Options
from bench.work import Work
from domain.request import Request

REQUESTS_HUB: Final = "bulk"

ITEMS_PER_CALL: Final = 1_000
"""The most that a batch call takes."""

CALLS_AT_ONCE: Final = 4

LOOK_SECONDS: Final = 0.02

REFUSED_SECONDS: Final = 0.25
"""Until a call that was refused is sent again: whoever is overloaded has to read it each time."""

BULK_SECONDS_MAX: Final = 180.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """So many clients; each sends its next request when it has the answer to the last."""

    name: str
    clients: int
    keys: int
    requests: int


SCENARIOS: Final = (
    Scenario("hot key", clients=32, keys=1, requests=4_000),
    Scenario("100 keys", clients=32, keys=100, requests=5_000),
    Scenario("1,000 keys", clients=64, keys=1_000, requests=5_000),
    Scenario("one client", clients=1, keys=1, requests=500),
)

WARM_UP: Final = Scenario("warm-up", clients=16, keys=20, requests=300)
WARM_UP_KEYS: Final = range(1_000_000, 1_000_020)


@dataclass(frozen=True, slots=True)
class Bulk:
    """All requests are sent as fast as they are taken."""

    by_event: bool
    keys: int
    requests: int = 20_000

    @property
    def name(self) -> str:
        """Say what it is, as `--only` looks for it."""
        way = "event hub" if self.by_event else "batch call"
        return f"bulk by {way}, {'hot key' if self.keys == 1 else f'{self.keys} keys'}"


BULKS: Final = tuple(Bulk(by_event, keys) for keys in (100, 1) for by_event in (True, False))


async def run(options: Options) -> None:
    """Print a table of the closed loops and one of bulk."""
    table.head("scenario", "clients", "requests/s", "p50 ms", "p95 ms", "p99 ms", *COSTS)
    for scenario in filter(lambda each: options.wants(each.name), SCENARIOS):
        await _closed(options, scenario)
    table.head("bulk", "requests/s until all are in the log", "accepted within s", *COSTS)
    for bulk in filter(lambda each: options.wants(each.name), BULKS):
        await _bulk(options, bulk)


COSTS: Final = (
    *("CPU ms: host", "worker", "peak MB: host", "worker"),
    *("hub: signals", "reads", "starts", "commits"),
    *("verified", "load average"),
)


def _costs(host: Host, counted: Counter[str], cpu: Cpu, count: int) -> list[str]:
    def each(*names: str) -> str:
        return f"{sum(counted[name] for name in names) / count:.2f}"

    memory = host.peak_memory_mb()
    return [
        *(f"{cpu.host / count * 1e3:.2f}", f"{cpu.workers / count * 1e3:.2f}"),
        *(f"{memory[0]:.0f}", f"{memory[1]:.0f}"),
        *(each("client_signals"), each("state_reads"), each("starts"), each("taskhub.db commits")),
    ]


async def _closed(options: Options, scenario: Scenario) -> None:
    work = Work(options.domain, options.seed)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Host(Path(folder), options.module) as host,
    ):
        async with connected(host.base_url, options.domain) as client:
            warm_up = work.requests(WARM_UP.requests, WARM_UP_KEYS)
            await closed_loop(client, warm_up, WARM_UP.clients)
            keys = range(scenario.keys)
            sending = work.with_repeats(work.requests(scenario.requests, keys))
            with spent(host) as (counted, cpu):
                answers = await closed_loop(client, sending, scenario.clients)
            count = await verify.answers(client, answers.told)
            cuts = statistics.quantiles(answers.latencies, n=100)
            table.row(
                *(scenario.name, scenario.clients, f"{count / answers.seconds:,.0f}"),
                *(table.ms(cuts[place]) for place in (49, 94, 98)),
                *_costs(host, counted, cpu[0], count),
                *(f"{count:,}", table.load_now()),
            )


async def _bulk(options: Options, bulk: Bulk) -> None:
    work = Work(options.domain, options.seed)
    environ = {"EO_REQUESTS_HUB": REQUESTS_HUB}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        host = Host(Path(folder), options.module, environ)
        with host:
            async with connected(host.base_url, options.domain) as client:
                requests = work.requests(bulk.requests, range(bulk.keys))
                with spent(host) as (counted, cpu):
                    began = time.perf_counter()
                    await _send(client, bulk, work.with_repeats(requests))
                    accepted = time.perf_counter() - began
                    await numbered(client, requests, BULK_SECONDS_MAX)
                    seconds = time.perf_counter() - began
                costs = _costs(host, counted, cpu[0], len(requests))
        count = verify.sqlite_log(host.store_file, options.domain, requests)
        rate = f"{count / seconds:,.0f}"
        table.row(bulk.name, rate, f"{accepted:.1f}", *costs, f"{count:,}", table.load_now())


async def _send(client: Client, bulk: Bulk, requests: Sequence[Request]) -> None:
    starts = range(0, len(requests), ITEMS_PER_CALL)
    parts = iter([requests[start : start + ITEMS_PER_CALL] for start in starts])

    async def one() -> None:
        for part in parts:
            while not await _taken(client, part, by_event=bulk.by_event):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(REFUSED_SECONDS)

    async with asyncio.timeout(BULK_SECONDS_MAX):
        await asyncio.gather(*(one() for _ in range(CALLS_AT_ONCE)))


async def _taken(client: Client, part: Sequence[Request], *, by_event: bool) -> bool:
    if by_event:
        status = await client.send_events(REQUESTS_HUB, part)
    else:
        # One id twice in a batch would be two answers to tell apart; the second comes later.
        status = await client.batch(list(dict.fromkeys(part)))
    if status in (429, 503):
        return False
    assert status in (201, ACCEPTED), status
    return True


async def numbered(client: Client, requests: Sequence[Request], seconds_max: float) -> None:
    """Wait until as many entries are there as were asked for. Raises TimeoutError."""
    counts = Counter(each.key for each in requests)
    async with asyncio.timeout(seconds_max):
        for key, count in counts.items():
            while await client.last(key) < count:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(LOOK_SECONDS)
