"""Simulate: `python -m tests.simulation 4711` replays one seed, `--seeds 5000` sweeps many."""

import argparse
import sys

from tests.simulation.history import History, HistoryFailed
from tests.simulation.sweep import Totals, run_seeds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="replay this history, step by step")
    parser.add_argument("--seeds", type=int, default=1000, help="how many to run (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default 0)")
    options = parser.parse_args()
    if options.seed is not None:
        return replay(options.seed)
    return sweep(range(options.first, options.first + options.seeds))


def replay(seed: int) -> int:
    history = History(seed)
    failed = False
    try:
        history.run()
    except HistoryFailed as failure:
        failed = True
        sys.stdout.write(f"{failure.violation}\n")
    sys.stdout.writelines(f"{line}\n" for line in history.world.trace)
    return int(failed)


def sweep(seeds: range) -> int:
    totals = Totals()
    try:
        for first in range(seeds.start, seeds.stop, 500):
            run_seeds(range(first, min(first + 500, seeds.stop)), totals)
            sys.stdout.write(f"{totals}\n")
            sys.stdout.flush()
    except HistoryFailed as failure:
        sys.stdout.write(f"{failure}\n")
        return 1
    for fault, count in sorted(totals.faults.items()):
        sys.stdout.write(f"{count:8} {fault}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
