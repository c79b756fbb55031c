"""Which store, from the settings. Adapters are imported here only, and only the one in use."""

import re
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Final

from store.app_port import AppStore

SQLITE_PREFIX: Final = "sqlite:"

TABLES: Final = {
    "TODO_INBOX_TABLE": "inbox",
    "TODO_LOG_TABLE": "todos",
    "TODO_DEADLETTERS_TABLE": "deadletters",
    "TODO_PUBLISHING_TABLE": "publishing",
}
"""Settings and defaults of the names of the tables, in the order of `TableStore`."""

_TABLE_NAME = re.compile("[A-Za-z][A-Za-z0-9]{2,62}")


def open_store(spec: str, environ: Mapping[str, str]) -> AppStore:
    """Return the store that TODO_STORE names: `tables`, or `sqlite:<path>` of a file.

    Nothing is opened or sent before the first call. `tables` reads the connection `TodoTables`
    (see `store.connection`) and the names of the tables, TODO_INBOX_TABLE (`inbox`),
    TODO_LOG_TABLE (`todos`), TODO_DEADLETTERS_TABLE (`deadletters`) and TODO_PUBLISHING_TABLE
    (`publishing`), from `environ`. Raises ValueError, naming the setting at fault.
    """
    path = sqlite_path(spec)
    return _tables(environ) if path is None else _sqlite(path)


def sqlite_path(spec: str) -> Path | None:
    """Return the file that TODO_STORE names, None for `tables`. Raises ValueError for all else."""
    if spec == "tables":
        return None
    path = spec.removeprefix(SQLITE_PREFIX)
    if path in {"", spec}:
        raise ValueError(f"TODO_STORE is {spec!r}; it must be `tables` or `sqlite:<path>`")
    return Path(path)


def _tables(environ: Mapping[str, str]) -> AppStore:
    from store.connection import Connection
    from store.tables import TableStore

    names = {setting: _table_name(environ, setting, TABLES[setting]) for setting in TABLES}
    for one, other in combinations(names, 2):
        if names[one].casefold() == names[other].casefold():
            raise ValueError(f"{one} and {other} are both {names[other]!r}")
    return TableStore(Connection.read(environ).open(), *names.values())


def _table_name(environ: Mapping[str, str], setting: str, default: str) -> str:
    name = environ.get(setting) or default
    if not _TABLE_NAME.fullmatch(name):
        raise ValueError(
            f"{setting} is {name!r}; it must be 3 to 63 letters and digits, no digit first"
        )
    return name


def _sqlite(path: Path) -> AppStore:
    from store.sqlite import SqliteStore

    return SqliteStore(path)
