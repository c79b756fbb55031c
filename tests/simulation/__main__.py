"""Simulate: `python -m tests.simulation 4711` replays one seed, `--seeds 5000` sweeps many.

A history that breaks a promise is made as small as it gets before it is shown. A sweep of 10,000
histories and more also fails when some kind of fault was injected less than 1,000 times, or one of
the placements is in less than a quarter of the histories.
"""

import argparse
import os
import sys
from itertools import chain
from typing import Final

from tests.simulation.history import History, HistoryFailed
from tests.simulation.ledger import Violation
from tests.simulation.placements import PLACEMENTS
from tests.simulation.shrink import Search
from tests.simulation.small import pairs, play, single_faults
from tests.simulation.sweep import Failure, Totals, all_kinds, run_on_all_cores
from tools import stopping
from tools.terminal import Progress

HISTORIES_MANY: Final = 10_000
TIMES_EACH: Final = 1_000
SHARE_EACH: Final = 0.25

INTERRUPTED: Final = "Stopped: nothing is said about the histories that did not run."


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
    parser.add_argument(
        "--pairs", type=int, metavar="SCHEDULES",
        help="break a small history at each of its calls, and at each two of its writes",
    )  # fmt: skip
    options = parser.parse_args()
    if options.pairs is not None:
        return every_pair(options.pairs)
    if options.seed is not None:
        return replay(options.seed, whole=options.whole)
    return sweep(range(options.first, options.first + options.seeds))


def replay(seed: int, *, whole: bool) -> int:
    """Write down what happens in a history; return the exit code."""
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
    else:
        sys.stdout.write(f"Every promise held in history {seed}.\n")
    return int(failure is not None)


def every_pair(schedules: int) -> int:
    """Break the small history on so many of its schedules. Raises what is broken then."""
    runs = 0
    with Progress("runs") as progress:
        for schedule in range(schedules):
            for faults in chain(single_faults(schedule), pairs(schedule)):
                try:
                    play(schedule, faults)
                except (Violation, AssertionError) as error:
                    raise AssertionError(f"play({schedule}, {dict(faults)})") from error
                progress.add(1)
                runs += 1
    sys.stdout.write(f"Every promise held in {runs} runs of the small history.\n")
    return 0


def sweep(seeds: range) -> int:
    """Run many histories; return the exit code."""
    totals, failure = Totals(), None
    with Progress("histories", len(seeds)) as progress:
        for part in run_on_all_cores(seeds):
            if isinstance(part, Failure):
                failure = part
                break
            totals.add(part)
            progress.add(part.histories)
    if failure is not None:
        return _say(failure)
    sys.stdout.write("Faults injected:\n")
    sys.stdout.writelines(f"{totals.faults[kind]:9} {kind}\n" for kind in all_kinds())
    shares = [f"{totals.placements[each.name]} {each.name}" for each in PLACEMENTS]
    sys.stdout.write(f"Histories by placement: {', '.join(shares)}.\n")
    is_thin = totals.histories >= HISTORIES_MANY and _is_thin(totals)
    sys.stdout.write(f"Every promise held in {totals}.\n")
    return int(is_thin)


def _say(failure: Failure) -> int:
    sys.stdout.write(f"{failure.said}\n")
    if failure.seed is not None:
        sys.stdout.write("\nThe same, as small as it gets within a minute:\n\n")
        sys.stdout.flush()
        replay(failure.seed, whole=False)
    return 1


def _is_thin(totals: Totals) -> bool:
    """Say what there was too little of, and whether there was such a thing."""
    seldom = totals.seldom(TIMES_EACH)
    sys.stdout.writelines(f"injected less than {TIMES_EACH} times: {each}\n" for each in seldom)
    least = SHARE_EACH * totals.histories
    rare = [each.name for each in PLACEMENTS if totals.placements[each.name] < least]
    sys.stdout.writelines(f"in less than a quarter of the histories: {each}\n" for each in rare)
    return bool(seldom or rare)


if __name__ == "__main__":
    sys.exit(stopping.run(main, INTERRUPTED))
