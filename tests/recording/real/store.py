"""The store in a SQLite file, whose process says who writes and notes what it reads.

What a read shows is noted together with the number of effects that came before it. It is taken
between two looks at that number; when they differ the read is made again.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from typing_extensions import override

from store.ports.inbox import Waiting
from store.ports.log import Tail
from store.ports.publications import Cursor, Marker
from store.ports.records import Answered, Conflict, Entry, Head, Request, StoreError
from store.sqlite.calls import Open, read
from store.sqlite.file import SqliteFile, Work
from store.sqlite.inbox import SqliteInbox
from store.sqlite.log import SqliteLog
from store.sqlite.publications import SqlitePublications
from store.sqlite.schema import check
from store.sqlite.store import SqliteStore
from tests.recording.real.effects import POSITION, SIGN
from tests.recording.real.journal import Journal
from tests.recording.shown import head_of, rows_of

T = TypeVar("T")


class TracedFile(SqliteFile):
    """A file that `prepare_traced` has made."""

    def __init__(self, path: Path, journal: Journal) -> None:
        super().__init__(path)
        self._journal = journal
        self.refused_at = 0
        """After how many effects the last write met a row that was in its way; to be read at once."""

    @override
    async def write(self, work: Work[T]) -> T:
        journal = self._journal
        call, behind, by = journal.next_call(), journal.number, journal.by
        before = after = 0

        def signed(db: sqlite3.Connection) -> T:
            nonlocal before, after
            [(before,)] = db.execute(POSITION)
            db.execute(SIGN, (journal.process, by, call, behind, time.time() * 1_000))
            result = work(db)
            db.execute(SIGN, (None,) * 5)
            [(after,)] = db.execute(POSITION)
            return result

        try:
            result = await super().write(signed)
        except StoreError:
            self.refused_at = before  # what it had written until then is rolled back
            raise
        journal.heard(call, after)
        return result


class Reads:
    """Makes reads of one moment."""

    def __init__(self, opened: Open, journal: Journal) -> None:
        """Read the file that `opened` returns."""
        self._opened = opened
        self._journal = journal

    async def seen(self, reading: Callable[[], Awaitable[T]]) -> tuple[T, int]:
        """Return what is read, and after how many effects. Raises what `reading` does."""
        while True:
            before = self._position()
            found = await reading()
            if self._position() == before:
                return found, before
            await asyncio.sleep(0)

    async def noted(
        self, key: str, kind: str, reading: Callable[[], Awaitable[T]], show: Callable[[T], Any]
    ) -> T:
        """Return what is read, and note what `show` makes of it."""
        found, position = await self.seen(reading)
        self._journal.read(key, kind, position, **show(found))
        return found

    def note(self, key: str, kind: str, position: int, **fields: Any) -> None:
        """Note what was read after so many effects."""
        self._journal.read(key, kind, position, **fields)

    def _position(self) -> int:
        [(position,)] = read(self._opened(), POSITION)
        return int(position)


class TracedInbox(SqliteInbox):
    """Notes which rows were there, and which were not."""

    def __init__(self, opened: Open, journal: Journal) -> None:
        super().__init__(opened)
        self._reads = Reads(opened, journal)

    @override
    async def get(self, key: str, request_ids: Sequence[str]) -> dict[str, Request]:
        def shown(found: dict[str, Request]) -> dict[str, Any]:
            absent = [each for each in request_ids if each not in found]
            return {"found": {i: each.payload for i, each in found.items()}, "absent": absent}

        reading = super().get
        return await self._reads.noted(key, "inbox.read", lambda: reading(key, request_ids), shown)

    @override
    async def page(self, key: str, limit: int) -> list[Waiting]:
        reading = super().page
        return await self._reads.noted(
            *(key, "inbox.read", lambda: reading(key, limit)),
            lambda page: {"found": _payloads(page), "is_all": len(page) < limit},
        )

    @override
    async def overdue(self, accepted_before: datetime) -> AsyncIterator[Sequence[Waiting]]:
        reading = super().overdue

        async def whole() -> list[Sequence[Waiting]]:
            return [each async for each in reading(accepted_before)]

        pages, position = await self._reads.seen(whole)
        for each in pages:  # all of them before anything else happens here
            key = each[0].request.key
            self._reads.note(key, "inbox.read", position, found=_payloads(each), absent=[])
        for each in pages:
            yield each


class TracedLog(SqliteLog):
    """Notes what was there of the log, and what another writer was in the way of."""

    def __init__(self, opened: Callable[[], TracedFile], journal: Journal) -> None:
        super().__init__(opened)
        self._traced = opened
        self._journal = journal
        self._reads = Reads(opened, journal)

    @override
    async def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        began = self._journal.number
        try:
            return await super().append(key, head, after, answered)
        except Conflict:
            entries = [(each.entry.request_id, each.payload) for each in answered]
            about = {"by": self._journal.by, "head": head_of(head), "entries": entries}
            self._refused(key, "log.append", began, **about)
            raise

    @override
    async def fence(self, key: str, head: Head) -> Head:
        began = self._journal.number
        try:
            return await super().fence(key, head)
        except Conflict:
            self._refused(key, "head.fence", began, head=head_of(head))
            raise

    def _refused(self, key: str, kind: str, began: int, **fields: Any) -> None:
        position = self._traced().refused_at
        self._reads.note(key, kind, position, after=began, **fields, outcome="refused")

    @override
    async def head(self, key: str) -> Head:
        reading = super().head
        return await self._reads.noted(
            key, "log.read", lambda: reading(key), lambda head: {"rows": [], "head": head_of(head)}
        )

    @override
    async def tail(self, key: str, after: int) -> Tail:
        def shown(tail: Tail) -> dict[str, Any]:
            head = {} if tail.head is None else {"head": head_of(tail.head)}
            return {"rows": rows_of(tail.entries), **head}

        reading = super().tail
        return await self._reads.noted(key, "log.read", lambda: reading(key, after), shown)

    @override
    async def find(self, key: str, request_ids: Sequence[str]) -> dict[str, Answered]:
        def shown(found: dict[str, Answered]) -> dict[str, Any]:
            absent = [each for each in request_ids if each not in found]
            return {"found": {i: e.entry.place for i, e in found.items()}, "absent": absent}

        reading = super().find
        return await self._reads.noted(
            key, "request.read", lambda: reading(key, request_ids), shown
        )

    @override
    async def read(self, key: str, after: int, limit: int) -> list[Entry]:
        reading = super().read
        return await self._reads.noted(
            *(key, "log.read", lambda: reading(key, after, limit)),
            lambda entries: {"rows": rows_of(entries)},
        )


class TracedPublications(SqlitePublications):
    """Notes which markers and cursors were there."""

    def __init__(self, opened: Open, journal: Journal) -> None:
        super().__init__(opened)
        self._reads = Reads(opened, journal)

    @override
    async def marked(self) -> AsyncIterator[Sequence[Marker]]:
        reading = super().marked

        async def whole() -> list[Sequence[Marker]]:
            return [each async for each in reading()]

        pages, position = await self._reads.seen(whole)
        for each in (marker for page in pages for marker in page):
            self._reads.note(each.key, "marker.read", position)
        for page in pages:
            yield page

    @override
    async def cursor(self, key: str) -> Cursor:
        reading = super().cursor
        return await self._reads.noted(
            key, "cursor.read", lambda: reading(key), lambda cursor: {"last": cursor.place}
        )


class TracedStore(SqliteStore):
    """All of them in one file."""

    def __init__(self, path: Path, plural: str, journal: Journal) -> None:
        super().__init__(path, plural)
        self._journal = journal
        self._traced: TracedFile | None = None
        self._inbox = TracedInbox(self.opened, journal)
        self._log = TracedLog(self.opened, journal)
        self._publications = TracedPublications(self.opened, journal)

    @override
    def opened(self) -> TracedFile:
        if self._traced is None:
            check(self._path, self._plural)
            self._file = self._traced = TracedFile(self._path, self._journal)
        return self._traced


def _payloads(rows: Sequence[Waiting]) -> dict[str, str]:
    return {each.request.id: each.request.payload for each in rows}
