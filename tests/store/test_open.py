"""Which store TODO_STORE opens, and what it says about settings that make no sense."""

import subprocess
import sys
from pathlib import Path

import pytest

from store.open import open_store
from store.sqlite import SqliteStore
from store.tables import TableStore

TABLES = {"TodoTables": "UseDevelopmentStorage=true"}


async def test_tables_are_the_tables_of_the_connection() -> None:
    store = open_store("tables", TABLES)
    assert isinstance(store, TableStore)
    await store.close()


async def test_a_file_is_opened_by_the_first_call(tmp_path: Path) -> None:
    path = tmp_path / "todos.db"
    store = open_store(f"sqlite:{path}", {})
    assert isinstance(store, SqliteStore)
    assert not path.exists()
    assert await store.check() == {}
    assert path.exists()
    await store.close()


@pytest.mark.parametrize("spec", ["", "table", "Tables", "sqlite", "sqlite:", "sql:todos.db"])
def test_a_store_that_nobody_knows_is_named(spec: str) -> None:
    with pytest.raises(ValueError, match="TODO_STORE is "):
        open_store(spec, TABLES)


def test_a_missing_connection_is_named() -> None:
    with pytest.raises(ValueError, match="TodoTables is not set"):
        open_store("tables", {})


@pytest.mark.parametrize("name", ["in", "in-box", "1inbox", "i" * 64, "inbox "])
def test_a_table_name_that_azure_would_refuse_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="TODO_INBOX_TABLE is "):
        open_store("tables", {**TABLES, "TODO_INBOX_TABLE": name})


def test_two_parts_cannot_share_a_table() -> None:
    with pytest.raises(ValueError, match="TODO_INBOX_TABLE and TODO_LOG_TABLE are both"):
        open_store("tables", {**TABLES, "TODO_INBOX_TABLE": "Todos"})


@pytest.mark.parametrize(
    ("spec", "absent"), [("tables", "store.sqlite"), ("sqlite:todos.db", "azure.data.tables")]
)
def test_only_the_adapter_in_use_is_imported(spec: str, absent: str) -> None:
    # The SQLite adapter is not deployed; the SDK of tables takes a while to import.
    code = (
        f"import sys; from store.open import open_store; open_store({spec!r}, {TABLES!r});"
        f" sys.exit({absent!r} in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
