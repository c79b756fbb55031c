from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.triggers.http.service import Service, opened
from todos import TODOS


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """The HTTP calls for TODOs, over a store of their own."""
    async with opened(TODOS, tmp_path) as made:
        yield made
