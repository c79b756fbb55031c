"""What the file of a store goes through, written down by SQLite itself.

Triggers on the tables of the store write a row of `effect` in the transaction of each change. So
the order of these rows is that of the commits, a change that was rolled back has none, and no code
of the app has a part in it. Who makes a change says so in the row of `writer` (`TracedFile`), in
the same transaction; a change by anybody else names no process.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from store.sqlite.schema import prepare

_WHO: Final = "process, loop, call, behind, at"

TABLES: Final = (
    f"CREATE TABLE writer ({_WHO})",
    "INSERT INTO writer VALUES (NULL, NULL, NULL, NULL, NULL)",
    f"CREATE TABLE effect (seq INTEGER PRIMARY KEY AUTOINCREMENT, {_WHO}, kind, key, what)",
)

WATCHED: Final = {
    "put": ("INSERT ON inbox", "NEW", ("request_id", "payload", "accepted_at")),
    "removed": ("DELETE ON inbox", "OLD", ("request_id",)),
    "head": ("INSERT ON head", "NEW", ("place", "version")),
    "entry": ("INSERT ON entry", "NEW", ("place", "request_id", "payload")),
    "request": ("INSERT ON request", "NEW", ("place", "request_id")),
    "marked": ("INSERT ON marker", "NEW", ("version",)),
    "unmarked": ("DELETE ON marker", "OLD", ("version",)),
    "cursor": ("INSERT ON cursor", "NEW", ("place",)),
}
"""Kinds of effects, and of what columns a row tells the values."""

NEVER: Final = (
    "UPDATE ON inbox",
    "DELETE ON head",
    "UPDATE ON entry",
    "DELETE ON entry",
    "UPDATE ON request",
    "DELETE ON request",
    "DELETE ON cursor",
)
"""What no code of the app does."""

FORBIDDEN: Final = "forbidden"

SIGN: Final = f"UPDATE writer SET ({_WHO}) = (?, ?, ?, ?, ?)"
POSITION: Final = "SELECT coalesce(max(seq), 0) FROM effect"
"""How many effects there were."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of one row."""

    seq: int
    """From 1, dense, in the order of the commits."""
    process: str | None
    loop: str
    """Who within the process, as the lines of a trace have it."""
    call: int
    """Effects of one call of one process share a transaction, and follow each other."""
    behind: int
    """Number of the last line of the process's journal when the call began."""
    at: float
    """Milliseconds since 1970."""
    kind: str
    key: str
    what: Mapping[str, Any]


def prepare_traced(path: Path, plural: str) -> None:
    """Make the store file of a domain, with triggers. Its folder must exist, the file must not."""
    prepare(path, plural)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in (*TABLES, *_triggers()):
            db.execute(statement)


def effects_of(path: Path) -> list[Effect]:
    """Read what the file has gone through."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(f"SELECT seq, {_WHO}, kind, key, what FROM effect ORDER BY seq")
        return [_effect(row) for row in rows]


def _effect(row: Sequence[Any]) -> Effect:
    seq, process, loop, call, behind, at, kind, key, what = row
    return Effect(seq, process, loop, call, behind, at, kind, key, json.loads(what))


def _triggers() -> list[str]:
    written = [
        _trigger(kind, event, f"{row}.key", {name: f"{row}.{name}" for name in columns})
        for kind, (event, row, columns) in WATCHED.items()
    ]
    written.append(
        _trigger(
            *("head", "UPDATE ON head", "NEW.key"),
            {
                "place": "NEW.place",
                "version": "NEW.version",
                "before": "OLD.place",
                "before_version": "OLD.version",
            },
        )
    )
    written.append(_trigger("cursor", "UPDATE ON cursor", "NEW.key", {"place": "NEW.place"}))
    written.append(_trigger("buried", "INSERT ON deadletter", "NEW.partition", {}))
    written += [_trigger(FORBIDDEN, each, "OLD.key", {"event": f"'{each}'"}) for each in NEVER]
    return written


def _trigger(kind: str, event: str, key: str, values: Mapping[str, str]) -> str:
    what = ", ".join(f"'{name}', {value}" for name, value in values.items())
    name = f"trace_{event}".replace(" ON ", "_")
    return (
        f"CREATE TRIGGER {name} AFTER {event} BEGIN"
        f" INSERT INTO effect ({_WHO}, kind, key, what)"
        f" SELECT {_WHO}, '{kind}', {key}, json_object({what}) FROM writer; END"
    )
