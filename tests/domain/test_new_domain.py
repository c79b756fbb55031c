"""`make domain NAME=tickets` writes a package that works as it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.new_domain import main, names, singular

ROOT = Path(__file__).parents[2]


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}", "MYPYPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def test_package_has_tests_that_pass_and_a_lock_that_holds(inside: Path) -> None:
    assert main(["tickets"]) == 0
    tested = run(inside, "pytest", "-q", "-p", "no:cacheprovider", "tickets")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "2 passed" in tested.stdout
    locked = run(inside, "domain.lock", "--write", "tickets")
    assert locked.returncode == 0, locked.stderr
    assert (inside / "tickets" / "released.json").exists()


def test_package_is_written_in_the_style_of_the_project(inside: Path) -> None:
    assert main(["entries", "--key", "journalId"]) == 0
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        checked = run(inside, *command, "--config", str(ROOT / "pyproject.toml"), "entries")
        assert checked.returncode == 0, checked.stdout + checked.stderr
    typed = run(
        inside, "mypy", "--strict", "--explicit-package-bases", "--cache-dir", "cache", "entries"
    )
    assert typed.returncode == 0, typed.stdout


def test_package_that_is_there_is_left_alone(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside / "tickets").mkdir()
    assert main(["tickets"]) == 2
    assert "tickets" in capsys.readouterr().err
    assert list((inside / "tickets").iterdir()) == []


@pytest.mark.parametrize(
    ("many", "one"),
    [("tickets", "ticket"), ("entries", "entry"), ("boxes", "box"), ("classes", "class")],
)
def test_singular_is_guessed(many: str, one: str) -> None:
    assert singular(many) == one


def test_word_that_is_not_a_plural_asks_for_the_singular() -> None:
    with pytest.raises(ValueError, match="--one"):
        singular("data")


@pytest.mark.parametrize(
    ("many", "one", "key"),
    [
        ("Tickets", "ticket", "accountId"),
        ("tick-ets", "ticket", "accountId"),
        ("classes", "class", "accountId"),
        ("tickets", "tickets", "accountId"),
        ("tickets", "ticket", "account id"),
    ],
)
def test_names_that_cannot_be_used_are_refused(many: str, one: str, key: str) -> None:
    with pytest.raises(ValueError, match=r"must"):
        names(many, one, key)
