"""What was measured on the real host beside what `localhost` makes of it with a profile.

Tables and figures of the real host: docs/understand/latency.md. Rows of 88dfe25 need a checkout of
it (`--before`); its app runs on the `localhost` of this tree.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench import table
from bench.client import Client, connected
from bench.host import ROOT, Host
from bench.load import Lone, lone
from bench.options import Options
from bench.work import Work
from tools import azurite
from tools.domains import load_domain

SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 0.5
"""From an answer to the next request. Of the measured ones it is not known; see the document."""

IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
"""Where there is one: the disk of a busy machine takes longer than the storage that is simulated."""

TEXTBOOK: Final = ROOT / "bench" / "textbook"
PROVIDER: Final = "AzureFunctionsJobHost__extensions__durableTask__storageProvider__"
NOT_OF_AN_APP: Final = shutil.ignore_patterns("localhost", "tests", "bench", ".*")


@dataclass(frozen=True, slots=True)
class Row:
    """An app, where its functions are, its queues, and p50 / p95 ms on the real host."""

    app: str
    profile: str
    partitions: int
    polling: str
    measured: str

    @property
    def name(self) -> str:
        """As it is printed, and as `--only` looks for it."""
        return f"{self.app}, {self.profile}, {self.partitions} queues of {self.polling}"


FIRST, BOOK, SECOND = "88dfe25", "textbook", "this app"
ROWS: Final = (
    Row(FIRST, "plan", 8, "00:00:01", "108 / 152"),
    Row(FIRST, "flex", 8, "00:00:01", "771 / 1,594"),
    Row(FIRST, "flex", 4, "00:00:00.5", "766 / 828"),
    Row(FIRST, "flex", 4, "00:00:00.1", "384 / 643"),
    Row(BOOK, "plan", 4, "00:00:01", "124 / 134"),
    Row(SECOND, "plan", 4, "00:00:00.1", "53-78 / 65-101 (prototype)"),
    Row(SECOND, "flex", 4, "00:00:00.1", "128 / 200 (prototype)"),
)


async def run(options: Options) -> None:
    """Print a row for each."""
    options = replace(options, domain=load_domain(None), module=None)  # what was measured: TODOs
    columns = ("measured p50 / p95 ms", "simulated p50", "p95", "answers", "load average")
    table.head("app, profile, queues", *columns)
    for row in ROWS:
        if (row.app != FIRST or options.before is not None) and options.wants(row.name):
            await _measure(options, row)


async def _measure(options: Options, row: Row) -> None:
    with _host(options, row) as host:
        async with connected(host.base_url, options.domain) as client:
            seen = await _lone(client, Work(options.domain, options.seed))
    assert not seen.late, f"{seen.late} of {len(seen.latencies)} answers are no 201"
    table.row(
        *(row.name, row.measured, f"{seen.p(50):.0f}", f"{seen.p(95):.0f}"),
        *(len(seen.latencies), table.load_now()),
    )


async def _lone(client: Client, work: Work) -> Lone:
    await lone(client, work, 1, 4.0, PAUSE_SECONDS)  # what is loaded on first use
    return await lone(client, work, 1, SECONDS, PAUSE_SECONDS)


@contextmanager
def _host(options: Options, row: Row) -> Iterator[Host]:
    parent = IN_MEMORY if IN_MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as name,
        azurite.running() as emulator,
    ):
        folder = Path(name)
        tables = emulator.connection_string()
        environ = {
            **_settings(options.before if row.app == FIRST else None),
            "EO_TABLES": tables,
            "TodoTables": tables,
            "LOCALHOST_PROFILE": row.profile,
            f"{PROVIDER}partitionCount": str(row.partitions),
            f"{PROVIDER}maxQueuePollingInterval": row.polling,
        }
        app = TEXTBOOK if row.app == BOOK else None
        if row.app == FIRST and options.before is not None:
            app = folder / "app"
            shutil.copytree(options.before, app, ignore=NOT_OF_AN_APP)
        with Host(folder, options.module, environ, storage="tables", app=app) as host:
            yield host


def _settings(tree: Path | None) -> Mapping[str, str]:
    """Return what an app of another tree is set to, where it says so itself."""
    if tree is None:
        return {}
    sample = json.loads((tree / "local.settings.sample.json").read_text())
    return {name: text for name, text in sample["Values"].items() if name.startswith("TODO_")}
