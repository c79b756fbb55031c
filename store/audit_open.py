"""Which store to audit, from the same settings as `store.open`. Nothing is created by reading."""

from collections.abc import Mapping
from pathlib import Path

from store.audit_port import AuditReader
from store.open import TABLES, sqlite_path


def open_audit(spec: str, environ: Mapping[str, str]) -> AuditReader:
    """Return a reader of what `store.open.open_store` would open.

    Raises ValueError, naming the setting at fault, and Unknown when a file cannot be read. Names
    of tables are not checked: one that is wrong is of no table, which the first call tells.
    """
    path = sqlite_path(spec)
    return _tables(environ) if path is None else _sqlite(path)


def _tables(environ: Mapping[str, str]) -> AuditReader:
    from store.connection import Connection
    from store.table_audit import TableAudit

    names = {setting: environ.get(setting) or default for setting, default in TABLES.items()}
    return TableAudit(
        Connection.read(environ).open(),
        names["TODO_INBOX_TABLE"],
        names["TODO_LOG_TABLE"],
        names["TODO_PUBLISHING_TABLE"],
    )


def _sqlite(path: Path) -> AuditReader:
    from store.sqlite_audit import SqliteAudit

    return SqliteAudit(path)
