"""The folder with everything that must survive: SQLite files and files that are replaced whole.

One host at a time: it holds a lock on the folder that ends with the process, however that ends.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from localhost.errors import StartError

FORMAT: Final = 1
"""Raise it when an older host could not read what a newer one wrote."""
FORMAT_FILE: Final = "format.json"
LOCK_FILE: Final = "lock"


class DataFolder:
    """A locked folder of the format that this host knows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.task_hub = path / "taskhub.db"
        self.event_hubs = path / "eventhubs.db"
        self.todos = path / "todos.db"
        self.keys = path / "keys.json"
        self.timers = path / "timers"

    def check_databases(self) -> None:
        """Raise StartError when one of the SQLite files is damaged beyond opening."""
        for file in sorted(self.path.glob("*.db")):
            try:
                with closing(sqlite3.connect(file)) as connection:
                    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.Error as error:
                raise StartError(f"{file} is not a usable database: {error}") from error


@contextmanager
def open_data_folder(path: Path) -> Iterator[DataFolder]:
    """Create the folder when missing, lock it, and check its format.

    Raises StartError when another host uses it, or when it is newer than this host or damaged.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StartError(f"cannot use {path} as data folder: {error.strerror}") from error
    try:
        _lock(lock, path)
        _check_format(path)
        folder = DataFolder(path)
        folder.check_databases()
        yield folder
    finally:
        os.close(lock)


def _lock(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
        raise StartError(f"{path} is in use by another localhost, process {owner}") from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _check_format(path: Path) -> None:
    file = path / FORMAT_FILE
    if not file.exists():
        replace_json(file, {"format": FORMAT})
        return
    content = read_json(file)
    found = content.get("format") if isinstance(content, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise StartError(f"{file} is damaged: it does not name a format")
    if found > FORMAT:
        raise StartError(f"{path} was written by a newer localhost (format {found}, not {FORMAT})")


def read_json(file: Path) -> Any:
    """Return what a file holds. Raises StartError when it is no JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StartError(f"{file} is damaged: {error}") from error


def replace_json(file: Path, content: Any, mode: int = 0o644) -> None:
    """Write a file so that a crash leaves the old or the new content, never a part of it."""
    temporary = file.with_name(f"{file.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(content, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too, must be on disk
    finally:
        os.close(folder)
