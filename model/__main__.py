"""`python -m model [--trace] [--traces N] [NAME ...]`: check the protocol, then the code against it.

TLC has to find what each configuration says, and the model has to allow what N histories of
`tests/simulation` did.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Final

from model import java, tlc, trace
from model.expectation import Expectation, all_expectations

SEEDS: Final = 200
"""Histories whose traces are checked when nothing else is asked for."""

SEEDS_PER_RUN: Final = 25
"""Some 5,000 lines: TLC keeps them all in memory."""


def main() -> int:
    """Check all configurations, or those named; return 1 when one is not as expected."""
    expectations = all_expectations()
    options = _parse(expectations)
    runtime = java.find_or_install()
    wrong = 0
    for each in expectations:
        if each.name in options.names or not (options.names or options.traces):
            wrong += not _is_found(runtime, each, show=options.trace)
    seeds = options.traces or (0 if options.names else SEEDS)
    for first in range(0, seeds, SEEDS_PER_RUN):
        wrong += not _is_allowed(runtime, range(first, min(first + SEEDS_PER_RUN, seeds)))
    return 1 if wrong else 0


def _parse(expectations: Sequence[Expectation]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a file of configs/, limits/ or twins/"
    )
    parser.add_argument("--trace", action="store_true", help="show how a promise gets broken")
    parser.add_argument(
        "--traces",
        type=int,
        metavar="N",
        help=f"check only the traces of N histories (without this and NAME: all, {SEEDS} of them)",
    )
    options = parser.parse_args()
    unknown = set(options.names) - {each.name for each in expectations}
    if unknown:
        parser.error(f"no configuration {', '.join(sorted(unknown))}")
    return options


def _is_found(runtime: Path, expected: Expectation, *, show: bool) -> bool:
    began = monotonic()
    try:
        result = tlc.run(runtime, expected)
    except subprocess.TimeoutExpired as error:
        result = tlc.Result(None, None, str(error))
    good = result.is_as(expected)
    _say(expected.name, str(result), began, good=good)
    if not good:
        sys.stdout.write(f"      expected: {expected}\n{result.output}\n")
    elif show and result.broken:
        sys.stdout.write(f"{result.output}\n")
    return good


def _is_allowed(runtime: Path, seeds: range) -> bool:
    # Not above: who checks configurations needs nothing of the app.
    from tests.simulation.conformance.traces import traces_of_seeds

    began = monotonic()
    traces = traces_of_seeds(seeds)
    try:
        failures = [str(each) for each in trace.check(runtime, traces)]
    except (trace.NoAnswer, subprocess.TimeoutExpired) as error:
        failures = [str(error)]
    lines = sum(len(each.lines) for each in traces)
    said = f"{len(traces)} traces of {lines:,} lines"
    _say(f"seeds {seeds.start} to {seeds.stop - 1}", said, began, good=not failures)
    sys.stdout.writelines(f"{each}\n" for each in failures)
    return not failures


def _say(name: str, result: str, began: float, *, good: bool) -> None:
    line = f"{'ok   ' if good else 'WRONG'} {name:22} {result:34}"
    sys.stdout.write(f"{line} {monotonic() - began:5.1f} s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
