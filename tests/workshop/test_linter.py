"""The linter sees what an exercise may not be. That no exercise is so: make workshop-check."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from workshop.catalogue import Exercise, every, find
from workshop.linter import complaints


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    original = find(4)
    copy = tmp_path / original.folder.name
    shutil.copytree(original.folder, copy)
    return Exercise(4, copy)


def replace(name: str, old: str, new: str) -> Callable[[Exercise], None]:
    def change(exercise: Exercise) -> None:
        path = exercise.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def test_every_exercise_is_clean() -> None:
    assert [each for exercise in every() for each in complaints(exercise)] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (replace("start.py", '"""A depot', '"""A foo'), "foo"),
        (replace("start.py", "\n\n\nasync", "\n" * 70 + "async"), "lines"),
        (replace("solution.py", "depot: Table)", "other: Table)"), "other arguments"),
        (replace("README.md", "## Hints", "## Help"), "no section 'Hints'"),
        (replace("README.md", "# 4. ", "# 5. "), "does not begin with"),
        (replace("README.md", "## Story", "## Story\n" + "word " * 900), "words"),
        (replace("README.md", "](http", "]( http"), "links to nothing"),
        (replace("README.md", "What happens if you do nothing about it?", "bar"), "foo and bar"),
        (replace("trainer.md", "```python", "```text"), "fewer than 3 attempts"),
        (replace("trainer.md", "## Ask the room", "## Ask"), "lacks 'Ask the room'"),
        (lambda exercise: (exercise.folder / "trainer.md").unlink(), "trainer.md is missing"),
    ],
)
def test_exercise_that_is_not_as_it_should_be(
    exercise: Exercise, change: Callable[[Exercise], None], complaint: str
) -> None:
    change(exercise)
    assert complaint in "\n".join(complaints(exercise))


def test_attempt_of_tla_replaces_a_definition() -> None:
    text = find(11).attempt("NoLoss == inbox = Requests")
    assert "NoLoss == inbox = Requests\nNoDuplicate == TRUE" in text
    assert "NoLoss == TRUE" not in text
