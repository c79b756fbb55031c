"""What operators run on a store, by its size: audit, backup, restore, and publishing what is left.

The commands run in processes of their own, as an operator starts them; publishing runs in the app,
beside an event hub of `localhost`. The stores are one key, and keys of ten entries.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import measured, table, verify
from bench.client import connected
from bench.host import Host
from bench.measured import Measured
from bench.options import Options
from bench.stored import AGE, KEYS_AT_ONCE, fill_letters, fill_log, opened, read_only
from bench.work import Work

SIZE: Final = 1_000_000
SMALL_KEY: Final = 10
HUB: Final = "entries"
LOOK_SECONDS: Final = 0.1
SECONDS_MAX: Final = 3_600.0


async def run(options: Options) -> None:
    """Print a row for each step on each store; what each step has made is compared."""
    largest = options.size or SIZE
    table.head(
        *("store", "step", "seconds", "entries/s", "CPU us an entry", "peak MB"),
        *("host MB", "load average"),
    )
    for entries in (largest // 100, largest // 10, largest):
        for keys, name in (
            (1, f"{entries:,} in 1 key"),
            (entries // SMALL_KEY, f"{entries:,} in keys of {SMALL_KEY}"),
        ):
            if options.wants(name):
                await _measure(options, name, keys, entries)
        letters = entries // SMALL_KEY
        if options.wants(f"{letters:,} dead letters"):
            await _letters(options, letters)


async def _letters(options: Options, count: int) -> None:
    work = Work(options.domain, options.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "store.db"
        await fill_letters(file, work, count)
        took, printed = measured.run("deadletters", "list", *_at(options, file))
        if (len(printed), printed[-1]) != (count + 1, f"There are {count} dead letters."):
            raise verify.Wrong(printed[-1])
        _row(f"{count:,} dead letters", "list", took, count)


def _row(name: str, step: str, took: Measured, count: int) -> None:
    table.row(
        *(name, step, f"{took.seconds:.1f}", f"{count / took.seconds:,.0f}"),
        *(f"{took.cpu_seconds / count * 1e6:.0f}", f"{took.peak_mb:.0f}", "", table.load_now()),
    )


def _at(options: Options, file: Path) -> Sequence[str]:
    domain = ("--domain", options.module) if options.module else ()
    return "--store", f"sqlite:{file}", *domain


async def _measure(options: Options, name: str, keys: int, entries: int) -> None:
    work = Work(options.domain, options.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        host = Host(Path(folder), options.module, {"EO_EVENTS_HUB": HUB})
        await fill_log(host.store_file, work, range(keys), entries // keys)
        for step, took in _commands(options, host.store_file, entries):
            _row(name, step, took, entries)
        with host:
            cpu, began = host.cpu(), time.perf_counter()
            await _mark(host.store_file, work, range(keys))
            async with connected(host.base_url, options.domain) as client:
                await client.run_timer("publisher")
            await _published(host.store_file, entries)
            seconds, spent = time.perf_counter() - began, host.cpu() - cpu
            memory = host.peak_memory_mb()
        verify.events(host.store_file.parent / "eventhubs.db", HUB, entries)
        table.row(
            *(name, "publish", f"{seconds:.1f}", f"{entries / seconds:,.0f}"),
            *(f"{spent.workers / entries * 1e6:.0f}", f"{memory[1]:.0f}", f"{memory[0]:.0f}"),
            table.load_now(),
        )


def _commands(options: Options, file: Path, entries: int) -> Iterator[tuple[str, Measured]]:
    """Run each command, and see that it did what it says."""
    copy, other = file.parent.parent / "copy", file.parent.parent / "restored.db"
    here, there = _at(options, file), _at(options, other)
    took, printed = measured.run("audit", *here, "--json")
    if json.loads(printed[-1])["checked"]["folded"] != entries:
        raise verify.Wrong(printed[-1])
    yield "audit", took
    for step in "copy", "check":
        took, _ = measured.run("backup", step, str(copy), *here)
        yield f"backup {step}", took
    took, _ = measured.run("backup", "restore", str(copy), *there)
    if verify.same_rows(file, other) != entries:
        raise verify.Wrong("the restored store is not the one that was copied")
    yield "backup restore", took


async def _mark(file: Path, work: Work, keys: Sequence[int]) -> None:
    """Say that these keys may have something to publish, as an append with publishing on does."""
    async with opened(file, work) as store:
        at = datetime.now(UTC) - AGE
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            await asyncio.gather(*(store.publications.mark(work.key(each), at) for each in some))


async def _published(file: Path, entries: int) -> None:
    """Wait until the cursors of all keys together are so far."""
    async with asyncio.timeout(SECONDS_MAX):
        with read_only(file) as db:
            far = "SELECT coalesce(sum(place), 0) FROM cursor"
            while db.execute(far).fetchone()[0] < entries:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(LOOK_SECONDS)
