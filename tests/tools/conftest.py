"""Stores that commands are given, with logs that the app could have written."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.ports.store import Store
from tests.tools.logs import DOMAIN
from tools.command import Target


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """A store that nobody has used."""
    if request.param == "sqlite":
        return Target(DOMAIN, f"sqlite:{tmp_path / 'app.db'}", {})
    account = request.getfixturevalue("tables_account")
    return Target(DOMAIN, "tables", {"EO_TABLES": account})


@pytest.fixture
async def store(target: Target) -> AsyncIterator[Store]:
    """The same, as the app has it."""
    opened = target.store(create=True)
    assert await opened.check() == {}
    yield opened
    await opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "copy"


@pytest.fixture
def other(tmp_path: Path) -> Target:
    """An empty store to restore into."""
    return Target(DOMAIN, f"sqlite:{tmp_path / 'other.db'}", {})
