"""Which store, from the settings. Adapters are imported here only, and only the one in use."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from store.ports.store import Store

SETTING: Final = "EO_STORE"

SQLITE_PREFIX: Final = "sqlite:"

_PLURAL = re.compile("[a-z][a-z0-9]{2,49}")
"""With `publications` behind it, a name of at most 63 characters, as Table Storage has them."""


def open_store(
    spec: str, plural: str, environ: Mapping[str, str], *, first: bool = True, create: bool = True
) -> Store:
    """Return the store of the domain `plural` that EO_STORE names: `tables` or `sqlite:<path>`.

    Nothing is opened or sent before the first call, which makes what is missing; without `create`
    what is missing is Unknown. `tables` reads the connection EO_TABLES (`store.tables.connection`)
    from `environ`; its tables are `{plural}`, `{plural}inbox`, `{plural}deadletters` and
    `{plural}publications`. With `sqlite:<path>` the `first` domain of an app has that file, and any
    other one `<stem>-<plural>` beside it. Raises ValueError, naming the setting at fault.
    """
    if not _PLURAL.fullmatch(plural):
        raise ValueError(
            f"{plural!r} cannot name tables: 3 to 50 lower-case letters and digits, no digit first"
        )
    path = sqlite_path(spec)
    if path is None:
        return _tables(plural, environ, create=create)
    return _sqlite(path if first else beside(path, plural), plural, create=create)


def sqlite_path(spec: str) -> Path | None:
    """Return the file that EO_STORE names, None for `tables`. Raises ValueError for all else."""
    if spec == "tables":
        return None
    path = spec.removeprefix(SQLITE_PREFIX)
    if path in {"", spec}:
        raise ValueError(f"{SETTING} is {spec!r}; it must be `tables` or `sqlite:<path>`")
    return Path(path)


def beside(path: Path, plural: str) -> Path:
    """Return the file of a domain that is not the first of its app."""
    return path.with_name(f"{path.stem}-{plural}{path.suffix}")


def _tables(plural: str, environ: Mapping[str, str], *, create: bool) -> Store:
    from store.tables.connection import Connection
    from store.tables.store import TableStore

    return TableStore(Connection.read(environ).open(), plural, create=create)


def _sqlite(path: Path, plural: str, *, create: bool) -> Store:
    from store.sqlite.store import SqliteStore

    return SqliteStore(path, plural, create=create)
