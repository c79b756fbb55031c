"""Simulate: `python -m tests.simulation 4711` replays one seed, `--seeds 5000` sweeps many.

A history that breaks a promise is made as small as it gets before it is shown. A sweep of 10,000
histories and more also fails when some kind of fault was injected less than 1,000 times.
"""

import argparse
import os
import sys
import time
from typing import Final

from tests.simulation.history import History, HistoryFailed
from tests.simulation.shrink import Search
from tests.simulation.sweep import Totals, all_kinds, run_on_all_cores

HISTORIES_MANY: Final = 10_000
TIMES_EACH: Final = 1_000


def main() -> int:
    # As in production: the SDK then decodes without looking for classes.
    os.environ.setdefault("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("seed", type=int, nargs="?", help="replay this history, step by step")
    parser.add_argument("--whole", action="store_true", help="do not make it smaller")
    parser.add_argument("--seeds", type=int, default=1000, help="how many to run (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default 0)")
    options = parser.parse_args()
    if options.seed is not None:
        return replay(options.seed, whole=options.whole)
    return sweep(range(options.first, options.first + options.seeds))


def replay(seed: int, *, whole: bool) -> int:
    history = History(seed)
    failure: HistoryFailed | None = None
    try:
        history.run()
    except HistoryFailed as failed:
        failure = failed if whole else Search(seed).smallest()
    trace = history.world.trace if failure is None else failure.trace
    sys.stdout.writelines(f"{line}\n" for line in trace)
    if failure is not None:
        sys.stdout.write(f"{failure.violation}\n")
    return int(failure is not None)


def sweep(seeds: range) -> int:
    totals, began = Totals(), time.monotonic()
    for part in run_on_all_cores(seeds):
        if isinstance(part, str):
            sys.stdout.write(f"{part}\n")
            return 1
        totals.add(part)
        if totals.histories % 1000 == 0:
            sys.stdout.write(f"{totals}, {time.monotonic() - began:.0f} s\n")
            sys.stdout.flush()
    sys.stdout.writelines(f"{totals.faults[kind]:9} {kind}\n" for kind in all_kinds())
    sys.stdout.write(f"{totals}, {time.monotonic() - began:.0f} s: every promise held\n")
    seldom = totals.seldom(TIMES_EACH) if totals.histories >= HISTORIES_MANY else []
    sys.stdout.writelines(f"injected less than {TIMES_EACH} times: {each}\n" for each in seldom)
    return int(bool(seldom))


if __name__ == "__main__":
    sys.exit(main())
