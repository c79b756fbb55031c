"""The folder with everything that must survive: SQLite files and files that are replaced whole.

One host at a time owns it: it holds a lock on the folder that ends with the process, however that
ends. A standby shares the folder with the owner (`localhost.standby`); of what is in it, the host
of a standby uses the keys only. An app may keep files here too: it finds the folder as the
placeholder `%LOCALHOST_DATA%` in its settings, and its `*.db` are watched like the host's own.
"""

import fcntl
import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec

from localhost.errors import StartError

FORMAT: Final = 1
"""Raise it when an older host could not read what a newer one wrote."""
FORMAT_FILE: Final = "format.json"
"""The format, and the databases that must be there: one that is lost is not begun anew."""
LOCK_FILE: Final = "lock"

T = TypeVar("T")


class Format(msgspec.Struct):
    """What the format file says."""

    format: Annotated[int, msgspec.Meta(ge=1)]
    databases: list[str] = []


class DataFolder:
    """A folder of the format that this host knows, owned by this host or by another one."""

    def __init__(self, path: Path, lock: int) -> None:
        """`lock` is the open lock file."""
        self.path = path
        self.task_hub = path / "taskhub.db"
        self.event_hubs = path / "eventhubs.db"
        self.keys = path / "keys.json"
        self.timers = path / "timers"
        self.owner = path / "owner.json"
        self.is_owned = False
        """Whether it is this host that owns it; then it does so to its end."""
        self._lock = lock

    def take(self) -> bool:
        """Become the owner, unless there is one. Raises StartError for a newer or damaged folder."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not self.is_in_place:
            raise StartError(f"{self.path} was removed or replaced")
        self.owner.unlink(missing_ok=True)  # what the last owner said is no longer true
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        self.check_format()
        self._check_databases()
        self.is_owned = True
        return True

    def check_format(self) -> None:
        """Raise StartError when the folder is newer than this host, or damaged."""
        file = self.path / FORMAT_FILE
        if not file.exists():
            replace_json(file, {"format": FORMAT})
            return
        found = read_json(file, Format).format
        if found > FORMAT:
            raise StartError(
                f"{self.path} was written by a newer localhost (format {found}, not {FORMAT})"
            )

    @property
    def owner_pid(self) -> str:
        """The process that holds the lock, or held it last; empty when it has not said so yet."""
        return os.pread(self._lock, 20, 0).decode(errors="replace").strip()

    @property
    def is_in_place(self) -> bool:
        """Whether the path still leads to the folder that was opened."""
        try:
            found = (self.path / LOCK_FILE).stat()
        except OSError:
            return False
        own = os.fstat(self._lock)
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)

    def remember(self, database: str) -> None:
        """Have the next start refuse the folder without this file."""
        names = {*read_json(self.path / FORMAT_FILE, Format).databases, database}
        replace_json(self.path / FORMAT_FILE, {"format": FORMAT, "databases": sorted(names)})

    def settle(self) -> None:
        """Bring each database into one file, also those of an app that did not close them.

        After the workers have ended: whoever closes a database last takes its log along.
        """
        if not self.is_owned:
            return
        for file in self.path.glob("*.db"):
            with suppress(sqlite3.Error), closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _check_databases(self) -> None:
        for name in read_json(self.path / FORMAT_FILE, Format).databases:
            file = self.path / name
            if not file.is_file() or file.stat().st_size == 0:
                raise StartError(
                    f"{file} is {'empty' if file.is_file() else 'gone'}, and what was in it is"
                    f" lost; to begin without it, take its name out of {FORMAT_FILE}"
                )
        for file in sorted(self.path.glob("*.db")):
            try:
                with closing(sqlite3.connect(file)) as connection:
                    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.Error as error:
                raise StartError(f"{file} is not a usable database: {error}") from error


@contextmanager
def open_data_folder(path: Path) -> Iterator[DataFolder]:
    """Create the folder when missing, own it, and check its format.

    Raises StartError when another host uses it, or when it is newer than this host or damaged.
    """
    with shared_data_folder(path) as folder:
        if not folder.take():
            owner = folder.owner_pid or "unknown"
            raise StartError(f"{path} is in use by another localhost, process {owner}")
        yield folder


@contextmanager
def shared_data_folder(path: Path) -> Iterator[DataFolder]:
    """Create the folder when missing; whoever wants to own it has to take it."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.stat().st_mode & stat.S_IWOTH:
            raise StartError(f"{path} is a folder that everybody may write into")
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(path / LOCK_FILE, flags, 0o644)
    except OSError as error:
        raise StartError(f"cannot use {path} as data folder: {error.strerror}") from error
    try:
        yield DataFolder(path, lock)
    finally:
        os.close(lock)


def read_json(file: Path, kind: type[T]) -> T:
    """Return what a file holds. Raises StartError when it is no JSON of this kind."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, ValueError) as error:
        raise StartError(f"{file} is damaged: {error}") from error


def replace_json(file: Path, content: Any, mode: int = 0o644) -> None:
    """Write a file so that a crash leaves the old or the new content, never a part of it."""
    _write_json(file.with_name(f"{file.name}.new"), content, mode).replace(file)
    _keep_names(file.parent)


def create_json(file: Path, content: Any, mode: int = 0o644) -> None:
    """Write a file whole, unless it is there already: of two processes the first one wins."""
    temporary = _write_json(file.with_name(f"{file.name}.{os.getpid()}"), content, mode)
    with suppress(FileExistsError):
        os.link(temporary, file)
    temporary.unlink()
    _keep_names(file.parent)


def _write_json(file: Path, content: Any, mode: int) -> Path:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    try:
        descriptor = os.open(file, flags, mode)
    except OSError as error:
        raise StartError(f"cannot write {file}: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(content, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    return file


def _keep_names(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # a new name, too, must be on disk
    finally:
        os.close(descriptor)
