"""The stores of commands, from the same settings as `store.open`."""

from collections.abc import Mapping

from store.open import sqlite_path
from tools.stored.port import Reader, Writer


def open_reader(spec: str, plural: str, environ: Mapping[str, str]) -> Reader:
    """Return a reader of what `store.open.open_store` would open; nothing is created by reading.

    Raises ValueError, naming the setting at fault, and Unknown when a file cannot be read.
    """
    path = sqlite_path(spec)
    if path is None:
        from store.tables.connection import Connection
        from tools.stored.tables import TableReader

        return TableReader(Connection.read(environ).open(), plural)
    from tools.stored.sqlite import SqliteReader

    return SqliteReader(path, plural)


def open_writer(spec: str, plural: str, environ: Mapping[str, str], *, create: bool) -> Writer:
    """Return a writer into what `store.open.open_store` would open. Raises as above."""
    path = sqlite_path(spec)
    if path is None:
        from store.tables.connection import Connection
        from tools.stored.table_writer import TableWriter

        return TableWriter(Connection.read(environ).open(), plural, create=create)
    from tools.stored.sqlite_writer import SqliteWriter

    return SqliteWriter(path, plural, create=create)
