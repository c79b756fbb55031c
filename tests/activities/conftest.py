import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.durable_functions.models.utils import http_utils

from store.sqlite import SqliteStore
from tests.activities.durable_server import DurableServer, durable_server


@pytest.fixture(autouse=True)
def _strict_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the SDK decode without a word about types; in production its word is a log line."""
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DurableServer]:
    # The SDK's lock belongs to the loop that first waited for it; each test has a loop of its own.
    monkeypatch.setattr(http_utils, "_session_lock", asyncio.Lock())
    async with durable_server() as serving:
        yield serving


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "todos.db")
    yield opened
    await opened.close()
