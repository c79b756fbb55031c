"""Which store to restore into, from the same settings as `store.open`."""

from collections.abc import Mapping
from pathlib import Path

from store.open import TABLES, sqlite_path
from store.restore_port import LogWriter


def open_restore(spec: str, environ: Mapping[str, str]) -> LogWriter:
    """Return a writer of the logs in what `store.open.open_store` would open.

    Raises ValueError, naming the setting at fault, and Unknown when a file cannot be opened.
    """
    path = sqlite_path(spec)
    return _tables(environ) if path is None else _sqlite(path)


def _tables(environ: Mapping[str, str]) -> LogWriter:
    from store.connection import Connection
    from store.table_restore import TableRestore

    table = environ.get("TODO_LOG_TABLE") or TABLES["TODO_LOG_TABLE"]
    return TableRestore(Connection.read(environ).open(), table)


def _sqlite(path: Path) -> LogWriter:
    from store.sqlite_restore import SqliteRestore

    return SqliteRestore(path)
