"""`python -m model [--trace] [--follow FILE ...] [NAME ...]`: check the protocol with TLC.

Each configuration says what TLC has to find in it. With `--follow`, recorded traces are checked
instead: whether they are behaviours of the model.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from model import java, tlc, trace
from model.expectation import Expectation, all_expectations
from model.trace_lines import TraceError, read
from tools import stopping
from tools.terminal import Progress, say

AT_ONCE: Final = 2
"""Configurations. Each takes one core, and up to 1 GB."""

TRACES_PER_RUN: Final = 25
"""TLC keeps all their lines in memory."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What TLC found in one configuration."""

    expected: Expectation
    result: tlc.Result
    seconds: float

    @property
    def is_expected(self) -> bool:
        """Whether it is what the configuration says."""
        return self.result.is_as(self.expected)

    def __str__(self) -> str:
        """Say it in a line, without the words of a failure where there is none."""
        if not self.is_expected:
            return f"{self.expected.name:24} NOT AS EXPECTED: {self.result}; {self.expected}"
        said = self.expected.praise
        return f"{self.expected.name:24} {said:58} {self.seconds:5.1f} s"


def main() -> int:
    """Check all configurations, or those named, or traces; return 1 when one is not as expected."""
    expectations = all_expectations()
    options = _parse(expectations)
    if options.follow:
        return follow(options.follow)
    runtime = java.find_or_install()
    chosen = [each for each in expectations if not options.names or each.name in options.names]
    return _check(runtime, chosen, show=options.trace)


def _parse(expectations: Sequence[Expectation]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a file of configs/, limits/ or twins/"
    )
    parser.add_argument("--trace", action="store_true", help="show how a promise gets broken")
    parser.add_argument(
        "--follow",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="check recorded traces (README.md: the format) and no configurations",
    )
    options = parser.parse_args()
    unknown = set(options.names) - {each.name for each in expectations}
    if unknown:
        parser.error(f"no configuration {', '.join(sorted(unknown))}")
    return options


def _check(runtime: Path, chosen: Sequence[Expectation], *, show: bool) -> int:
    began = monotonic()
    findings: list[Finding] = []
    with Progress("configurations", len(chosen)) as progress:
        for each in _findings(runtime, chosen):
            findings.append(each)
            progress.add(1)
            say(str(each))
            if not each.is_expected or (show and each.expected.broken):
                say(each.result.output)
    wrong = [each.expected.name for each in findings if not each.is_expected]
    if wrong:
        say(f"{len(wrong)} of {len(chosen)} not as expected: {', '.join(sorted(wrong))}")
        return 1
    say(f"{_summary(chosen)} ({monotonic() - began:.0f} s)")
    return 0


def _findings(runtime: Path, chosen: Sequence[Expectation]) -> Iterator[Finding]:
    """Yield them as they come, the large ones begun first."""
    largest_first = sorted(chosen, key=lambda each: -(each.states or 0))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for each in as_completed([pool.submit(_find, runtime, each) for each in largest_first]):
            yield each.result()


def _find(runtime: Path, expected: Expectation) -> Finding:
    began = monotonic()
    try:
        result = tlc.run(runtime, expected)
    except subprocess.TimeoutExpired as error:
        result = tlc.Result(None, None, str(error))
    return Finding(expected, result, monotonic() - began)


def _summary(chosen: Sequence[Expectation]) -> str:
    """Return the closing sentence, of a run in which all is as expected."""
    count = {
        part: sum(each.part == part for each in chosen) for part in ("configs", "twins", "limits")
    }
    said = {
        "configs": "{} keep every promise",
        "twins": "{} deliberate mistakes are noticed",
        "limits": "{} known limits are where they were",
    }
    parts = [said[part].format(number) for part, number in count.items() if number]
    return f"As expected: of {len(chosen)} configurations {', '.join(parts)}."


def follow(files: Sequence[Path]) -> int:
    """Check recorded traces; return 1 when one is no behaviour of the model."""
    runtime, began = java.find_or_install(), monotonic()
    try:
        traces = [read(each.name, each.read_text().splitlines()) for each in files]
    except TraceError as error:
        say(str(error))
        return 1
    rejections: list[trace.Rejection] = []
    for first in range(0, len(traces), TRACES_PER_RUN):
        part = traces[first : first + TRACES_PER_RUN]
        try:
            rejections += trace.check(runtime, part)
        except (trace.NoAnswer, subprocess.TimeoutExpired) as error:
            say(str(error))
            return 1
    for each in rejections:
        say(str(each))
    steps = sum(len(each.steps) for each in traces)
    said = f"{len(traces) - len(rejections)} of {len(traces)} traces are behaviours of the model"
    say(f"{said} ({steps:,} steps, {monotonic() - began:.0f} s)")
    return 1 if rejections else 0


if __name__ == "__main__":
    sys.exit(stopping.run(main))
