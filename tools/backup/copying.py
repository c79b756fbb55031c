"""Copies a store into files while the app is at work, so that what is restored keeps its promises.

A copy is of no single moment: each table and each key is read when its turn comes. What is read
when decides what it is worth:

    1. the dead letters   one that is gone by now was replayed: its request is in what follows
    of each key:
    2. the cursor         moves behind the head only, so it is at most what the head says later
    3. the inbox          what has left it by now is in the log, and so below the head
    4. the head
    5. places 1 to head   they are there by now, and never change; what is above is left out

So the log is a dense beginning of the real one, as after a fail-over with data loss, and every
request that was accepted before the copy began is in the log or in the inbox of the copy. A request
may be in both; the sweeper removes such rows. Markers are not copied: they follow from the rest. A
log that is not whole is not copied: restored, it would be a whole and shorter one.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from store.ports.deadletters import DeadLetters
from store.ports.records import INBOX_ROWS_MAX, LOG_ENTRIES_MAX, NO_HEAD, Answered, Head, Missing
from tools.backup.files import (
    INDEX,
    PART_BYTES,
    Index,
    Part,
    check_part,
    make_folder,
    parts_of,
)
from tools.backup.letters import encode_letter
from tools.command import Refused
from tools.stored.port import Damaged, Reader
from tools.stored.request_rows import RequestRows
from tools.terminal import Progress

COUNTED: Final = ("letters", "keys", "entries", "waiting")

T = TypeVar("T")


async def copy(
    reader: Reader, letters: DeadLetters, folder: Path, now: Callable[[], datetime]
) -> Counter[str]:
    """Copy everything into `folder`, which is made; go on where an earlier call was ended.

    Returns what was copied by this call, by the names of `COUNTED`. Raises Refused when the
    folder holds a finished copy or one of another store, or when the store is damaged, and
    StoreError when it cannot be read: what was copied stays, and another call goes on.
    """
    index = _begin(folder, reader.name, now())
    copier = _Copier(reader, letters, folder, Counter(), RequestRows(), Progress("entries copied"))
    try:
        await copier.run()
    finally:
        copier.progress.end()
        copier.requests.close()
    parts = tuple(check_part(path).sha256 for path in parts_of(folder))
    Index(index.store, index.started_at, now(), parts).write(folder)
    return copier.copied


def _begin(folder: Path, store: str, now: datetime) -> Index:
    make_folder(folder)  # it holds what people wrote
    index = Index.read(folder)
    if index is None:
        if parts_of(folder):
            raise Refused(f"{folder} holds parts of a copy and no {INDEX}")
        index = Index(store, now)
        index.write(folder)
    if index.finished_at is not None:
        raise Refused(f"{folder} holds a finished copy")
    if index.store != store:
        raise Refused(f"{folder} holds a part of a copy of {index.store}, not of {store}")
    return index


@dataclass(frozen=True, slots=True)
class _Copier:
    reader: Reader
    letters: DeadLetters
    folder: Path
    copied: Counter[str]
    requests: RequestRows
    progress: Progress

    async def run(self) -> None:
        parts = parts_of(self.folder)
        if not parts:
            await self._part(0, self._all_letters())
            parts = parts_of(self.folder)
        await self._keys(len(parts), check_part(parts[-1]).after)

    async def _part(self, number: int, lines: AsyncIterator[Sequence[Any]]) -> None:
        part = Part(self.folder, number)
        try:
            async for line in lines:
                part.add(*line)
            part.end("")
        finally:
            part.close()

    async def _keys(self, number: int, after: str) -> None:
        part = Part(self.folder, number)
        try:
            async for key in self.reader.keys(after):
                if part.bytes >= PART_BYTES:
                    part.end(after)
                    number += 1
                    part = Part(self.folder, number)
                async for line in self._key(key):
                    part.add(*line)
                after = key
            part.end(after)
        finally:
            part.close()

    async def _all_letters(self) -> AsyncIterator[Sequence[Any]]:
        with suppress(Missing):  # a table that is made by the first one
            async for page in self.letters.pages():
                for summary in page:
                    letter = await self.letters.get(summary.name)
                    if letter is not None:
                        self.copied["letters"] += 1
                        yield "letter", encode_letter(letter)

    async def _key(self, key: str) -> AsyncIterator[Sequence[Any]]:
        yield "key", key
        cursor = _sound(key, await self.reader.cursor(key))
        async for line in self._inbox(key):
            yield line
        head = _sound(key, await self.reader.head(key)) or NO_HEAD
        self.progress.expect(head.place)
        async for line in self._entries(key, head.place):
            yield line
        self.copied["keys"] += 1
        # One that a fail-over left ahead of its log: the publisher takes it back, and so do we.
        published = None if cursor is None else min(cursor, head.place)
        yield "done", {"place": head.place, "state": head.state, "cursor": published}

    async def _inbox(self, key: str) -> AsyncIterator[Sequence[Any]]:
        async for page in self.reader.inbox(key):
            for first in range(0, len(page), INBOX_ROWS_MAX):
                found = [_sound(key, each) for each in page[first : first + INBOX_ROWS_MAX]]
                self.copied["waiting"] += len(found)
                yield "inbox", [[row.request.id, row.request.payload] for row in found]

    async def _entries(self, key: str, end: int) -> AsyncIterator[Sequence[Any]]:
        """Copy exactly 1 to the head; stop where a log is not what it was promised to be."""
        chunk: list[list[Any]] = []
        async for answered in self._up_to(key, end):
            chunk.append(_row(answered))
            if len(chunk) == LOG_ENTRIES_MAX:
                yield "entries", chunk
                self.progress.add(len(chunk), key)
                chunk = []
        if chunk:
            yield "entries", chunk
        self.copied["entries"] += end

    async def _up_to(self, key: str, end: int) -> AsyncIterator[Answered]:
        """Go through the entries up to the head, which was read before."""
        highest = await self._requests_up_to(key, end)
        last = 0
        async for entries in self.reader.entries(key):
            for entry in (_sound(key, row) for row in entries):
                highest = max(highest, entry.place)
                if entry.place > end:
                    continue
                answered = self.requests.take(entry.place)
                if entry.place != last + 1 or answered is None or answered.entry != entry:
                    raise _damaged(key, f"entry {entry.place} does not follow, or has no request")
                last = entry.place
                yield answered
        if last != end or any(True for _ in self.requests.left()):
            raise _damaged(key, f"its entries end with {last}, its head says {end}")
        await self._check_head(key, end, highest)

    async def _requests_up_to(self, key: str, end: int) -> int:
        """Keep the request rows up to the head; return the highest place of all."""
        self.requests.clear()
        highest = 0
        async for requests in self.reader.answered(key):
            for each in (_sound(key, row) for row in requests):
                highest = max(highest, each.entry.place)
                if each.entry.place <= end and not self.requests.add(each):
                    raise _damaged(key, f"two requests have place {each.entry.place}")
        return highest

    async def _check_head(self, key: str, end: int, highest: int) -> None:
        """What was above the head came meanwhile, in a transaction that has moved the head."""
        if highest > end:
            head: Head = _sound(key, await self.reader.head(key)) or NO_HEAD
            if highest > head.place:
                raise _damaged(key, f"place {highest} is above the head")


def _sound(key: str, row: T | Damaged) -> T:
    if isinstance(row, Damaged):
        raise _damaged(key, f"{row.row} {row.reason}")
    return row


def _damaged(key: str, what: str) -> Refused:
    return Refused(f"{key}: {what}: audit the store")


def _row(answered: Answered) -> list[Any]:
    entry = answered.entry
    return [
        *(entry.place, entry.request_id, answered.payload),
        *(entry.output, entry.refused, entry.version),
    ]
