"""What a POST costs beside 10 entries, and beside a million: in one key, and over many keys.

One host for each size, all at once, asked in turn: what else happens on the machine is the same for
all of them.
"""

import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import table
from bench.client import CREATED, Client, connected
from bench.host import Host
from bench.options import Options
from bench.stored import fill_log
from bench.work import Work

SIZE: Final = 1_000_000
ROUNDS: Final = 100
WARM_UP_ROUNDS: Final = 10


@dataclass(slots=True)
class Size:
    """A store of this size, and what was measured on it."""

    keys: int
    each: int
    host: Host
    client: Client
    work: Work
    post: list[float] = field(default_factory=list)
    get: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    repeat: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Say how much there is."""
        return f"{self.each:,} in 1 key" if self.keys == 1 else f"{self.keys:,} keys of {self.each}"


async def run(options: Options) -> None:
    """Print a row for each size, ratios to the first, and draw them."""
    largest = options.size or SIZE
    sizes = sorted({10, largest // 100, largest // 10, largest})
    shapes = [*((1, each) for each in sizes), (largest // 10, 1)]
    async with AsyncExitStack() as stack:
        stores = [await _opened(stack, options, *shape) for shape in shapes]
        before = []
        for place in range(WARM_UP_ROUNDS + ROUNDS):
            if place == WARM_UP_ROUNDS:
                before = [each.host.statistics() for each in stores]
                for each in stores:
                    each.post, each.get, each.page, each.repeat = [], [], [], []
            order = list(stores)
            stores[0].work.random.shuffle(order)
            for each in order:
                await _round(each)
        table.head(
            *("log", "POST p50 ms", "p95", "GET entry", "page of 100", "repeat"),
            *("POST / first", "GET", "page", "repeat", "hub calls a POST"),
            *("start s", "worker MB", "load average"),
        )
        for each, counted in zip(stores, before, strict=True):
            spent = each.host.statistics()
            spent.subtract(counted)
            names = ("client_signals", "state_reads", "starts")
            calls = sum(spent[name] for name in names) / ROUNDS
            pairs = [(getattr(each, n), getattr(stores[0], n)) for n in NAMES]
            table.row(
                *(each.name, table.ms(_p50(each.post))),
                table.ms(statistics.quantiles(each.post, n=20)[18]),
                *(table.ms(_p50(values)) for values, _ in pairs[1:]),
                *(f"{_p50(values) / _p50(first):.2f}" for values, first in pairs),
                *(f"{calls:.2f}", f"{each.host.start_seconds:.1f}"),
                *(f"{each.host.peak_memory_mb()[1]:.0f}", table.load_now()),
            )
        if options.plots is not None:
            _draw(options.plots, [each for each in stores if each.keys == 1])


NAMES: Final = ("post", "get", "page", "repeat")

_p50 = statistics.median


async def _opened(stack: AsyncExitStack, options: Options, keys: int, each: int) -> Size:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
    host, work = Host(folder, options.module), Work(options.domain, options.seed)
    await fill_log(host.store_file, work, range(1, keys + 1), each)
    stack.enter_context(host)
    client = await stack.enter_async_context(connected(host.base_url, options.domain))
    return Size(keys, each, host, client, work)


async def _round(size: Size) -> None:
    domain, key = size.client.domain, size.work.key(1 + size.keys // 2)
    request = size.work.request(1 + size.keys // 2)
    began = time.perf_counter()
    status, _ = await size.client.post(request)
    size.post.append(time.perf_counter() - began)
    assert status == CREATED or domain.newest.may_refuse, status
    log = f"/api/{domain.key.plural}/{key}/{domain.plural}"
    last = await size.client.last(key)
    for values, path in (
        (size.get, f"{log}/1"),
        (size.page, f"{log}?after={max(0, last - 100)}&limit=100"),
    ):
        began = time.perf_counter()
        async with size.client.session.get(path) as answer:
            await answer.read()
        values.append(time.perf_counter() - began)
        assert answer.ok, answer.status
    began = time.perf_counter()
    await size.client.post(request)
    size.repeat.append(time.perf_counter() - began)


def _draw(folder: Path, sizes: list[Size]) -> None:
    lines = {
        name: [(float(each.each), _p50(getattr(each, name)) * 1e3) for each in sizes]
        for name in NAMES
    }
    folder.mkdir(parents=True, exist_ok=True)
    title = "Median ms of a call, by entries in the log of its key"
    table.plot(folder / "growth.svg", title, "entries", lines)
