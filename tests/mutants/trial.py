"""Runs tests in a copy of the source tree, in a process of their own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from tests.mutants.outcomes import PASSED, VIOLATED, name_of
from tests.mutants.patches import Malformed, Mutant, apply

ROOT: Final = Path(__file__).resolve().parent.parent.parent

SECONDS_MAX: Final = 180.0
"""For the tests of one mutant, which take a few seconds where nothing else runs (`patience`). A
mistake that makes a test hang wants a test that notices."""

TREE_SECONDS_MAX: Final = 600.0
"""For all the tests together on the code as it is; the same."""

NODE_MODULES: Final = Path("tests", "azurite", "node_modules")
"""Too large to be copied, and nobody changes it."""

CAUGHT: Final = "caught"
SURVIVED: Final = "SURVIVED"
BROKEN: Final = "BROKEN"
"""It does not fit the code, does not run, or does not end: so it shows nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant."""

    name: str
    word: str
    test: str
    """Which test saw it, or should have."""
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What pytest made of some tests, by node id without parameters."""

    outcomes: Mapping[str, str]
    trouble: str
    """Why there are no outcomes; empty when there are."""
    output: str


def judge(mutant: Mutant) -> Verdict:
    """Have its tests run against a mutant: all that it names must see it."""
    began = monotonic()
    first = mutant.caught_by[0]
    with copied_tree() as tree:
        try:
            apply(mutant, tree)
        except Malformed as error:
            return Verdict(mutant.name, BROKEN, first, 0.0, str(error))
        run = run_tests(tree, mutant.caught_by, SECONDS_MAX)
    word, test, detail = judged(mutant, run)
    return Verdict(mutant.name, word, test, monotonic() - began, detail)


def judged(mutant: Mutant, run: Run) -> tuple[str, str, str]:
    """Return the word for it, the test that decided, and what there is to say beside."""
    if run.trouble:
        return BROKEN, mutant.caught_by[0], f"{run.trouble}\n{run.output}"
    for test in mutant.caught_by:
        outcome = run.outcomes.get(name_of(test), "did not run")
        if outcome == PASSED:
            return SURVIVED, test, ""
        if outcome != VIOLATED:
            return BROKEN, test, f"{outcome}\n{run.output}"
    return CAUGHT, mutant.caught_by[0], ""


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Copy the source, without what tools have left in it."""
    with TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder, "tree")
        shutil.copytree(
            ROOT, tree, ignore=shutil.ignore_patterns(".*", "__pycache__", NODE_MODULES.name)
        )
        (tree / NODE_MODULES).symlink_to(ROOT / NODE_MODULES, target_is_directory=True)
        yield tree


def patience() -> float:
    """Return how many times longer things take here and now than where nothing else runs."""
    if not hasattr(os, "getloadavg"):  # Windows
        return 1.0
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def run_tests(tree: Path, node_ids: Sequence[str], seconds_max: float) -> Run:
    """Run tests with this interpreter; pytest's settings are those of the tree.

    They end after `seconds_max`, and later where much else runs.
    """
    outcomes = tree.parent / "outcomes.json"
    command = [
        *(sys.executable, "-B", "-m", "pytest", "-p", "tests.mutants.outcomes"),
        # Loading this plugin is half of the start, and no test that a mutant names needs it.
        *("-p", "no:schemathesis", "-p", "no:cacheprovider"),
        *("-o", "timeout=0", f"--outcomes={outcomes}", *node_ids),
    ]
    seconds = seconds_max * patience()
    # Whatever points to the real tree would have the tests import that.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return Run({}, f"does not end within {seconds:.0f} s", "")
    if done.returncode not in {0, 1} or not outcomes.exists():
        return Run({}, f"pytest ended with {done.returncode}", done.stdout[-4000:] + done.stderr)
    return Run(json.loads(outcomes.read_text(encoding="utf-8")), "", done.stdout[-4000:])
