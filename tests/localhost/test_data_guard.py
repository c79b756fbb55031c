"""What happens to the data folder under a running host, and what the next start does about it."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from localhost.data_folder import DataFolder, open_data_folder
from localhost.data_guard import DataGuard, DataLost
from localhost.errors import StartError
from tests.localhost.process import SECONDS_MAX, Start, until, write_app

APP: Final = """
import sqlite3
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
file = None

@app.route(route="write")
def write(req: func.HttpRequest) -> func.HttpResponse:
    global file
    if file is None:
        file = sqlite3.connect(req.params["file"], isolation_level=None, check_same_thread=False)
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("CREATE TABLE IF NOT EXISTS t (x)")
    file.execute("INSERT INTO t VALUES (1)")
    return func.HttpResponse("written")
"""


def make(data: DataFolder, name: str = "x.db") -> Path:
    file = data.path / name
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE t (x)")
    return file


def replace(file: Path) -> None:
    shutil.copy(file, file.with_suffix(".copy"))
    file.with_suffix(".copy").replace(file)


def truncate(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "said"), [(Path.unlink, "removed"), (replace, "replaced"), (truncate, "truncated")]
)
def test_harm_to_a_database_is_noticed(
    tmp_path: Path, harm: Callable[[Path], Any], said: str
) -> None:
    with open_data_folder(tmp_path / "d") as data:
        guard, file = DataGuard(data), make(data)
        guard.look()
        guard.look()
        harm(file)
        with pytest.raises(DataLost, match=said):
            guard.look()


@pytest.mark.parametrize("anew", [False, True])
def test_folder_that_is_removed_or_made_anew_is_noticed(tmp_path: Path, *, anew: bool) -> None:
    with open_data_folder(tmp_path / "d") as data:
        guard = DataGuard(data)
        guard.look()
        shutil.rmtree(data.path)
        if anew:
            with open_data_folder(data.path):
                pass
        with pytest.raises(DataLost, match="was removed or replaced"):
            guard.look()


def test_database_that_grows_or_is_new_is_fine(tmp_path: Path) -> None:
    with open_data_folder(tmp_path / "d") as data:
        guard, file = DataGuard(data), make(data)
        guard.look()
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("CREATE TABLE u (x)")
        make(data, "y.db")
        guard.look()
        guard.look()


@pytest.mark.parametrize(("harm", "said"), [(Path.unlink, "gone"), (truncate, "empty")])
def test_lost_database_keeps_the_next_host_from_starting(
    tmp_path: Path, harm: Callable[[Path], Any], said: str
) -> None:
    with open_data_folder(tmp_path) as data:
        file = make(data)
        DataGuard(data).look()
    harm(file)
    with pytest.raises(StartError, match=f"x.db is {said}"), open_data_folder(tmp_path):
        pass
    format_file = tmp_path / "format.json"
    format_file.write_text(json.dumps({**json.loads(format_file.read_text()), "databases": []}))
    with open_data_folder(tmp_path):
        pass


def test_host_without_its_data_answers_503(start: Start, tmp_path: Path) -> None:
    app = write_app(tmp_path / "app", APP)
    host = start(app)
    url = f"{host.base()}/api/write?file={app / '.data' / 'x.db'}"
    assert requests.get(url, timeout=SECONDS_MAX).text == "written"
    shutil.rmtree(app / ".data")
    until(lambda: requests.get(url, timeout=SECONDS_MAX).status_code == 503)
    assert requests.get(f"{host.base()}/", timeout=SECONDS_MAX).text == (
        "Function host is not running."
    )
    assert not (app / ".data").exists()
    assert host.end() == 0


def test_clean_stop_leaves_one_file_of_each_database(start: Start, tmp_path: Path) -> None:
    app = write_app(tmp_path / "app", APP)
    host = start(app)
    url = f"{host.base()}/api/write?file={app / '.data' / 'x.db'}"
    assert requests.get(url, timeout=SECONDS_MAX).text == "written"
    assert host.end() == 0
    names = {path.name for path in (app / ".data").iterdir() if ".db" in path.name}
    assert names == {"x.db", "taskhub.db"}
    with closing(sqlite3.connect(app / ".data" / "x.db")) as copy:
        assert copy.execute("SELECT count(*) FROM t").fetchone() == (1,)
