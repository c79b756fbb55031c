"""The emulator that the tests and `make run STORAGE=tables` use."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient

from tools.azurite import Azurite, AzuriteError, has_tables_connection, running

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


def test_a_command_is_run_with_tables_and_its_exit_code_is_passed_on(tmp_path: Path) -> None:
    child = "import os, sys; sys.exit(7 if 'TableEndpoint' in os.environ['TodoTables'] else 1)"
    command = [sys.executable, "-m", "tools.azurite", "--data", str(tmp_path / "tables"), "--"]
    environment = {name: text for name, text in os.environ.items() if name != "TodoTables"}
    ended = subprocess.run(
        [*command, sys.executable, "-c", child], cwd=ROOT, env=environment, check=False, timeout=60
    )
    assert ended.returncode == 7


@pytest.mark.parametrize("name", ["TodoTables", "TodoTables__tableServiceUri"])
def test_an_account_in_the_environment_is_meant(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "somewhere")
    assert has_tables_connection(tmp_path)


def test_an_account_in_local_settings_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TodoTables", raising=False)
    assert not has_tables_connection(tmp_path)
    settings = '{"Values": {"TodoTables": "UseDevelopmentStorage=true"}}'
    (tmp_path / "local.settings.json").write_text(settings)
    assert has_tables_connection(tmp_path)
