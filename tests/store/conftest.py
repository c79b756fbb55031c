"""Stores to hold to their promises, empty: each of the adapters in turn, and one that can fail."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.open import open_store
from store.ports.store import Store
from store.sqlite.file import SqliteFile
from store.tables import connection
from store.tables.connection import Account, Connection
from store.tables.store import TableStore
from tests.store.faulty_proxy import FaultyProxy, faulty_proxy

_ENDPOINT = re.compile(r"(?<=TableEndpoint=http://127\.0\.0\.1:)\d+")


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        opened = open_store(f"sqlite:{tmp_path / 'app.db'}", "things", {})
    else:
        environ = {"EO_TABLES": request.getfixturevalue("tables_account")}
        opened = open_store("tables", "things", environ)
    yield opened
    await opened.close()


@pytest.fixture
async def account(tables_account: str) -> AsyncIterator[Account]:
    opened = Connection.read({"EO_TABLES": tables_account}).open()
    yield opened
    await opened.close()


@pytest.fixture
async def proxy(tables_account: str) -> AsyncIterator[FaultyProxy]:
    """What stands between `proxied` and Azurite."""
    endpoint = _ENDPOINT.search(tables_account)
    assert endpoint is not None
    async with faulty_proxy(int(endpoint[0])) as running:
        yield running


@pytest.fixture
async def direct(tables_account: str) -> AsyncIterator[TableStore]:
    """The tables as they are."""
    opened = TableStore(Connection.read({"EO_TABLES": tables_account}).open(), "things")
    yield opened
    await opened.close()


@pytest.fixture
async def proxied(
    proxy: FaultyProxy, tables_account: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TableStore]:
    """The same tables through the proxy, without pauses between retries."""
    monkeypatch.setattr(connection, "RETRY_PAUSE_SECONDS", 0)
    through_proxy = _ENDPOINT.sub(str(proxy.port), tables_account)
    opened = TableStore(Connection.read({"EO_TABLES": through_proxy}).open(), "things")
    yield opened
    await opened.close()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteFile]:
    opened = SqliteFile(tmp_path / "test.db")
    await opened.write(lambda db: db.execute("CREATE TABLE row (id PRIMARY KEY, text)"))
    opened.commits = 0
    yield opened
    await opened.close()
