"""A set of texts in a temporary file: memory does not grow with what is in it.

SQLite writes to the file only what its cache does not hold; the file is gone with the process.
"""

import sqlite3


class Seen:
    """Texts, each of them once. To be closed."""

    def __init__(self) -> None:
        """Begin with none."""
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("CREATE TABLE seen (text TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")

    def add(self, text: str) -> bool:
        """Add a text; return whether it is new."""
        return self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (text,)).rowcount == 1

    def clear(self) -> None:
        """Forget all of them."""
        self._db.execute("DELETE FROM seen")

    def close(self) -> None:
        """Give back the file."""
        self._db.close()
