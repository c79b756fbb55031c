"""`make run`: where it keeps its data, and which it does not start on."""

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from store.sqlite.schema import FORMAT, prepare
from tests.published import by_azd, by_core_tools
from tests.tools.test_commands import INVOICES, ROOT, run
from tools.run import domain_of, make_data_folder, refusal

KEPT = ("store.db", "keys.json", "app/function_app.py", "tables/__azurite_db_table__.json")


def test_new_data_folder_ignores_itself(tmp_path: Path) -> None:
    data = tmp_path / "some" / "where"
    (data / "tables").mkdir(parents=True)
    make_data_folder(data)
    assert (data / ".gitignore").read_text() == "*\n"


def test_folder_that_holds_anything_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("mine")
    make_data_folder(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["notes.md"]


def test_data_in_the_clone_is_never_deployed() -> None:
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    paths = [f"somewhere/{name}" for name in KEPT]
    assert by_core_tools(lines, paths) == by_azd(lines, paths) == set()


def test_store_of_another_domain_is_refused_in_one_sentence(tmp_path: Path) -> None:
    prepare(tmp_path / "store.db", "todos")
    before = sorted(tmp_path.iterdir())
    code, out, error = run("tools.run", "--data", str(tmp_path), "--domain", INVOICES, EO_STORE="")
    assert (code, out) == (1, "")
    assert error == (
        f"The store {tmp_path / 'store.db'} holds todos, not invoices"
        " (another folder: make DATA=FOLDER, or --data FOLDER).\n"
    )
    assert sorted(tmp_path.iterdir()) == before


def test_store_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    prepare(path, "todos")
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    domain = domain_of("todos", [])
    assert domain is not None
    assert f"has format {FORMAT + 1}" in (refusal(domain, f"sqlite:{path}") or "")


@pytest.mark.parametrize("spec", ["tables", "sqlite:{}/own.db", "sqlite:{}/none.db", "wrong"])
def test_store_that_may_be_its_own_is_not_refused(tmp_path: Path, spec: str) -> None:
    prepare(tmp_path / "own.db", "todos")
    domain = domain_of("todos", [])
    assert domain is not None
    assert refusal(domain, spec.format(tmp_path)) is None


def test_app_of_another_folder_is_left_to_its_host(tmp_path: Path) -> None:
    for others in (["--app", str(tmp_path)], [f"--app={tmp_path}"], [str(tmp_path)]):
        assert domain_of(None, others) is None
    todos = domain_of(None, ["--standby"])
    assert todos is not None
    assert todos.plural == "todos"


def test_domain_among_the_examples_is_suggested(tmp_path: Path) -> None:
    data = tmp_path / "data"
    code, _, error = run("tools.run", "--data", str(data), "--domain", "invoices")
    assert code == 1
    assert error.endswith("; is examples.invoices meant?\n")
    assert not data.exists()


@pytest.mark.parametrize("verb", ["run", "audit"])
@pytest.mark.parametrize("storage", ["sqlite", "tables"])
@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        ([], ".data"),
        ([f"DOMAIN={INVOICES}"], f".data/{INVOICES}"),
        ([f"DOMAIN={INVOICES}", "DATA=elsewhere"], "elsewhere"),
    ],
)
def test_each_domain_has_a_data_folder_of_its_own(
    verb: str, storage: str, arguments: list[str], folder: str
) -> None:
    printed = commands(verb, f"STORAGE={storage}", *arguments)
    told = set(
        re.findall(r'"(?:sqlite:)?(.*?)(?:/tables|/store\.db)?"', printed.split("exec ")[-1])
    )
    assert told == {folder}


def commands(*arguments: str) -> str:
    """What make would run."""
    environ = {key: text for key, text in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", "-n", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
