from pathlib import Path

import pytest

from tests.mutants.outcomes import PASSED, VIOLATED
from tests.mutants.patches import Malformed, Mutant, apply, diff, read, refresh
from tests.mutants.trial import BROKEN, CAUGHT, SURVIVED, Run, judged

HEADER = """Counts in twos.

Breaks: the log is 1..n.
Caught by: tests/a.py::test_one
           tests/a.py::test_two

"""

CODE = "def one():\n    x = 1\n\n    return x\n\n\ndef two():\n    x = 1\n\n    return x\n"
CHANGED = "x = 2".join(CODE.rsplit("x = 1", 1))

RED, GREEN = VIOLATED, PASSED
ONE, TWO = "tests/a.py::test_one", "tests/a.py::test_two"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "todos" / "code.py"
    path.parent.mkdir()
    path.write_text(CODE)
    return path


def written(folder: Path, text: str) -> Path:
    path = folder / "in-twos.patch"
    path.write_text(text)
    return path


def mutant_of(folder: Path, text: str) -> Mutant:
    return read(written(folder, text))


def test_a_patch_is_read_and_applied(tmp_path: Path, code: Path) -> None:
    mutant = mutant_of(tmp_path, HEADER + diff("todos/code.py", CODE, CHANGED))
    assert (mutant.name, mutant.header, mutant.paths) == ("in-twos", HEADER, ("todos/code.py",))
    assert mutant.caught_by == (ONE, TWO)
    apply(mutant, tmp_path)
    assert code.read_text() == CHANGED


def test_diff_has_just_enough_context_to_be_unique() -> None:
    text = diff("todos/code.py", CODE, CHANGED)
    assert " def two():\n" in text
    assert "def one" not in text
    assert diff("x.py", "a\nb\nc\n", "a\nc\n").count("\n") == 6


def test_it_finds_its_place_wherever_that_has_moved(tmp_path: Path, code: Path) -> None:
    mutant = mutant_of(tmp_path, HEADER + diff("todos/code.py", CODE, CHANGED))
    code.write_text("# new\n" * 50 + CODE)
    apply(mutant, tmp_path)
    assert code.read_text() == "# new\n" * 50 + CHANGED


def test_what_git_writes_before_a_file_is_no_part_of_it(tmp_path: Path, code: Path) -> None:
    git = "diff --git a/todos/{0} b/todos/{0}\nindex 19102fa..b3c1d4e 100644\n"
    two = diff("todos/code.py", CODE, CHANGED) + git.format("more.py")
    text = HEADER + git.format("code.py") + two + diff("todos/more.py", CODE, CHANGED)
    mutant = mutant_of(tmp_path, text)
    assert (mutant.header, mutant.caught_by) == (HEADER, (ONE, TWO))
    code.with_name("more.py").write_text(CODE)
    apply(mutant, tmp_path)
    assert code.read_text() == code.with_name("more.py").read_text() == CHANGED


@pytest.mark.parametrize("now", [CODE.replace("two", "three"), CODE + "\n\n" + CODE])
def test_it_fits_in_one_place_or_not_at_all(tmp_path: Path, code: Path, now: str) -> None:
    mutant = mutant_of(tmp_path, HEADER + diff("todos/code.py", CODE, CHANGED))
    code.write_text(now)
    with pytest.raises(Malformed, match="places instead of 1"):
        apply(mutant, tmp_path)
    assert code.read_text() == now


def test_a_file_that_is_gone_is_told(tmp_path: Path, code: Path) -> None:
    mutant = mutant_of(tmp_path, HEADER + diff("todos/code.py", CODE, CHANGED))
    code.unlink()
    with pytest.raises(Malformed, match=r"there is no todos/code\.py"):
        apply(mutant, tmp_path)


def test_refreshed_it_has_the_lines_of_today(tmp_path: Path, code: Path) -> None:
    mutant = mutant_of(tmp_path, HEADER + diff("todos/code.py", CODE, CHANGED))
    code.write_text("# new\n" * 50 + CODE)
    refresh(mutant, tmp_path, tmp_path)
    fresh = read(tmp_path / "in-twos.patch")
    assert (fresh.header, fresh.caught_by, fresh.hunks) == (HEADER, (ONE, TWO), mutant.hunks)
    assert "@@ -57" in (tmp_path / "in-twos.patch").read_text()


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (HEADER, "a diff"),
        (HEADER.partition("Breaks")[0], "Breaks:"),
        (HEADER.partition("Caught")[0], "Caught by:"),
        ("\n" + HEADER.partition("\n\n")[2], "a sentence"),
        (HEADER.replace("::", ":"), "no node id"),
        (HEADER.replace("tests/", "/tests/"), "no node id"),
        (HEADER + "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\nx\n", "neither kept"),
    ],
)
def test_what_is_missing_is_told(tmp_path: Path, text: str, missing: str) -> None:
    with pytest.raises(Malformed, match=rf"^in-twos\.patch: .*{missing}"):
        read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("one", "two", "word", "test"),
    [
        (RED, RED, CAUGHT, ONE),
        (GREEN, RED, SURVIVED, ONE),
        (RED, GREEN, SURVIVED, TWO),
        ("call: NameError: x", RED, BROKEN, ONE),
        (RED, "setup: OSError: x", BROKEN, TWO),
    ],
)
def test_every_test_that_it_names_must_see_it(
    tmp_path: Path, one: str, two: str, word: str, test: str
) -> None:
    mutant = mutant_of(tmp_path, HEADER + diff("todos/code.py", CODE, CHANGED))
    assert judged(mutant, Run({ONE: one, TWO: two}, "", ""))[:2] == (word, test)


def test_a_test_that_did_not_run_did_not_see_it(tmp_path: Path) -> None:
    mutant = mutant_of(tmp_path, HEADER + diff("todos/code.py", CODE, CHANGED))
    assert judged(mutant, Run({ONE: RED}, "", ""))[:2] == (BROKEN, TWO)
    assert judged(mutant, Run({}, "pytest ended with 3", ""))[:2] == (BROKEN, ONE)
