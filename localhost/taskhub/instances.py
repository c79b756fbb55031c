"""Reading and deleting instance rows: queries by id and by filter, histories, purges."""

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Final

from localhost.taskhub.clock import Microseconds
from localhost.taskhub.events import Event
from localhost.taskhub.runtime import ROW, InstanceRow, find_history

PAGE_SIZE_DEFAULT: Final = 100
PURGE_ROWS_PER_WRITE: Final = 500
"""Instances deleted in one transaction, so that a large purge does not hold up the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which instances a query is about. Nothing set: all of them."""

    created_from: Microseconds | None = None
    created_to: Microseconds | None = None
    statuses: frozenset[str] = field(default_factory=frozenset)
    prefix: str = ""
    only_entities: bool = False
    """Only entities that exist: those that were deleted keep a row."""
    first: str = ""
    """The id at which the page begins."""
    top: int = PAGE_SIZE_DEFAULT


def find_rows(connection: sqlite3.Connection, wanted: Filter) -> list[InstanceRow]:
    """Return up to `top` rows in the order of their ids, and one more if there is one."""
    conditions, parameters = _conditions(wanted)
    sql = f"SELECT {ROW} FROM instances WHERE {conditions} ORDER BY id LIMIT ?"  # noqa: S608 - constants
    rows = connection.execute(sql, (*parameters, wanted.top + 1))
    return [InstanceRow(*row) for row in rows]


def _conditions(wanted: Filter) -> tuple[str, list[Any]]:
    conditions: list[str] = ["id >= ?"]
    parameters: list[Any] = [wanted.first]
    if wanted.created_from is not None:
        conditions.append("created >= ?")
        parameters.append(wanted.created_from)
    if wanted.created_to is not None:
        conditions.append("created <= ?")
        parameters.append(wanted.created_to)
    if wanted.only_entities:
        conditions.append("execution = '' AND custom_status LIKE '{\"entityExists\":true%'")
    if wanted.statuses:
        conditions.append(f"status IN ({','.join('?' * len(wanted.statuses))})")
        parameters += sorted(wanted.statuses)
    if wanted.prefix:
        conditions.append("substr(id, 1, ?) = ?")
        parameters += [len(wanted.prefix), wanted.prefix]
    return " AND ".join(conditions), parameters


def find_purged(
    connection: sqlite3.Connection, wanted: Filter, after: tuple[Microseconds, str]
) -> list[tuple[Microseconds, str]]:
    """Return creation time and id of the next instances to purge, behind `after`, in that order.

    A purge goes on behind what it has seen, so that it is linear in what it deletes.
    """
    conditions, parameters = _conditions(wanted)
    sql = (
        f"SELECT created, id FROM instances WHERE {conditions} AND (created, id) > (?, ?)"  # noqa: S608 - constants
        " ORDER BY created, id LIMIT ?"
    )
    rows = connection.execute(sql, (*parameters, *after, PURGE_ROWS_PER_WRITE))
    return [(created, id_) for created, id_ in rows]


def events_of(connection: sqlite3.Connection, row: InstanceRow) -> list[Event]:
    """Return the history of the execution that the row shows."""
    history = find_history(connection, row.id)
    if history is None or history.origin != row.execution:
        return []
    return history.events


def delete_rows(connection: sqlite3.Connection, ids: list[str]) -> int:
    """Delete instances with their history or entity state; never messages on their way."""
    keys = [(id_,) for id_ in ids]
    connection.executemany("DELETE FROM history WHERE instance = ?", keys)
    connection.executemany("DELETE FROM entities WHERE id = ?", keys)
    return connection.executemany("DELETE FROM instances WHERE id = ?", keys).rowcount
