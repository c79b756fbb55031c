"""A task hub that notes what it is sent."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from azure.durable_functions.models.utils import http_utils

from tests.activities.durable_server import DurableServer, durable_server


@pytest.fixture(autouse=True)
def _strict_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DurableServer]:
    # The SDK's lock belongs to the loop that first waited for it; each test has a loop of its own.
    monkeypatch.setattr(http_utils, "_session_lock", asyncio.Lock())
    async with durable_server() as running:
        yield running
