"""Arguments, settings, output and exit codes of the audit command; that it never writes."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from store import sqlite_format
from store.open import open_store
from store.sqlite_file import SqliteFile
from tests.store.examples import append, some_requests
from tests.tools.starting import start
from tools.audit import UNREADABLE, VIOLATED, WELL, parse, run


async def fill(path: Path) -> str:
    store = open_store(f"sqlite:{path}", {})
    await append(store.log, 7, some_requests(7, range(3)))
    await store.close()
    return f"sqlite:{path}"


@pytest.mark.parametrize("argv", [["--project", "0"], ["--project", "seven"], ["extra"]])
def test_wrong_arguments_end_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == UNREADABLE
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "environ",
    [
        {"TODO_STORE": "nonsense"},
        {"TODO_STORE": "tables"},
        {"TODO_STORE": "sqlite:/nowhere/at/all.db"},
    ],
)
async def test_a_store_that_is_not_there_ends_with_2_and_a_line(
    environ: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert await run(parse([]), environ) == UNREADABLE
    assert len(capsys.readouterr().err.splitlines()) == 1


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert await run(parse(["--store", f"sqlite:{tmp_path / 'todos.db'}"]), {}) == UNREADABLE
    assert not any(os.scandir(tmp_path))


@pytest.mark.azurite
async def test_a_table_that_is_not_there_is_not_made(
    tables_account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(parse(["--store", "tables"]), {"TodoTables": tables_account}) == UNREADABLE
    assert "there is no table" in capsys.readouterr().err
    with TableServiceClient.from_connection_string(tables_account) as service:
        assert list(service.list_tables()) == []


async def test_a_file_of_a_newer_version_is_not_read(tmp_path: Path) -> None:
    spec = await fill(tmp_path / "todos.db")
    with closing(sqlite3.connect(tmp_path / "todos.db")) as db:
        db.execute("PRAGMA user_version = 99")
    assert await run(parse(["--store", spec]), {}) == UNREADABLE


async def test_a_file_of_the_format_before_is_read_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(sqlite_format, "ADDED", sqlite_format.ADDED[:1])
        before.setattr(sqlite_format, "FORMAT", 1)
        spec = await fill(tmp_path / "todos.db")
    assert await run(parse(["--store", spec]), {}) == WELL
    with closing(sqlite3.connect(tmp_path / "todos.db")) as db:
        assert db.execute("PRAGMA user_version").fetchall() == [(1,)]


async def test_what_a_killed_app_left_behind_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(f"sqlite:{tmp_path / 'todos.db'}", {})
    await append(store.log, 7, some_requests(7, range(3)))
    for name in ("todos.db", "todos.db-wal"):  # as they are on the disk at this moment
        shutil.copy(tmp_path / name, tmp_path / f"left-{name}")
    await store.close()
    spec = f"sqlite:{tmp_path / 'left-todos.db'}"
    assert await run(parse(["--json", "--store", spec]), {}) == WELL
    assert json.loads(capsys.readouterr().out)["checked"]["todos"] == 3


async def test_what_was_checked_and_found_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = await fill(tmp_path / "todos.db")
    file = SqliteFile(tmp_path / "todos.db")
    await file.write("test", lambda db: db.execute("UPDATE todo SET id = '\x1b[2J' WHERE id = 2"))
    assert await run(parse(["--store", spec]), {}) == VIOLATED
    await file.close()
    lines = capsys.readouterr().out.splitlines()
    assert "\x1b" not in "".join(lines)
    assert "violation: project 7: todo 3: follows TODO 1; there is no TODO 2" in lines
    assert lines[-2:] == [
        "checked  1 projects, 2 TODOs, 3 requests, 0 inbox rows, 0 cursors",
        "found    3 violations, 0 notes",
    ]


async def test_the_command_works_while_the_app_runs_and_takes_its_settings(tmp_path: Path) -> None:
    spec = f"sqlite:{tmp_path / 'todos.db'}"
    values = {"Values": {"TODO_STORE": spec}}
    (tmp_path / "local.settings.json").write_text(json.dumps(values))
    store = open_store(spec, {})
    await append(store.log, 7, some_requests(7, range(3)))
    done = start(tmp_path, "tools.audit", "--json")
    await store.close()
    assert (done.returncode, done.stderr) == (WELL, "")
    assert json.loads(done.stdout)["checked"]["todos"] == 3
