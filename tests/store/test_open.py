"""Which store EO_STORE opens, and what it says about settings that are wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from store.open import open_store
from store.ports.records import Unknown
from store.sqlite.store import SqliteStore
from store.tables.store import TableStore

TABLES = {"EO_TABLES": "UseDevelopmentStorage=true"}


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


async def test_tables_are_the_tables_of_the_connection() -> None:
    store = open_store("tables", "things", TABLES)
    assert isinstance(store, TableStore)
    names = {part: table.name for part, table in store.tables.items()}
    assert names == {
        "inbox": "thingsinbox",
        "log": "things",
        "deadletters": "thingsdeadletters",
        "publications": "thingspublications",
    }
    await store.close()


async def test_file_is_opened_by_the_first_call(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    store = open_store(f"sqlite:{path}", "things", {})
    assert isinstance(store, SqliteStore)
    assert files(tmp_path) == set()
    assert await store.check() == {}
    assert "app.db" in files(tmp_path)
    await store.close()
    assert files(tmp_path) == {"app.db"}


async def test_each_domain_of_an_app_has_a_file_of_its_own(tmp_path: Path) -> None:
    spec = f"sqlite:{tmp_path / 'app.db'}"
    stores = [open_store(spec, "things", {}), open_store(spec, "invoices", {}, first=False)]
    for store in stores:
        assert await store.check() == {}
        await store.close()
    assert files(tmp_path) == {"app.db", "app-invoices.db"}


async def test_store_that_must_not_be_made_is_not(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path / 'app.db'}", "things", {}, create=False)
    with pytest.raises(Unknown):
        await store.log.head("7")
    assert files(tmp_path) == set()


@pytest.mark.parametrize("spec", ["", "table", "Tables", "sqlite", "sqlite:", "sql:app.db"])
def test_store_of_an_unknown_kind_is_named(spec: str) -> None:
    with pytest.raises(ValueError, match="EO_STORE is "):
        open_store(spec, "things", TABLES)


def test_missing_connection_is_named() -> None:
    with pytest.raises(ValueError, match="EO_TABLES is not set"):
        open_store("tables", "things", {})


@pytest.mark.parametrize("plural", ["in", "in-box", "1inbox", "i" * 51, "inbox ", "Inbox"])
def test_name_that_cannot_name_tables_is_refused(plural: str) -> None:
    with pytest.raises(ValueError, match="cannot name tables"):
        open_store("tables", plural, TABLES)


@pytest.mark.parametrize(
    ("spec", "absent"), [("tables", "store.sqlite.store"), ("sqlite:app.db", "azure.data.tables")]
)
def test_only_the_adapter_in_use_is_imported(spec: str, absent: str) -> None:
    # The SQLite adapter is not deployed; the SDK of tables takes a while to import.
    code = (
        f"import sys; from store.open import open_store; open_store({spec!r}, 'things', {TABLES!r})"
        f"; sys.exit({absent!r} in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
