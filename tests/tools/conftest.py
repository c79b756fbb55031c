"""A store with an app at work, and an empty one beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.app_port import AppStore
from store.audit_open import open_audit
from store.open import open_store
from tests.store.examples import append, some_requests
from tests.tools.app_at_work import Busy
from tests.tools.copies import Place, letter


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, Place]:
    """A store, and another one that is empty."""
    if request.param == "sqlite":
        return (f"sqlite:{tmp_path / 'a.db'}", {}), (f"sqlite:{tmp_path / 'b.db'}", {})
    account = {"TodoTables": request.getfixturevalue("tables_account")}
    names = {"TODO_LOG_TABLE": "todos2", "TODO_INBOX_TABLE": "inbox2"}
    names |= {"TODO_PUBLISHING_TABLE": "publishing2", "TODO_DEADLETTERS_TABLE": "deadletters2"}
    return ("tables", account), ("tables", account | names)


@pytest.fixture
async def source(places: tuple[Place, Place]) -> AsyncIterator[AppStore]:
    opened = open_store(*places[0])
    yield opened
    await opened.close()


@pytest.fixture
async def target(places: tuple[Place, Place]) -> AsyncIterator[AppStore]:
    opened = open_store(*places[1])
    assert await opened.check() == {}
    yield opened
    await opened.close()


@pytest.fixture
async def busy(
    places: tuple[Place, Place], source: AppStore, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Busy]:
    for module in ("sqlite_audit", "table_audit"):
        monkeypatch.setattr(f"store.{module}.PAGE_ROWS", 4)
    await append(source.log, 7, some_requests(7, range(10)))
    await source.publications.move(7, await source.publications.cursor(7), 10)
    await source.deadletters.put(letter(1))
    busy = Busy(open_audit(*places[0]), source)
    for project_id in (7, 8):
        await busy.accept(project_id)
    yield busy
    await busy.close()
