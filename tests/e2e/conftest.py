"""The service under test: the one at EO_BASE_URL, or a `localhost` for each kind of storage."""

import os
from collections.abc import Iterator

import pytest

from taskhub.sdk import IS_2
from tests.e2e.client import Client, unused_key
from tests.e2e.server import LocalhostProcess

collect_ignore = ["test_two_hosts.py", "test_two_releases.py"] if IS_2 else []
"""Each has a standby, which `localhost` has not on Durable SDK 2.x."""

GIVEN = os.environ.get("EO_BASE_URL")
ON_TABLES = pytest.param("tables", marks=pytest.mark.azurite)
STORAGES = ["given"] if GIVEN else ["sqlite", ON_TABLES]


def table_environment(request: pytest.FixtureRequest, storage: str) -> dict[str, str]:
    """Return what a `localhost` with this storage needs: for tables an account of its own."""
    if storage != "tables":
        return {}
    emulator = request.getfixturevalue("azurite")
    accounts = request.getfixturevalue("_unused_accounts")
    return {"EO_TABLES": emulator.connection_string(next(accounts))}


@pytest.fixture(scope="session", params=STORAGES)
def base_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where the service is, without a slash at the end."""
    if GIVEN:
        yield GIVEN.rstrip("/")
        return
    data = tmp_path_factory.mktemp(request.param) / "data"
    environ = table_environment(request, request.param)
    with LocalhostProcess(data, request.param, environ) as server:
        yield server.base_url


@pytest.fixture
def client(base_url: str) -> Iterator[Client]:
    """A client of the service, with the key in EO_FUNCTION_KEY if it needs one."""
    made = Client(base_url, os.environ.get("EO_FUNCTION_KEY"))
    with made.session:
        yield made


@pytest.fixture
def project_id() -> int:
    """Of TODOs: a key that nobody has used."""
    return int(unused_key())
