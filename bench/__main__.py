"""`make bench`: load on a `localhost`, every answer compared with the log, and what it costs.

python -m bench                what one request costs, over keys and clients, and in bulk
python -m bench budgets        calls to the tables and to the hub, counted
python -m bench neighbours     a lone key beside one that takes all it can get
python -m bench backlog        how fast a start gets through what is waiting
python -m bench growth         a POST beside 10 and beside 1,000,000 entries
python -m bench upkeep         audit, backup, restore and publishing, by the size of the store
python -m bench purge          the same while old orchestrations are deleted
python -m bench waiting        1,000 clients that wait
python -m bench scale          a queue model of 1 to 100 hosts, in made-up time
python -m bench ablation       what each part brings that is there for speed only
python -m bench lone           where the time of a lone request goes
python -m bench calibrate      localhost with a profile beside the real host
python -m bench --profile flex what a deployment will feel like
python -m bench.latency URL    a lone request against any address, raw data kept
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from bench import (
    ablation,
    backlog,
    budgets,
    calibration,
    growth,
    lone,
    neighbours,
    profile,
    purge,
    scenarios,
    table,
    upkeep,
    waiting,
)
from bench.options import Options
from bench.scale import rows
from tools import stopping
from tools.domains import load_domain
from tools.terminal import Progress

COMMANDS: Final[dict[str, Callable[[Options], Coroutine[Any, Any, None]]]] = {
    "scenarios": scenarios.run,
    "budgets": budgets.run,
    "neighbours": neighbours.run,
    "backlog": backlog.run,
    "growth": growth.run,
    "upkeep": upkeep.run,
    "purge": purge.run,
    "waiting": waiting.run,
    "scale": rows.run,
    "calibrate": calibration.run,
    "ablation": ablation.run,
    "lone": lone.run,
    "profile": profile.run,
}

STATUSES: Final = "Every status is as it should be"

CHECKED: Final = {
    **dict.fromkeys(("neighbours", "growth", "purge", "calibrate", "lone"), STATUSES),
    "scale": "A model: nothing was sent",
    "upkeep": "Audits are clean, restored stores are equal, and each entry is one event",
}
"""What can be said where not every answer is compared with its log: what most of these send is
checked in the other runs."""


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=COMMANDS)
    parser.add_argument("--domain", help="module that declares it (default: the app's own)")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--size", type=int, default=0, help="growth: entries of the largest log; ablation: rounds"
    )
    parser.add_argument("--before", type=Path, help="budgets, calibrate: a tree of 88dfe25")
    parser.add_argument(
        "--apart",
        action="store_true",
        help="neighbours: beside another host, so that the machine is all that is shared",
    )
    parser.add_argument("--profile", help="of localhost: plan or flex")
    parser.add_argument("--plots", type=Path, help="growth, backlog: a folder for the plots")
    given = parser.parse_args()
    command = given.command or ("profile" if given.profile else "scenarios")
    print(table.machine(), flush=True)
    began = time.monotonic()
    with Progress("rows") as progress:
        asyncio.run(COMMANDS[command](_options(given, progress)))
    checked = CHECKED.get(command, "Every answer is what its log says")
    print(f"\n{checked}; measured in {time.monotonic() - began:.0f} s.")
    return 0


def _options(given: argparse.Namespace, progress: Progress) -> Options:
    return Options(
        domain=load_domain(given.domain),
        module=given.domain,
        seed=given.seed,
        only=given.only,
        size=given.size,
        before=given.before,
        plots=given.plots,
        apart=given.apart,
        profile=given.profile or "flex",
        progress=progress,
    )


if __name__ == "__main__":
    sys.exit(stopping.run(main))
