from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _strict_typing_of_modules() -> Iterator[None]:
    """As in the folder above, for fixtures that are made once for a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")
        yield
