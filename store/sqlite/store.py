"""The store of one domain in one SQLite file.

Writes go through :class:`store.sqlite.file.SqliteFile`, whose COMMIT is the commit point; reads
see what is committed. Both run on the event loop's thread, where they take microseconds.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from typing_extensions import override

from store.ports.records import Unknown
from store.ports.store import Store
from store.sqlite.calls import microseconds, moment, read, write
from store.sqlite.deadletters import SqliteDeadLetters
from store.sqlite.file import SqliteFile
from store.sqlite.inbox import SqliteInbox
from store.sqlite.log import SqliteLog
from store.sqlite.publications import SqlitePublications
from store.sqlite.schema import FormatError, check, prepare

CHECK_SECONDS_MAX: Final = 2.0
"""Of a check of the health, which somebody waits for; another process may hold the file."""


class SqliteStore(Store):
    """All parts in one file, which the first call opens. Belongs to one event loop."""

    def __init__(self, path: Path, plural: str, *, create: bool = True) -> None:
        """Keep the domain `plural` in `path`, a file in a folder that must be there.

        Without `create` a file that is not there is Unknown to every call.
        """
        self._path = path
        self._plural = plural
        self._create = create
        self._file: SqliteFile | None = None
        self._inbox = SqliteInbox(self.opened)
        self._log = SqliteLog(self.opened)
        self._deadletters = SqliteDeadLetters(self.opened)
        self._publications = SqlitePublications(self.opened)

    @property
    @override
    def inbox(self) -> SqliteInbox:
        return self._inbox

    @property
    @override
    def log(self) -> SqliteLog:
        return self._log

    @property
    @override
    def deadletters(self) -> SqliteDeadLetters:
        return self._deadletters

    @property
    @override
    def publications(self) -> SqlitePublications:
        return self._publications

    @override
    async def check(self) -> Mapping[str, str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                await self._use()
        except FormatError as error:
            return {"file": f"cannot be used: it {error.reason}"}
        except Unknown as error:
            return {"file": _in_words(error.__cause__)}
        except TimeoutError:
            return {"file": f"no answer within {CHECK_SECONDS_MAX:g} s"}
        return {}

    @override
    async def note_sweep(self, at: datetime) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute("UPDATE store SET swept_at = ?", (microseconds(at),))

        await write(self.opened(), work)

    @override
    async def last_sweep(self) -> datetime | None:
        [(at,)] = read(self.opened(), "SELECT swept_at FROM store")
        return None if at is None else moment(at)

    @override
    async def close(self) -> None:
        """Wait for the writes under way and close the file. Later calls raise Unknown."""
        if self._file is not None:
            await self._file.close()

    def opened(self) -> SqliteFile:
        """Return the file, open. Raises Unknown."""
        if self._file is None:
            try:
                (prepare if self._create else check)(self._path, self._plural)
                self._file = SqliteFile(self._path)
            except (OSError, sqlite3.Error) as error:
                raise Unknown(f"{self._path}: {error}") from error
        return self._file

    async def _use(self) -> None:
        """A write that lasts, and a read of what it wrote."""

        def work(db: sqlite3.Connection) -> int:
            sql = "UPDATE store SET health = health + 1 RETURNING health"
            [(written,)] = db.execute(sql).fetchall()
            return int(written)

        written = await write(self.opened(), work)
        [(found,)] = read(self.opened(), "SELECT health FROM store")
        if found < written:
            raise Unknown(f"{self._path.name}: what was written is not there")


def _in_words(cause: BaseException | None) -> str:
    """Say why a file cannot be used without its path, which is nobody's business."""
    if isinstance(cause, OSError):
        return cause.strerror or "cannot be opened"
    return str(cause or "not there")
