"""A receiver of events over a fresh SQLite store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.open import open_store
from tests.domain_under_test import DOMAIN
from tests.triggers.events.service import EventService


@pytest.fixture(name="service")
async def _service(tmp_path: Path) -> AsyncIterator[EventService]:
    store = open_store(f"sqlite:{tmp_path / 'store.db'}", DOMAIN.plural, {})
    yield EventService(store)
    await store.close()
