"""`make bench`: load, verification, and what one TODO costs."""

import argparse
import asyncio
import platform
import statistics
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from bench import bulk
from bench.bulk import BULKS, Bulk
from bench.host import Host
from bench.load import Answers, send, verify
from bench.scenarios import SCENARIOS, Scenario, plan

WARM_UP: Final = Scenario("warm-up", clients=16, projects=20, requests=300)


def main() -> None:
    """Run the scenarios against one host each and print a table."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--only", help="run scenarios whose name contains this")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--details", action="store_true", help="print every counter")
    chosen = options.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}")
    for scenario in SCENARIOS:
        if not chosen.only or chosen.only in scenario.name:
            _measure(scenario, chosen.seed, details=chosen.details)
    for each in BULKS:
        if not chosen.only or chosen.only in each.name:
            _measure_bulk(each, chosen.seed, details=chosen.details)


def _measure(scenario: Scenario, seed: int, *, details: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Host(Path(folder)) as host:
        _run(host, WARM_UP, seed, first_project=1_000_000)
        before, cpu = Counter(host.statistics()), host.cpu_seconds()
        answers = _run(host, scenario, seed, first_project=1)
        cpu = host.cpu_seconds() - cpu
        spent = Counter(host.statistics())
        spent.subtract(before)
        _print(scenario, answers, cpu, host.peak_memory_mb())
        _print_operations(spent, len(answers.ids), details=details)
        asyncio.run(verify(host.base_url, answers))
        print("    every answer verified against the log")


def _measure_bulk(scenario: Bulk, seed: int, *, details: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environ = {"EO_REQUESTS_HUB": bulk.REQUESTS_HUB}
        with Host(Path(folder), environ) as host:
            _run(host, WARM_UP, seed, first_project=1_000_000)
            before, cpu = Counter(host.statistics()), host.cpu_seconds()
            ingested = asyncio.run(bulk.ingest(host.base_url, scenario, seed, first_project=1))
            cpu = host.cpu_seconds() - cpu
            spent = Counter(host.statistics())
            spent.subtract(before)
            count = len(ingested.requests)
            print(
                f"{scenario.name}: {count / ingested.seconds:,.0f} TODOs/s until all are in the "
                f"log, accepted within {ingested.accepted_seconds:.1f} s, "
                f"CPU {cpu / count * 1e3:.2f} s per 1,000 TODOs, "
                f"peak memory {host.peak_memory_mb():.0f} MB"
            )
            _print_operations(spent, count, details=details)
            asyncio.run(bulk.verify(host.base_url, ingested))
            print("    every TODO verified in the log")


def _run(host: Host, scenario: Scenario, seed: int, first_project: int) -> Answers:
    requests = plan(scenario, seed, first_project)
    return asyncio.run(send(host.base_url, requests, scenario.clients))


def _print(scenario: Scenario, answers: Answers, cpu: float, memory_mb: float) -> None:
    count = len(answers.ids)
    cuts = statistics.quantiles(answers.latencies, n=100)
    print(
        f"{scenario.name} ({scenario.clients} clients): {count / answers.seconds:,.0f} TODOs/s, "
        f"p50 {cuts[49] * 1e3:.1f} ms, p95 {cuts[94] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms, "
        f"CPU {cpu / count * 1e3:.2f} s per 1,000 TODOs, peak memory {memory_mb:.0f} MB"
    )


def _print_operations(spent: Counter[str], todos: int, *, details: bool) -> None:
    def per_todo(*names: str) -> str:
        return f"{sum(spent[name] for name in names) / todos:.2f}"

    messages = ("hub.start", "hub.signal", "hub.messages", "hub.activity")
    inbox = ("inbox.put", "inbox.remove")
    print(
        f"    per TODO: hub messages {per_todo(*messages)}, "
        f"hub commits {per_todo('taskhub.db commits')}, "
        f"inbox transactions {per_todo(*inbox)}, log transactions {per_todo('log.append')}, "
        f"commits of inbox and log {per_todo('store.db commits')}"
    )
    print(f"    TODOs per log transaction: {todos / max(1, spent['log.append']):.1f}")
    for what, name in (("orchestration", "hub.start"), ("signal", "hub.signal")):
        print(f"    requests per {what}: {todos / max(1, spent[name]):.1f}")
    if details:
        for name, count in sorted(spent.items()):
            print(f"        {name}: {count}")


if __name__ == "__main__":
    main()
