"""The patches fit the code, the tests that they name are there, and the runner can fail.

`make mutants` runs all of them; here only a few are.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.mutants import trial
from tests.mutants.__main__ import UNUSABLE, main
from tests.mutants.patches import Mutant, apply, read_all
from tests.mutants.trial import ROOT

MUTANTS: Final = read_all()

ASKED_FOR: Final = """
    a-cached-head-is-trusted-without-its-version a-failed-activity-fails-the-orchestration
    a-hand-over-that-is-lost a-late-fence-puts-an-old-head-back a-repeat-takes-effect-again
    a-repeat-without-the-look a-row-is-taken-for-the-entry-at-the-cursor
    a-signal-is-never-repeated a-state-read-backwards an-append-during-a-run-is-forgotten
    an-append-without-an-answer-is-done an-entity-that-remembers an-inbox-read-before-the-entity
    an-inbox-write-without-an-answer-is-accepted answered-before-it-is-in-the-log
    content-from-memory-before-acceptance done-by-its-number drains-without-a-bound
    known-done-deletes
    known-done-skips-an-inbox-row last-resort-beside-a-working-entity no-order-of-last-resort
    no-sweeper nobody-tells-the-entity-what-is-done other-content-is-a-repeat
    swept-one-key-at-a-time the-cursor-moves-before-sending the-fence-is-not-heard-of
    the-inbox-row-goes-before-the-append the-log-in-one-zone the-log-is-read-before-the-inbox
    the-marker-after-the-append the-outbox-backwards the-sweeper-removes-what-it-took-up
    unmarked-without-a-fence
"""
"""Mistakes that somebody could make with the best of intentions. None of them may get lost."""

CHEAP: Final = [
    "a-late-fence-puts-an-old-head-back",
    "an-entity-that-remembers",
    "the-outbox-backwards",
]
"""Of three kinds: the engine, the entity, the simulation."""

SEEN_BY: Final = (
    "tests/triggers/http/test_idempotency_key.py::test_a_key_that_is_made_up_is_one_and_new"
)

LINE: Final = "    return uuid4().hex\n"


def functions(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {each.name for each in nodes if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def mutated(mutant: Mutant, folder: Path) -> list[Path]:
    """Copy the files that it changes, and change them."""
    for path in mutant.paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes((ROOT / path).read_bytes())
    apply(mutant, folder)
    return [folder / path for path in mutant.paths]


def write(folder: Path, name: str, *, after: str, seen_by: str = SEEN_BY) -> None:
    """Write a patch of `make_key`."""
    added = "".join(f"+{line}\n" for line in after.splitlines())
    (folder / f"{name}.patch").write_text(
        f"Some mistake.\n\nBreaks: a promise.\nCaught by: {seen_by}\n\n"
        f"--- a/triggers/http/idempotency_key.py\n+++ b/triggers/http/idempotency_key.py\n@@ -1 +1 @@\n-{LINE}{added}"
    )


def test_what_was_asked_for_is_there() -> None:
    assert set(ASKED_FOR.split()) - set(MUTANTS) == set()


@pytest.mark.parametrize("name", MUTANTS)
def test_it_changes_real_code_and_names_tests_that_are_there(name: str, tmp_path: Path) -> None:
    mutant = MUTANTS[name]
    assert not any(path.startswith("tests/") for path in mutant.paths)
    for path, changed in zip(mutant.paths, mutated(mutant, tmp_path), strict=True):
        assert changed.read_bytes() != (ROOT / path).read_bytes()
    for test in mutant.caught_by:
        file, _, function = test.partition("::")
        assert function.partition("[")[0] in functions(ROOT / file), test


def test_no_mutant_has_a_name_that_is_not_there(tmp_path: Path) -> None:
    """The simulation would see that only as a promise that is broken for some reason."""
    for name, mutant in MUTANTS.items():
        mutated(mutant, tmp_path / name)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F821,F823"]
    done = subprocess.run(
        [*ruff, str(tmp_path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_a_few_of_them_are_caught(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(CHEAP)
    output = capsys.readouterr().out
    assert status == 0, output
    assert output.endswith(f"{len(CHEAP)} of {len(CHEAP)} mutants are caught.\n")
    for name in CHEAP:
        assert MUTANTS[name].caught_by[0] in output


def test_harmless_or_broken_mutant_is_not_caught(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "a-mistake", after="    return 'one-for-all'")
    write(tmp_path, "a-comment", after=f"    # No mistake.\n{LINE}")
    write(tmp_path, "a-name-that-is-not-there", after="    return uuid44().hex")
    assert main(["--folder", str(tmp_path)]) == 1
    output = capsys.readouterr().out
    told = re.findall(r"^(\w+) +([\w-]+) +tests/", output, re.MULTILINE)[-3:]
    assert set(told) == {  # in the order in which they end
        ("SURVIVED", "a-comment"),
        ("caught", "a-mistake"),
        ("BROKEN", "a-name-that-is-not-there"),
    }
    assert "NameError" in output
    assert output.endswith("1 of 3 mutants are caught.\n")


def test_what_does_not_end_is_not_caught(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SECONDS_MAX", 3.0)
    write(tmp_path, "no-end", after=f"    while True:\n        pass\n{LINE}")
    assert main(["--folder", str(tmp_path)]) == 1
    assert "no-end: does not end within" in capsys.readouterr().out


@pytest.mark.parametrize(("load", "times"), [(0.5, 1.0), (2.0, 1.0), (12.0, 6.0)])
def test_busy_machine_gets_more_time(
    load: float, times: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert trial.patience() == times


def test_a_test_that_is_not_there_shows_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "a-mistake", after="    return 'one-for-all'", seen_by=f"{SEEN_BY}_not")
    assert main(["--folder", str(tmp_path)]) == UNUSABLE
    assert "pytest ended with 4" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["no-such-mutant"], ["--folder", "no-such-folder"]])
def test_nothing_to_run_is_a_failure(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == UNUSABLE
    assert capsys.readouterr().out.startswith("there ")
