"""Where `make run` keeps its data: anywhere, without getting into git or a deployment."""

from pathlib import Path

from tests.published import by_azd, by_core_tools
from tests.tools.test_commands import ROOT
from tools.run import make_data_folder

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
