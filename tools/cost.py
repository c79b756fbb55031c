"""What an installation costs in a month, idle and under load, as a table.

    python -m tools.cost --queues 4 --poll-seconds 0.5

Prices are Microsoft's list prices in USD for a region like East US or Sweden Central without
discounts, written down from memory in November 2026: check them before you rely on them, at
azure.microsoft.com/pricing under the names beside each.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

HOURS: Final = 730.0
SECONDS: Final = HOURS * 3600

PRICES: Final[Mapping[str, float]] = {
    # App Service, Linux, per hour
    "B1": 0.017,
    "P0v3": 0.085,
    # Functions, Flex Consumption, per GB-second
    "always ready": 0.000004,
    "always ready, executing": 0.000016,
    "on demand": 0.000026,
    # and per million executions
    "executions": 0.40,
    # Storage, general purpose v2: per 10,000 calls, and per GB and month
    "queue calls": 0.004,
    "table calls": 0.00036,
    "table GB": 0.045,
    "table GB in zones": 0.056,
    # Event Hubs, Standard, per hour
    "throughput unit": 0.03,
    # Azure Monitor: per GB, per rule and month, per execution
    "telemetry GB": 2.30,
    "rule every 5 minutes": 1.50,
    "rule every 15 minutes": 0.50,
    "web test": 0.0006,
}

TELEMETRY_GB_FREE: Final = 5.0
TELEMETRY_GB_MAX: Final = 5 * 365 / 12
"""`telemetryDailyGb` of infra/ is the bound."""
RULES: Final = {"rule every 5 minutes": 5, "rule every 15 minutes": 12}
PROBES: Final = 3 * HOURS * 6
"""Three places, every ten minutes."""

QUEUE_CALLS_PER_ENTRY: Final = 8.0
TABLE_CALLS_PER_ENTRY: Final = 10.0
"""A lone entry makes 18 calls, measured on the real host against an emulator; how many of them are
of queues is an estimate. Entries of one key share calls under load, entries of many keys do not."""

ENTRIES_PER_CPU_SECOND: Final = 140.0
"""Of the Python worker over 100 keys in tables: 7 ms each (`make bench ARGS="budgets --only cpu"`), on
the machine of a developer. Not measured on Azure."""

TELEMETRY_GB_PER_MILLION: Final = (0.12, 1.7)
"""In full transactions, and one by one."""

LOG_GB_PER_MILLION: Final = 0.51
"""A title of 30 characters and a UUID as request id."""

EXECUTIONS_PER_ENTRY: Final = (1.1, 2.2)
"""Of functions, on Flex Consumption: HTTP, and the entity for a batch of entries or for each."""

INSTANCE_GB: Final = 2.0
EXECUTION_SECONDS_MIN: Final = 1.0
SWEEP_SECONDS: Final = 30.0
READY: Final = 2
"""Instances that Flex Consumption keeps ready for each function group in zones."""

RATES: Final = (10, 100, 1_000)
"""Entries a second, all month long."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A set of parameters of infra/."""

    name: str
    instances: Mapping[str, int]
    """Of a plan, by size; none on Flex Consumption."""
    groups: int = 0
    """Function groups of Flex Consumption: http, durable and one per timer and other trigger."""
    zones: bool = False
    alarms: bool = True
    event_hubs: bool = False


INSTALLATIONS: Final = (
    Installation("Trial: 1 B1, `local`, no alarms", {"B1": 1}, alarms=False),
    Installation("**Default: 2 P0v3, `zone`**", {"P0v3": 2}, zones=True),
    Installation("Flex Consumption, `local`", {}, groups=4),
    Installation("Flex Consumption, `zone`", {}, groups=4, zones=True),
    Installation("Flex Consumption, `zone`, both event hubs", {}, 6, zones=True, event_hubs=True),
)


def compute(each: Installation) -> float:
    """Return what runs idle: instances and Event Hubs. In zones Flex keeps two ready per group."""
    events = PRICES["throughput unit"] * HOURS if each.event_hubs else 0.0
    return events + _instances(each)


def _instances(each: Installation) -> float:
    if each.instances:
        return sum(PRICES[size] * count * HOURS for size, count in each.instances.items())
    sweeps = SECONDS / SWEEP_SECONDS * EXECUTION_SECONDS_MIN * INSTANCE_GB
    if not each.zones:
        return sweeps * PRICES["on demand"]
    ready = each.groups * READY * INSTANCE_GB * SECONDS * PRICES["always ready"]
    return ready + sweeps * PRICES["always ready, executing"]


def polling(each: Installation, queues: int, seconds: float) -> float:
    """Return what looking into empty queues costs: each queue once, and one more per instance."""
    durable = sum(each.instances.values()) or (READY if each.zones else 0)
    if not durable:
        return 0.0  # on Flex without ready instances nobody looks while nothing happens
    return (queues + durable) / seconds * SECONDS / 10_000 * PRICES["queue calls"]


def watching(each: Installation) -> float:
    """Return what alarms and the probe cost."""
    if not each.alarms:
        return 0.0
    return sum(PRICES[rule] * count for rule, count in RULES.items()) + PROBES * PRICES["web test"]


def load(each: Installation, rate: float) -> tuple[float, float]:
    """Return what so many entries a second add: if they share all that they can, and nothing."""
    entries = rate * SECONDS
    storage = PRICES["table GB in zones" if each.zones else "table GB"]
    kept = entries / 1e6 * LOG_GB_PER_MILLION * storage + more_instances(each, rate)
    shared, alone = (executions(each, entries, count) for count in EXECUTIONS_PER_ENTRY)
    calls = (
        QUEUE_CALLS_PER_ENTRY * PRICES["queue calls"]
        + TABLE_CALLS_PER_ENTRY * PRICES["table calls"]
    )
    called = entries / 10_000 * calls
    return kept + shared + telemetry(entries, 0), kept + alone + called + telemetry(entries, 1)


def executions(each: Installation, entries: float, per_entry: float) -> float:
    """Return what Flex Consumption takes for running functions, besides their time."""
    return 0.0 if each.instances else entries * per_entry / 1e6 * PRICES["executions"]


def more_instances(each: Installation, rate: float) -> float:
    """Return what the instances cost that the load keeps busy, or that have to be added."""
    busy = math.ceil(rate / ENTRIES_PER_CPU_SECOND)
    if each.instances:
        [(size, count)] = each.instances.items()
        return max(0, busy - count) * PRICES[size] * HOURS
    # One for HTTP and one for the entity, all the time; two of each are ready in zones.
    price = "always ready, executing" if each.zones and busy <= READY else "on demand"
    return 2 * busy * INSTANCE_GB * SECONDS * PRICES[price]


def telemetry(entries: float, extreme: int) -> float:
    """Return what lines and metrics of so many entries cost."""
    gb = min(entries / 1e6 * TELEMETRY_GB_PER_MILLION[extreme], TELEMETRY_GB_MAX)
    return max(0.0, gb - TELEMETRY_GB_FREE) * PRICES["telemetry GB"]


def table(queues: int, seconds: float) -> Iterator[str]:
    """Return the lines of a Markdown table, USD a month."""
    rates = [f"{rate:,}/s adds" for rate in RATES]
    yield "| | Runs | Polling | Alarms | **Idle** | " + " | ".join(rates) + " |"
    yield "|---" * (5 + len(RATES)) + "|"
    for each in INSTALLATIONS:
        parts = [compute(each), polling(each, queues, seconds), watching(each)]
        cells = [f"{part:,.0f}" for part in parts]
        added = ["{:,.0f} to {:,.0f}".format(*load(each, rate)) for rate in RATES]
        yield f"| {each.name} | " + " | ".join([*cells, f"**{sum(parts):,.0f}**", *added]) + " |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--queues", type=int, default=4, help="partitionCount of host.json")
    parser.add_argument(
        "--poll-seconds", type=float, default=0.5, help="maxQueuePollingInterval of host.json"
    )
    arguments = parser.parse_args()
    print("\n".join(table(arguments.queues, arguments.poll_seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
