"""Take the code apart: each of the mutants beside this file must be caught by the test it names.

python -m tests.mutants                   all of them; exit code 1 when one is not caught
python -m tests.mutants no-etag …         these
python -m tests.mutants --refresh         write their line numbers and context anew
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import chain
from pathlib import Path
from typing import Final

from tests.mutants.outcomes import PASSED, name_of
from tests.mutants.patches import FOLDER, Malformed, Mutant, read_all, refresh
from tests.mutants.trial import (
    CAUGHT,
    ROOT,
    TREE_SECONDS_MAX,
    Run,
    Verdict,
    copied_tree,
    judge,
    run_tests,
)
from tools import stopping
from tools.terminal import Progress, say

AT_ONCE: Final = 2
"""Trials side by side; each of them is one process that keeps one core busy."""

UNUSABLE: Final = 2
"""Exit code: there is nothing to be learned from mutants as things are."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a mutant (default: all)")
    parser.add_argument("--refresh", action="store_true", help="write the patches again")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the patches are")
    options = parser.parse_args(arguments)
    try:
        mutants = _named(read_all(options.folder), options.names)
        if options.refresh:
            for each in mutants:
                refresh(each, ROOT, options.folder)
            return 0
    except Malformed as error:
        print(error)
        return UNUSABLE
    return _run(mutants)


def _named(mutants: dict[str, Mutant], names: Sequence[str]) -> list[Mutant]:
    if unknown := [each for each in names if each not in mutants]:
        raise Malformed(f"there is no mutant {unknown[0]}")
    chosen = [mutants[each] for each in names or mutants]
    if not chosen:
        raise Malformed("there are no mutants")
    return chosen


def _run(mutants: Sequence[Mutant]) -> int:
    with Progress("mutants", len(mutants)) as progress, ThreadPoolExecutor(AT_ONCE) as pool:
        progress.at("their tests, without any mutant")
        wrong = list(chain.from_iterable(pool.map(_wrong, _halves(mutants))))
        if wrong:
            say("\n".join(["These tests do not pass without any mutant:", *wrong]))
            return UNUSABLE
        verdicts = []
        for done in as_completed(pool.submit(judge, each) for each in mutants):
            verdicts.append(done.result())
            progress.add(1, verdicts[-1].name)
            say(_line(verdicts[-1]))
    return _report(verdicts)


def _halves(mutants: Sequence[Mutant]) -> list[list[str]]:
    """Deal out the tests that they name, those of one file together."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    for test in sorted({test for each in mutants for test in each.caught_by}):
        files[test.partition("::")[0]].append(test)
    tests = list(files.values())
    return [list(chain.from_iterable(tests[n::AT_ONCE])) for n in range(min(AT_ONCE, len(tests)))]


def _wrong(tests: Sequence[str]) -> list[str]:
    with copied_tree() as tree:
        run = run_tests(tree, tests, TREE_SECONDS_MAX)
    if run.trouble:
        return [f"{run.trouble}\n{run.output}"]
    return [each for each in tests if _outcome(run, each) != PASSED]


def _outcome(run: Run, test: str) -> str:
    return run.outcomes.get(name_of(test), "did not run")


def _report(verdicts: Iterable[Verdict]) -> int:
    by_name = sorted(verdicts, key=lambda each: each.name)
    missed = [each for each in by_name if each.word != CAUGHT]
    for each in missed:
        print(f"\n{each.name}: {each.detail or f'{each.test} passes with it'}")
    print(f"{len(by_name) - len(missed)} of {len(by_name)} mutants are caught.")
    return 1 if missed else 0


def _line(verdict: Verdict) -> str:
    return f"{verdict.word:8}  {verdict.name:44}  {verdict.test}  {verdict.seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(stopping.run(main))
