"""An engine over a fresh SQLite store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.open import open_store
from tests.domain_under_test import DOMAIN
from tests.engine.parts import EngineUnderTest


@pytest.fixture(name="engine")
async def _engine(tmp_path: Path) -> AsyncIterator[EngineUnderTest]:
    store = open_store(f"sqlite:{tmp_path / 'store.db'}", DOMAIN.plural, {})
    yield EngineUnderTest(store)
    await store.close()
