"""One browser, one host with three domains, and one that asks for keys."""

import json
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from selenium.webdriver import Chrome

from page.tests.browser import Page, chromium
from page.tests.service import Site
from tests.e2e.server import APP, LocalhostProcess

FUNCTION_APP: Final = """from effectively_once import effectively_once
from examples.invoices import INVOICES
from tests.measurements.model import MEASUREMENTS
from todos import TODOS

app = effectively_once(TODOS, INVOICES, MEASUREMENTS)
"""

PATIENT: Final = {"EO_SWEEP_AFTER_SECONDS": "600"}
"""Nobody takes up what a test has left in an inbox."""

_projects: Final = count(1001)


def three_domains(folder: Path) -> Path:
    """Write the app; return its folder."""
    folder.mkdir()
    (folder / "function_app.py").write_text(FUNCTION_APP)
    shutil.copy(APP / "host.json", folder)
    return folder


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalhostProcess]:
    folder = tmp_path_factory.mktemp("open")
    app = three_domains(folder / "app")
    with LocalhostProcess(folder / "data", environ=PATIENT, app=app) as running:
        yield running


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalhostProcess]:
    """A host that asks for keys, as Azure does."""
    folder = tmp_path_factory.mktemp("locked")
    with LocalhostProcess(folder / "data", arguments=["--enable-auth"]) as running:
        yield running


@pytest.fixture(scope="session")
def keys(locked: LocalhostProcess) -> dict[str, str]:
    found: dict[str, str] = json.loads((locked.data / "keys.json").read_text())
    return found


@pytest.fixture
def site(host: LocalhostProcess) -> Site:
    return Site(host)


@pytest.fixture
def page(driver: Chrome, host: LocalhostProcess) -> Iterator[Page]:
    """The page with a clean session; in the end the console must not have complained."""
    shown = Page(driver, host.base_url)
    shown.complaints()
    shown.requests()
    yield shown
    assert shown.complaints() == []


@pytest.fixture
def project() -> int:
    """A project that nobody has used."""
    return next(_projects)
