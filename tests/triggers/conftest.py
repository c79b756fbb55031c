from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.sqlite import SqliteStore
from tests.triggers.service import Service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """The HTTP calls over a store of their own."""
    store = SqliteStore(tmp_path / "todos.db")
    made = Service.over(store)
    yield made
    await made.hub.idle()
    await store.close()
