"""What tests of all parts share: the domain, an emulator of Azure Storage, a fresh account in it."""

from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import settings

from taskhub.sdk import IS_2
from tests.domain_under_test import MODULE, TODOS
from tools.azurite import Azurite, AzuriteError, running

ACCOUNTS: Final = [f"test{number}" for number in range(500)]
"""One for each test that stores something. They cost nothing until they are used."""

collect_ignore = ["test_package.py"] if IS_2 else []
"""It says which packages Azure gets, and those are of Durable SDK 1.x."""


# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_report_header() -> str:
    """Say which domain the suite runs with, and what is left out for that."""
    left_out = "" if MODULE == TODOS else "; the contract of TODOs (marker `todos`) is deselected"
    return f"domain: {MODULE}{left_out}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only TODOs promise with another domain, and what is about another SDK."""
    left_out = [*(["todos"] if MODULE != TODOS else []), *(["sdk1"] if IS_2 else [])]
    if not left_out:
        return
    out = [item for item in items if any(map(item.get_closest_marker, left_out))]
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=out)


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Azurite on free ports of 127.0.0.1, in memory, for the session.

    Never skips: a test that does not run proves nothing.
    """
    try:
        emulator = running(accounts=ACCOUNTS)
        started = emulator.__enter__()
    except AzuriteError as error:
        pytest.fail(str(error), pytrace=False)
    yield started
    emulator.__exit__(None, None, None)


@pytest.fixture(scope="session")
def _unused_accounts() -> Iterator[str]:
    return iter(ACCOUNTS)


@pytest.fixture
def tables_account(azurite: Azurite, _unused_accounts: Iterator[str]) -> str:
    """Return the connection string of an account that nobody has used yet."""
    return azurite.connection_string(next(_unused_accounts))
