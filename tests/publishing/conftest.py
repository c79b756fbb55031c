"""Tests against Microsoft's Event Hubs emulator run when its address is in the environment.

Without it they are deselected, not skipped: a skipped test looks like one that could have run
here and like one that passed, and neither is so. `docs/use/event-hubs.md` says how to run them.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.sqlite.store import SqliteStore
from tests.domain_under_test import DOMAIN

EMULATOR = "EVENTHUBS_EMULATOR_CONNECTION_STRING"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"emulator: needs {EMULATOR}; deselected without it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(EMULATOR):
        return
    out = [item for item in items if item.get_closest_marker("emulator")]
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=out)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.db", DOMAIN.plural)
    yield opened
    await opened.close()
