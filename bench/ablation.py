"""What each part brings that is there for speed only: the same load with and without it, by turns.

A part is taken out from outside: a `sitecustomize` on the path of host and worker changes it when
the process starts. So nothing in the app knows of it, and what is measured is what runs. A host
with everything and one without a part stand side by side and are asked in turn, so that what others
do on the machine meets both.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from bench import table, verify
from bench.client import Client, connected
from bench.host import Host, patched
from bench.load import closed_loop
from bench.options import Options
from bench.scenarios import WARM_UP, WARM_UP_KEYS, Scenario
from bench.work import Work
from domain.request import Request

SCENARIOS: Final = (
    Scenario("hot key", clients=32, keys=1, requests=100),
    Scenario("100 keys", clients=32, keys=100, requests=100),
    Scenario("one client", clients=1, keys=1, requests=10),
)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that exists for speed; `without` is the code that takes it out of a process."""

    name: str
    without: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


EVERYTHING: Final = Part("everything is there")

ROUNDS: Final = 10
"""When `--size` says nothing else."""

ONE_WRITE: Final = """
def _begin(self, loop):
    group, self._waiting = self._waiting[:1], self._waiting[1:]
    self._transact(loop, group, self._run_all, loop.time() + file.BUSY_TIMEOUT_SECONDS)
file.SqliteFile._begin = _begin
"""

PARTS: Final = (
    Part(
        "durable calls over the stream, not HTTP (localhost)",
        environ={"LOCALHOST_DURABLE_CLIENT": "http"},
    ),
    Part("event loop of libuv (localhost)", "sys.modules['uvloop'] = None"),
    Part(
        "frames of one turn in one write (localhost)",
        "from localhost.rpc.stream import Stream\n"
        "write = Stream.write\n"
        "Stream.write = lambda self, body, about='': (write(self, body, about), self.flush())[0]",
    ),
    Part(
        "writes to the hub that share a commit (localhost)",
        "from localhost import sqlite_file as file" + ONE_WRITE,
    ),
    Part(
        "state and row of an entity in one commit (localhost)",
        "from localhost.taskhub.commit import Committer\n"
        "init = Committer.__init__\n"
        "def slow(self, resources, deliver):\n"
        "    init(self, resources, deliver)\n"
        "    self._faults.active = True\n"
        "Committer.__init__ = slow",
    ),
    Part(
        "short commits on the loop's own thread (localhost and store)",
        "from localhost import sqlite_file\n"
        "from store.sqlite import file\n"
        "file.SHORT_SECONDS = sqlite_file.SHORT_SECONDS = 0.0",
    ),
    Part(
        "logs of SQLite that have their size from the start (localhost and store)",
        "from localhost import sqlite_file\n"
        "from store.sqlite import file\n"
        "file._grow_log = sqlite_file._grow_log = lambda path: None",
    ),
    Part(
        "threads that get the interpreter sooner (localhost)",
        "sys.setswitchinterval = lambda seconds: None",
    ),
    Part(
        "writes to the store that share a commit",
        "from store.sqlite import file" + ONE_WRITE,
    ),
    Part(
        "requests that are accepted together share a transaction",
        "from intake import accept\naccept.INBOX_ROWS_MAX = 1",
    ),
    Part(
        "hint that the entity has run",
        "from activities.emit import Emitter\nEmitter.entity_ran = lambda self, key: None",
    ),
    Part(
        "head remembered from the last append",
        "from activities.emit import Emitter\n"
        "look = Emitter._look_and_append\n"
        "async def anew(self, lane, *rest):\n"
        "    lane.head = None\n"
        "    return await look(self, lane, *rest)\n"
        "Emitter._look_and_append = anew",
    ),
)


@dataclass(slots=True)
class Sums:
    """Of all rounds of one scenario on one host."""

    cpu: float = 0.0
    seconds: float = 0.0
    requests: int = 0


@dataclass(slots=True)
class Side:
    """A host under load."""

    host: Host
    client: Client
    sums: dict[str, Sums] = field(default_factory=dict)

    async def take(self, scenario: Scenario, requests: Sequence[Request]) -> None:
        """Be asked for these."""
        sums = self.sums.setdefault(scenario.name, Sums())
        began = self.host.cpu()
        answers = await closed_loop(self.client, requests, scenario.clients)
        sums.cpu += (self.host.cpu() - began).all
        sums.seconds += answers.seconds
        sums.requests += len(requests)
        await verify.answers(self.client, answers.told)


async def run(options: Options) -> None:
    """Print a row for each part; `--only` takes a part of its name."""
    columns = [f"{each.name}: {what}" for each in SCENARIOS for what in ("CPU", "time")]
    table.head("without", *columns, "ms of CPU with it", "load average")
    work, keys = Work(options.domain, options.seed), count(1_000)
    async with AsyncExitStack() as stack:
        everything = await _side(options, EVERYTHING, work, stack)
        for part in PARTS:
            if options.wants(part.name):
                async with AsyncExitStack() as its:
                    without = await _side(options, part, work, its)
                    for place in range(options.size or ROUNDS):
                        sides = (everything, without) if place % 2 else (without, everything)
                        await _round(sides, work, keys)
                    _print(part, everything, without)
                    everything.sums.clear()


async def _side(options: Options, part: Part, work: Work, stack: AsyncExitStack) -> Side:
    name = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
    without = patched(Path(name), f"import sys\n{part.without}\n")
    host = Host(Path(name), options.module, {**part.environ, **without})
    stack.enter_context(host)
    client = await stack.enter_async_context(connected(host.base_url, options.domain))
    await closed_loop(client, work.requests(WARM_UP.requests, WARM_UP_KEYS), WARM_UP.clients)
    return Side(host, client)


async def _round(sides: tuple[Side, Side], work: Work, keys: Iterator[int]) -> None:
    """Ask one after the other, for keys and with ids that neither has seen."""
    for scenario in SCENARIOS:
        mine = [next(keys) for _ in range(scenario.keys)]
        for side in sides:
            await side.take(scenario, work.requests(scenario.requests, mine))


def _print(part: Part, everything: Side, without: Side) -> None:
    cells, costs = list[str](), list[str]()
    for scenario in SCENARIOS:
        one, other = everything.sums[scenario.name], without.sums[scenario.name]
        cells += [f"{other.cpu / one.cpu:.0%}", f"{other.seconds / one.seconds:.0%}"]
        costs.append(f"{one.cpu / one.requests * 1e3:.2f}")
    table.row(part.name, *cells, ", ".join(costs), table.load_now())
