"""The final gives a learner a broken system, and nothing that names what is broken."""

from pathlib import Path

import pytest

from workshop import final
from workshop.catalogue import FOLDER


def test_five_patches_fit() -> None:
    assert final.complaints() == []
    assert list(final.mutants()) == list("ABCDE")


def test_copy_has_the_mistake_and_no_patch(tmp_path: Path) -> None:
    mutant = final.mutants()["A"]
    final.prepare(tmp_path / "A", mutant)
    name = mutant.paths[0]
    changed = (tmp_path / "A" / name).read_text(encoding="utf-8")
    assert changed != (FOLDER.parent / name).read_text(encoding="utf-8")
    assert not list((tmp_path / "A").rglob("*.patch"))
    assert not (tmp_path / "A" / ".git").exists()
    assert (tmp_path / "A" / "tests" / "simulation").is_dir()


def test_copy_that_a_learner_works_in_is_kept(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    final.prepare(tmp_path / "A", final.mutants()["A"])
    assert not list((tmp_path / "A").iterdir())


def test_answer_names_letter_and_file(capsys: pytest.CaptureFixture[str]) -> None:
    found = final.mutants()
    assert final.judge(found, f"a:{found['A'].paths[0]}") == 0
    assert "Breaks:" in capsys.readouterr().out
    assert final.judge(found, "A:README.md") == 1
    assert final.judge(found, "Z:README.md") == 2
    assert "Breaks:" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "said"),
    [("A:nosuch.py", "There is no such file: nosuch.py"), ("A", "ANSWER=A:"), ("A:", "ANSWER=A:")],
)
def test_answer_without_a_file_is_explained(
    answer: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert final.judge(final.mutants(), answer) == 2
    assert said in capsys.readouterr().out
