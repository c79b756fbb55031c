"""What tests of all parts share: an emulator of Azure Storage, and a fresh account in it."""

from collections.abc import Iterator
from typing import Final

import pytest

from tools.azurite import Azurite, AzuriteError, running

ACCOUNTS: Final = [f"test{number}" for number in range(500)]
"""One for each test that stores something. They cost nothing until they are used."""


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
