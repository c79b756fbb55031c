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


@pytest.mark.parametrize("many", ["entries", "tickets", "invitations"])
def test_package_is_written_in_the_style_of_the_project(inside: Path, many: str) -> None:
    assert main([many, "--key", "journalId"]) == 0
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        checked = run(inside, *command, "--config", str(ROOT / "pyproject.toml"), many)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    typed = run(
        inside, "mypy", "--strict", "--explicit-package-bases", "--cache-dir", "cache", many
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
    [("tickets", "ticket"), ("entries", "entry"), ("boxes", "box"), ("addresses", "address")],
)
def test_singular_is_guessed(many: str, one: str) -> None:
    assert singular(many) == one


@pytest.mark.parametrize("many", ["data", "buses", "houses", "leaves", "news", "series", "status"])
def test_word_that_nobody_can_tell_asks_for_the_singular(many: str) -> None:
    with pytest.raises(ValueError, match="--one"):
        singular(many)


@pytest.mark.parametrize(
    ("many", "one", "key", "why"),
    [
        ("Tickets", "ticket", "accountId", "must have the form"),
        ("tick-ets", "ticket", "accountId", "must have the form"),
        ("2fas", "fa", "accountId", "must have the form"),
        ("ключи", "key", "accountId", "must have the form"),
        ("classes", "class", "accountId", "no word of Python"),
        ("tickets", "tickets", "accountId", "name must differ from plural"),
        ("problems", "problem", "accountId", "name must differ from plural and from"),
        ("keys", "key", "accountId", "Key is a word of the kit"),
        ("todos", "todo", "accountId", "there is a module called todos already"),
        ("statistics", "statistic", "accountId", "a module called statistics already"),
        ("tickets", "ticket", "account id", "must have the form"),
        ("tickets", "ticket", "ticketId", "the plural of the key must not be 'tickets'"),
        ("tickets", "ticket", "subject", "the key must not be 'subject'"),
        ("tickets", "ticket", "id", "must have different names"),
        ("tickets", "ticket", "healthId", "a function of the app is called 'get_health'"),
    ],
)
def test_names_that_cannot_be_used_are_refused(many: str, one: str, key: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        names(many, one, key)


def test_package_is_published_with_the_app(inside: Path) -> None:
    (inside / ".funcignore").write_text("/*\n")
    assert main(["people", "--one", "person"]) == 0
    told = "/*\n\n!/[p]eople/\n/people/*\n!/people/*.py\n"
    assert (inside / ".funcignore").read_text() == told


def test_domain_without_a_name_is_asked_for_one(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert "make domain NAME=tickets" in capsys.readouterr().err
    assert list(inside.iterdir()) == []


def test_package_that_is_refused_leaves_nothing(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside / ".funcignore").write_text("/*\n")
    assert main(["people"]) == 2
    assert capsys.readouterr().err.strip() == (
        'what is one of people called? Say so: ARGS="--one NAME"'
    )
    assert [each.name for each in inside.iterdir()] == [".funcignore"]
    assert (inside / ".funcignore").read_text() == "/*\n"
