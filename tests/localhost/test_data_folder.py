import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from localhost import owner
from localhost.data_folder import (
    FORMAT,
    DataFolder,
    create_json,
    open_data_folder,
    read_json,
    replace_json,
)
from localhost.errors import StartError
from localhost.keys import Keys, Level, load_keys
from localhost.owner import join_data_folder, new_owner, write_owner

TAKE = DataFolder.take


def test_it_is_created_when_missing_and_says_its_format(tmp_path: Path) -> None:
    with open_data_folder(tmp_path / "a" / "b") as data:
        assert read_json(data.path / "format.json", dict[str, int]) == {"format": FORMAT}


def test_second_host_on_a_folder_is_refused_until_first_is_gone(
    tmp_path: Path,
) -> None:
    with (
        open_data_folder(tmp_path),
        pytest.raises(StartError, match=f"in use by another localhost, process {os.getpid()}"),
        open_data_folder(tmp_path),
    ):
        pass
    with open_data_folder(tmp_path):
        pass


def test_the_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from localhost.data_folder import open_data_folder\n"
        "with open_data_folder(pathlib.Path(sys.argv[1])):\n"
        "    print('locked', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(StartError, match=f"process {process.pid}"), open_data_folder(tmp_path):
            pass
        process.kill()
        process.wait(10)
        with open_data_folder(tmp_path):
            pass


def test_who_joins_waits_until_the_owner_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = replace(new_owner("http://gone"), pid=1)
    looks: list[bool] = []

    def take(folder: DataFolder) -> bool:
        looks.append(taken := TAKE(folder))
        if len(looks) == 3:
            write_owner(tmp_path / "owner.json", new_owner("http://here"))
        return taken

    write_owner(tmp_path / "owner.json", stale)
    with open_data_folder(tmp_path):
        monkeypatch.setattr(DataFolder, "take", take)
        with join_data_folder(tmp_path) as folder:
            assert not folder.is_owned
    assert looks == [False] * 3


def test_who_joins_a_folder_that_becomes_free_owns_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as first:
        first.enter_context(open_data_folder(tmp_path))

        def take(folder: DataFolder) -> bool:
            taken = TAKE(folder)
            first.close()
            return taken

        monkeypatch.setattr(DataFolder, "take", take)
        with join_data_folder(tmp_path) as folder:
            assert folder.is_owned


def test_who_joins_an_owner_that_never_says_where_it_is_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "JOIN_SECONDS_MAX", 0.01)
    message = f"in use by process {os.getpid()}, which does not say where"
    with (
        open_data_folder(tmp_path),
        pytest.raises(StartError, match=message),
        join_data_folder(tmp_path),
    ):
        pass


def test_who_could_not_take_over_a_newer_folder_does_not_join_it(tmp_path: Path) -> None:
    with open_data_folder(tmp_path) as folder:
        write_owner(folder.owner, new_owner("http://here"))
        replace_json(tmp_path / "format.json", {"format": FORMAT + 1})
        with (
            pytest.raises(StartError, match="newer localhost"),
            join_data_folder(tmp_path),
        ):
            pass


def test_what_the_last_owner_said_ends_with_the_next_one(tmp_path: Path) -> None:
    with open_data_folder(tmp_path) as folder:
        write_owner(folder.owner, new_owner("http://gone"))
    with open_data_folder(tmp_path) as folder:
        # This process has the id of the last one, as processes in containers often do.
        assert not folder.owner.exists()


def test_of_two_who_make_a_file_the_first_one_wins(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    create_json(file, {"by": 1})
    create_json(file, {"by": 2})
    assert read_json(file, dict[str, int]) == {"by": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (json.dumps({"format": FORMAT + 1}), "newer localhost"),
        ("", "damaged"),
        ("{}", "damaged"),
        ('{"format": true}', "damaged"),
        ("[1]", "damaged"),
    ],
)
def test_a_newer_or_damaged_format_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "format.json").write_text(content)
    with pytest.raises(StartError, match=message), open_data_folder(tmp_path):
        pass


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "todos.db").write_bytes(b"not a database" * 100)
    message = r"todos\.db is not a usable database"
    with pytest.raises(StartError, match=message), open_data_folder(tmp_path):
        pass


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StartError, match="cannot use"), open_data_folder(tmp_path / "data"):
        pass


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    replace_json(file, {"a": 1})
    # What a crash in the middle of the next replacement leaves behind.
    (tmp_path / "x.json.new").write_text('{"a"')
    assert read_json(file, dict[str, int]) == {"a": 1}
    replace_json(file, {"a": 2})
    assert read_json(file, dict[str, int]) == {"a": 2}


def test_keys_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    keys = load_keys(tmp_path / "keys.json")
    assert load_keys(tmp_path / "keys.json") == keys
    assert len({keys.master, keys.host, keys.system}) == 3
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"master": "", "host": "h", "system": "s"}'])
def test_damaged_keys_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(StartError, match=r"keys\.json is damaged"):
        load_keys(tmp_path / "keys.json")


def test_an_absent_key_opens_only_what_is_anonymous() -> None:
    keys = Keys("m", "h", "s")
    for presented in (None, ""):
        assert keys.open_function(presented, "f", "ANONYMOUS")
        assert not keys.open_function(presented, "f", "FUNCTION")
        assert keys.level_of(presented) is Level.ANONYMOUS
    assert not keys.open_function("\udcff", "f", "FUNCTION")
