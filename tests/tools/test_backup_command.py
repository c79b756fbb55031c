"""Arguments, settings, output and exit codes of the backup command."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from store.app_port import AppStore
from store.open import open_store
from tests.store.examples import NOON, a_request, append, some_requests
from tests.tools.starting import start
from tools.backup import DONE, NO_ANSWER, REFUSED, WRONG, parse, run


async def fill_log(store: AppStore) -> None:
    for first in (0, 30):
        await append(store.log, 7, some_requests(7, range(first, first + 30)))


async def fill(path: Path) -> str:
    store = open_store(f"sqlite:{path}", {})
    await fill_log(store)
    await store.inbox.put(8, [a_request(8, "waits")], NOON)
    await store.close()
    return f"sqlite:{path}"


async def command(*argv: str, **environ: str) -> int:
    return await run(parse(argv), environ)


async def test_a_store_is_copied_checked_and_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, folder = await fill(tmp_path / "a.db"), str(tmp_path / "copy")
    assert await command("--store", source, "copy", folder) == DONE
    assert await command("check", folder) == DONE
    assert await command("restore", folder, TODO_STORE=f"sqlite:{tmp_path / 'b.db'}") == DONE
    assert capsys.readouterr().out.splitlines() == [
        "copied  0 letters, 2 projects, 60 todos, 1 waiting",
        f"whole: {tmp_path / 'a.db'}",
        "restored  0 letters, 2 projects, 60 todos, 1 waiting",
        "Now audit it: python -m tools.audit",
    ]
    assert await command("restore", folder, TODO_STORE=f"sqlite:{tmp_path / 'b.db'}") == REFUSED
    assert "is not empty: it has project 7" in capsys.readouterr().err
    again = await command("restore", folder, "--resume", TODO_STORE=f"sqlite:{tmp_path / 'b.db'}")
    assert again == DONE


@pytest.mark.azurite
async def test_a_copy_can_change_from_tables_to_a_file(tables_account: str, tmp_path: Path) -> None:
    """To look at what production has on a machine without Azure."""
    store = open_store("tables", {"TodoTables": tables_account})
    await fill_log(store)
    assert await store.check() == {}
    copied = await command("copy", str(tmp_path / "copy"), TodoTables=tables_account)
    assert copied == DONE
    to = f"sqlite:{tmp_path / 'b.db'}"
    assert await command("--store", to, "restore", str(tmp_path / "copy")) == DONE
    file = open_store(to, {})
    assert await file.log.read(7, 0, 100) == await store.log.read(7, 0, 100)
    await file.close()
    await store.close()


@pytest.mark.azurite
async def test_a_store_that_is_not_there_is_neither_copied_nor_made(
    tables_account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "copy")
    missing = tmp_path / "todos.db"
    assert await command("--store", f"sqlite:{missing}", "copy", folder) == NO_ANSWER
    assert await command("copy", folder, TodoTables=tables_account) == NO_ANSWER
    assert "there is no table" in capsys.readouterr().err
    assert not any(os.scandir(tmp_path))
    with TableServiceClient.from_connection_string(tables_account) as service:
        assert list(service.list_tables()) == []


async def test_what_is_no_copy_is_not_restored_and_no_store_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = f"sqlite:{tmp_path / 'b.db'}"
    assert await command("--store", target, "restore", str(tmp_path)) == REFUSED
    assert "holds no finished copy" in capsys.readouterr().err
    assert not any(os.scandir(tmp_path))


@pytest.mark.parametrize("environ", [{"TODO_STORE": "nonsense"}, {"TODO_STORE": "tables"}])
async def test_settings_that_make_no_sense_end_with_2_and_a_line(
    environ: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert await command("copy", str(tmp_path / "copy"), **environ) == WRONG
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("argv", [[], ["copy"], ["copy", "a", "--resume"], ["move", "a"]])
def test_wrong_arguments_end_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == WRONG
    assert "usage" in capsys.readouterr().err


async def test_a_damaged_store_is_not_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = await fill(tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.execute("DELETE FROM todo WHERE id = 5")
    assert await command("--store", spec, "copy", str(tmp_path / "copy")) == REFUSED
    assert "project 7: no TODO 5: audit the store" in capsys.readouterr().err


async def test_the_command_works_while_the_app_runs_and_takes_its_settings(tmp_path: Path) -> None:
    spec = await fill(tmp_path / "todos.db")
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": {"TODO_STORE": spec}}))
    store = open_store(spec, {})
    await append(store.log, 7, some_requests(7, ["later"]))
    done = start(tmp_path, "tools.backup", "copy", "copy")
    await store.close()
    assert (done.returncode, done.stderr) == (DONE, "")
    assert done.stdout == "copied  0 letters, 2 projects, 61 todos, 1 waiting\n"
