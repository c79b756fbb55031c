"""The commands as operators start them."""

import argparse
import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.tools.logs import DOMAIN, KEYS, fill
from tools.command import Target, target
from tools.domains import load_domain
from tools.terminal import one_line

ROOT = Path(__file__).resolve().parents[2]
INVOICES = "examples.invoices"


def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    return _run(["-m", *arguments], environ)


def run_code(code: str, *arguments: str) -> tuple[int, str, str]:
    return _run(["-c", code, *arguments], {})


def _run(arguments: list[str], environ: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
async def file(tmp_path: Path) -> str:
    """A store of invoices, as its setting."""
    made = Target(DOMAIN, f"sqlite:{tmp_path / 'app.db'}", {})
    store = made.store(create=True)
    await fill(store)
    await store.close()
    return made.spec


COMMANDS = {
    "audit": ("tools.audit",),
    "heads": ("tools.heads",),
    "list": ("tools.deadletters", "list"),
    "copy": ("tools.backup", "copy", "FOLDER"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_command_ends_with_one_sentence(
    file: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    arguments = [each.replace("FOLDER", str(tmp_path / "copy")) for each in command]
    code, out, error = run(*arguments, "--domain", INVOICES, "--store", file)
    assert (code, error) == (0, "")
    assert re.fullmatch(r"[A-Z0-9].*[.]", out.splitlines()[-1])


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_command_makes_no_store_of_a_mistyped_name(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    arguments = [each.replace("FOLDER", str(tmp_path / "copy")) for each in command]
    typo = f"sqlite:{tmp_path / 'typo.db'}"
    code, out, error = run(*arguments, "--domain", INVOICES, EO_STORE=typo)
    assert (code, out) == (3, "")
    assert error.startswith("Nothing has been stored yet, or the name is wrong: ")
    assert error.endswith("typo.db: there is no such file.\n")
    assert list(tmp_path.iterdir()) == []


def test_store_of_another_domain_is_named(file: str) -> None:
    code, _, error = run("tools.audit", "--domain", "todos", "--store", file)
    assert code == 3
    assert "holds invoices, not todos" in error


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--domain", "nonsense"), "the domain nonsense cannot be imported"),
        (("--domain", "json"), "json declares 0 domains"),
        (("--store", "nonsense"), "EO_STORE is 'nonsense'"),
        (("--store", "tables"), "EO_TABLES is not set"),
    ],
    ids=str,
)
def test_wrong_setting_is_named(arguments: tuple[str, ...], what: str) -> None:
    code, _, error = run("tools.audit", *arguments, EO_TABLES="")
    assert code == 2
    assert what in error
    assert len(error.splitlines()) == 1


@pytest.mark.azurite
async def test_tables_of_a_local_run_are_found_by_its_data(
    tables_account: str, tmp_path: Path
) -> None:
    made = Target(DOMAIN, "tables", {"EO_TABLES": tables_account})
    store = made.store(create=True)
    await fill(store)
    await store.close()
    note(tmp_path / "tables" / "address", tables_account)
    arguments = ("--domain", INVOICES, "--store", "tables", "--data", str(tmp_path))
    code, out, _ = await asyncio.to_thread(run, "tools.audit", *arguments)
    assert code == 0
    assert "in 180 entries of 3 customers" in out


ADDRESS = "EO_TABLES__tableServiceUri"


@pytest.mark.parametrize(
    ("given", "in_file", "meant"),
    [
        ({ADDRESS: "https://a"}, {"EO_TABLES": "file"}, {ADDRESS: "https://a"}),
        ({"EO_TABLES": "given"}, {ADDRESS: "https://a"}, {"EO_TABLES": "given"}),
        ({"eo_tables__clientid": "c"}, {"EO_TABLES": "file"}, {"eo_tables__clientid": "c"}),
        ({}, {ADDRESS: "https://a"}, {ADDRESS: "https://a"}),
        ({"EO_TABLES": ""}, {}, {"EO_TABLES": "emulator"}),
        ({}, {"EO_TABLES": "UseDevelopmentStorage=true"}, {"EO_TABLES": "emulator"}),
    ],
    ids=str,
)
def test_connection_is_taken_whole_from_the_first_that_has_one(
    given: dict[str, str],
    in_file: dict[str, str],
    meant: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # An audit of the emulator, or of a mixture, would say that the log on Azure is well.
    note(tmp_path / "tables" / "address", "emulator")
    monkeypatch.setattr("tools.azurite.WELL_KNOWN_PORTS", (1, 1, 1))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": in_file}))
    arguments = argparse.Namespace(store="tables", domain=INVOICES, data=tmp_path)
    environ = target(arguments, given).environ
    found = {n: v for n, v in environ.items() if n.casefold().startswith("eo_tables")}
    assert found == meant


@pytest.mark.parametrize(
    ("running", "meant"),
    [([".data"], ".data"), ([".data", f".data/{INVOICES}"], f".data/{INVOICES}")],
)
def test_emulator_of_the_domain_comes_before_that_of_the_app(
    running: list[str], meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for each in running:
        note(tmp_path / each / "tables" / "address", each)
    arguments = argparse.Namespace(store="tables", domain=INVOICES, data=None)
    assert target(arguments, {}).environ["EO_TABLES"] == meant


def note(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"{text}\n")


def test_copy_is_checked_restored_and_audited(file: str, tmp_path: Path) -> None:
    folder, other = str(tmp_path / "copy"), f"sqlite:{tmp_path / 'other.db'}"
    assert run("tools.backup", "copy", folder, "--store", file, "--domain", INVOICES)[0] == 0
    code, out, _ = run("tools.backup", "--domain", INVOICES, "check", folder)
    assert (code, out.endswith(" is whole.\n")) == (0, True)
    refused = run("tools.backup", "restore", folder, "--store", file, "--domain", INVOICES)
    assert refused[0] == 1
    assert "is not empty" in refused[2]
    assert run("tools.backup", "restore", folder, "--store", other, "--domain", INVOICES)[0] == 0
    assert run("tools.audit", "--store", other, "--domain", INVOICES)[0] == 0


def test_heads_say_where_each_log_ends(file: str) -> None:
    _, out, _ = run("tools.heads", "--store", file, "--domain", INVOICES)
    assert out.splitlines() == [
        "C-10  ends with 60, 3 waiting, never published",
        "C-1042  ends with 60, 3 waiting, published to 59",
        "C-7  ends with 60, 3 waiting, never published",
        "3 customers, 180 entries, 9 waiting, 0 that cannot be read.",
    ]


def test_erased_entry_is_told(file: str) -> None:
    erase = ("tools.erase", "--store", file, "--domain", INVOICES, "--key", KEYS[0])
    assert run(*erase, "--place", "7")[:2] == (
        0,
        "Erased: place 7 of C-1042, which request id-7 keeps.\n",
    )
    code, _, error = run(*erase, "--place", "61")
    assert (code, error) == (1, "C-1042 has no entry 61\n")
    code, _, error = run(*erase[:-1], "C-x", "--place", "1")
    assert code == 2


def test_violation_is_the_exit_code(file: str) -> None:
    with closing(sqlite3.connect(file.removeprefix("sqlite:"))) as db:
        db.execute("DELETE FROM entry WHERE place = 30")
        db.commit()
    code, out, _ = run("tools.audit", "--store", file, "--domain", INVOICES)
    assert code == 1
    assert out.splitlines()[-1].startswith("The logs are NOT consistent: ")


INTERRUPTED = """
import os, runpy, signal, sys
from tools.terminal import Progress

def add(self, *_):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1_000):
        pass
    raise AssertionError("went on after Ctrl-C")

Progress.add = add
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("name", ["audit", "heads", "copy"])
def test_ctrl_c_stops_a_command_at_once(file: str, tmp_path: Path, name: str) -> None:
    arguments = [each.replace("FOLDER", str(tmp_path / "copy")) for each in COMMANDS[name]]
    arguments += ["--domain", INVOICES, "--store", file]
    code, _, error = run_code(INTERRUPTED, *arguments)
    assert (code, error) == (130, "Stopped.\n")
    assert run(*arguments)[0] == 0


def test_first_domain_of_the_app_is_meant() -> None:
    assert load_domain(None).plural == "todos"
    assert load_domain(INVOICES) is DOMAIN


def test_text_of_strangers_stays_on_its_line() -> None:
    assert one_line("a\x1b[2J\r\n\u202eb") == "a\\x1b[2J\\r\\n\\u202eb"
