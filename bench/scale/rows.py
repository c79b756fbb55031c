"""The rows of docs/understand/scale.md: one hot key, a hundred keys, as many as there are users."""

import statistics
from typing import Final

from bench import table
from bench.options import Options
from bench.scale.model import Outcome, Shape, Simulation, Times

CLIENTS: Final = 32
"""Of each host: as many as an instance of Flex Consumption takes (`httpConcurrency`)."""

CLIENTS_OF_ONE_KEY: Final = 320
"""Of all hosts together."""

SHAPES: Final = (
    *(Shape(hosts, 1, CLIENTS_OF_ONE_KEY // hosts) for hosts in (1, 2, 4, 10)),
    *(Shape(hosts, 100, CLIENTS) for hosts in (1, 2, 4, 10)),
    *(Shape(hosts, 100_000, CLIENTS) for hosts in (1, 2, 4, 10, 30, 100)),
    *(Shape(hosts, 100_000, CLIENTS, accounts=4) for hosts in (30, 100)),
)

COLUMNS: Final = (
    *("hosts and keys", "requests/s", "p50 ms", "p99", "conflicts"),
    *("table calls a request", "CPU of the hosts", "busiest account"),
)

HUNDREDTHS: Final = 100
SECONDS: Final = 4.0
"""Of made-up time, behind the warm-up."""


async def run(options: Options) -> None:
    """Print a row for each shape."""
    table.head(*COLUMNS)
    for shape in SHAPES:
        if options.wants(name(shape)):
            table.row(*cells(shape, options.seed))


def name(shape: Shape) -> str:
    """Say what is simulated."""
    hosts = "1 host" if shape.hosts == 1 else f"{shape.hosts} hosts"
    keys = "1 key" if shape.keys == 1 else f"{shape.keys:,} keys"
    return f"{hosts}, {keys}" + ("" if shape.accounts == 1 else f", {shape.accounts} accounts")


def cells(shape: Shape, seed: int) -> list[str]:
    """Simulate a shape, and say what was counted."""
    found: Outcome = Simulation(shape, Times(), seed).run(SECONDS)
    quantiles = statistics.quantiles(found.latencies, n=HUNDREDTHS)
    return [
        name(shape),
        f"{found.rate:,.0f}",
        *(f"{quantiles[each] * 1000:,.0f}" for each in (49, 98)),
        f"{found.conflicts / max(1, found.appends):.0%}",
        f"{found.calls / len(found.latencies):.1f}",
        *(f"{each:.0%}" for each in (found.cpu_busy, found.account_busy)),
    ]
