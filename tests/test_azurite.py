"""The emulator that the tests and `make run STORAGE=tables` use."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient

from tools.app_settings import CONNECTION
from tools.azurite import (
    DEVELOPMENT,
    Azurite,
    AzuriteError,
    needs_emulator,
    past_the_proxy,
    running,
)
from tools.azurite_folder import claimed

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.azurite

PARENT = """
import sys
from tools.azurite import running
with running() as azurite:
    print(azurite.ports[2], flush=True)
    sys.stdin.read()
"""


def tables(connection_string: str) -> list[str]:
    with TableServiceClient.from_connection_string(connection_string) as service:
        return sorted(table.name for table in service.list_tables())


def create(connection_string: str, name: str) -> None:
    with TableServiceClient.from_connection_string(connection_string) as service:
        service.create_table(name)


def test_an_account_is_empty_whatever_another_test_stored(
    azurite: Azurite, tables_account: str
) -> None:
    create(azurite.connection_string(), "todos")
    assert tables(azurite.connection_string()) == ["todos"]
    assert tables(tables_account) == []


def test_an_account_that_was_not_asked_for_is_refused(azurite: Azurite) -> None:
    with pytest.raises(HttpResponseError):
        tables(azurite.connection_string("stranger"))


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        create(first.connection_string(), "todos")
    with running(tmp_path) as second:
        assert tables(second.connection_string()) == ["todos"]


def test_a_port_in_use_is_an_error_that_names_it(azurite: Azurite) -> None:
    with pytest.raises(AzuriteError, match=str(azurite.ports[0])), running(ports=azurite.ports):
        pass


@pytest.mark.chaos
def test_it_ends_when_the_process_that_started_it_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        address = ("127.0.0.1", int(parent.stdout.readline()))
        socket.create_connection(address, timeout=60).close()
        parent.kill()
    # While it closes it may still accept a connection or two, and then drops them.
    assert any(is_refused(address) for _ in range(20))


def is_refused(address: tuple[str, int]) -> bool:
    """Tell whether nobody listens; otherwise return once the other side has hung up."""
    try:
        with socket.create_connection(address, timeout=60) as connection:
            connection.recv(1)
    except ConnectionError:
        return True
    return False


def wrapped(data: Path, *child: str, **environ: str) -> subprocess.Popen[str]:
    """Start the wrapper, with `child` as the arguments of a Python that it runs."""
    command = [sys.executable, "-m", "tools.azurite", "--data", str(data), "--join", "--"]
    kept = {name: text for name, text in os.environ.items() if not name.startswith(CONNECTION)}
    return subprocess.Popen(
        [*command, sys.executable, *child],
        cwd=ROOT,
        env={**kept, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


WRITER = """
import os, sys
from azure.core.exceptions import AzureError
from azure.data.tables import TableServiceClient
service = TableServiceClient.from_connection_string(os.environ["EO_TABLES"], retry_total=0)
table = service.create_table_if_not_exists("todos")
print(os.getpid(), flush=True)
for number in range(100_000):
    try:
        table.create_entity({"PartitionKey": "7", "RowKey": f"{number:06}"})
    except AzureError:
        break
    print(number, flush=True)
"""
"""Writes rows and prints the number of each that was answered, until there is no answer."""

ROWS_BEFORE_THE_KILL = 40


def rows(connection_string: str) -> set[int]:
    with TableServiceClient.from_connection_string(connection_string) as service:
        return {int(row["RowKey"]) for row in service.get_table_client("todos").list_entities()}


@pytest.mark.chaos
@pytest.mark.parametrize("order", ["wrapper", "wrapper, command", "command, wrapper", "command"])
def test_what_was_answered_outlives_wrapper_and_command(order: str, tmp_path: Path) -> None:
    # kill -9, as a terminal that is closed or `pkill` of a pattern does to several at once.
    with wrapped(tmp_path, "-c", WRITER) as wrapper:
        assert wrapper.stdout is not None
        assert wrapper.stderr is not None
        azurite = int(wrapper.stderr.readline().partition("process ")[2].partition(")")[0])
        pids = {"wrapper": wrapper.pid, "command": int(wrapper.stdout.readline())}
        answered = {int(wrapper.stdout.readline()) for _ in range(ROWS_BEFORE_THE_KILL)}
        for name in order.split(", "):
            os.kill(pids[name], signal.SIGKILL)
        with running(tmp_path) as again:  # at once: it has to wait for the end of the other one
            answered |= {int(line) for line in wrapper.stdout}  # until the writer has ended too
            assert answered <= rows(again.connection_string())
    wait_for_the_end_of(azurite)


def test_second_command_uses_the_emulator_of_the_folder(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        create(first.connection_string(), "todos")
        child = (
            "import os; from azure.data.tables import TableServiceClient as Service;"
            "tables = Service.from_connection_string(os.environ['EO_TABLES']).list_tables();"
            "print([table.name for table in tables])"
        )
        with wrapped(tmp_path, "-c", child) as process:
            printed, _ = process.communicate(timeout=60)
        assert printed == "['todos']\n"
        assert tables(first.connection_string()) == ["todos"]  # it goes on


def test_address_is_beside_the_data_while_it_runs(tmp_path: Path) -> None:
    from tools import command

    address = tmp_path / command.ADDRESS
    with running(address.parent) as azurite:
        assert address.read_text().strip() == azurite.connection_string()
    assert not address.exists()


def test_folder_that_is_locked_by_something_silent_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.azurite_folder.WAIT_SECONDS_MAX", 0.2)
    with (
        claimed(tmp_path, join=False),
        pytest.raises(AzuriteError, match=str(tmp_path)),
        running(tmp_path),
    ):
        pass


def wait_for_the_end_of(pid: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"process {pid} still runs")


def test_command_is_run_with_tables_and_its_code_passed_on(tmp_path: Path) -> None:
    child = "import os, sys; sys.exit(7 if 'TableEndpoint' in os.environ['EO_TABLES'] else 1)"
    with wrapped(tmp_path / "odd, 'folder' ü", "-c", child) as process:
        _, printed = process.communicate(timeout=60)
    assert process.returncode == 7
    assert re.search(r"^The command is process \d+: kill -9 \d+$", printed, re.MULTILINE)


def test_behind_a_proxy_command_reaches_tables(tmp_path: Path) -> None:
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    child = WRITER.replace("100_000", "1")
    with wrapped(tmp_path, "-c", child, NO_PROXY="example.org", **nowhere) as process:
        written, printed = process.communicate(timeout=60)
    assert written.splitlines()[1:] == ["0"], printed


def test_names_that_need_no_proxy_are_kept() -> None:
    found = past_the_proxy({"NO_PROXY": "a.example,b.example"})
    assert found["NO_PROXY"] == found["no_proxy"] == "a.example,b.example,127.0.0.1,localhost,::1"


@pytest.mark.parametrize("name", [CONNECTION, f"{CONNECTION}__tableServiceUri"])
def test_account_in_environment_is_meant(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "somewhere")
    assert not needs_emulator(tmp_path)


def test_account_in_local_settings_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CONNECTION, raising=False)
    assert needs_emulator(tmp_path)
    write_settings(tmp_path, "AccountName=a")
    assert not needs_emulator(tmp_path)


def test_sample_settings_need_an_emulator_unless_one_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, azurite: Azurite
) -> None:
    monkeypatch.delenv(CONNECTION, raising=False)
    write_settings(tmp_path, DEVELOPMENT)
    monkeypatch.setattr("tools.azurite.WELL_KNOWN_PORTS", azurite.ports)
    assert not needs_emulator(tmp_path)
    monkeypatch.setattr("tools.azurite.WELL_KNOWN_PORTS", (1, 1, 1))
    assert needs_emulator(tmp_path)


def test_local_settings_that_are_no_json_are_named(tmp_path: Path) -> None:
    (tmp_path / "local.settings.json").write_text('{"Values": {}')
    with pytest.raises(AzuriteError, match=r"local\.settings\.json is not valid JSON: .* column"):
        needs_emulator(tmp_path)


def test_local_settings_may_have_comments_as_in_core_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CONNECTION, raising=False)
    text = '{"Values": {"EO_TABLES": "https://a",}, /* b */} // c'
    (tmp_path / "local.settings.json").write_text(text)
    assert not needs_emulator(tmp_path)


def write_settings(folder: Path, connection: str) -> None:
    content = json.dumps({"Values": {CONNECTION: connection}})
    (folder / "local.settings.json").write_text(content)
