"""The request rows of one key in the order of places, whatever order they were read in.

They are kept in a temporary file of SQLite's, which goes to disk only when it is large and is gone
with the process: memory does not grow with the log.
"""

import sqlite3
from collections.abc import Iterator

from store.ports.records import Answered, Entry

COLUMNS = "place, request_id, version, output, refused, payload"


class RequestRows:
    """What the request rows of a key say, by the place that they name."""

    def __init__(self) -> None:
        """Begin with none."""
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(
            f"CREATE TABLE row ({COLUMNS.replace('place', 'place INTEGER PRIMARY KEY')})"
        )

    def clear(self) -> None:
        """Forget those of the key before."""
        self._db.execute("DELETE FROM row")

    def add(self, answered: Answered) -> bool:
        """Keep one; return whether its place was not taken by another one."""
        entry = answered.entry
        found = self._db.execute(
            "INSERT OR IGNORE INTO row VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(entry.place, entry.request_id, entry.version, entry.output),
                *(entry.refused, answered.payload),
            ),
        )
        return found.rowcount == 1

    def take(self, place: int) -> Answered | None:
        """Return the one of a place, once."""
        sql = f"DELETE FROM row WHERE place = ? RETURNING {COLUMNS}"  # noqa: S608 - constants
        found = self._db.execute(sql, (place,)).fetchall()
        return _answered(*found[0]) if found else None

    def left(self) -> Iterator[Answered]:
        """Go through those that nobody has taken."""
        for row in self._db.execute(f"SELECT {COLUMNS} FROM row ORDER BY place"):  # noqa: S608
            yield _answered(*row)

    def close(self) -> None:
        """Give back the file."""
        self._db.close()


def _answered(
    place: int, request_id: str, version: int, output: str, refused: int, payload: str
) -> Answered:
    return Answered(Entry(place, request_id, version, output, bool(refused)), payload)
