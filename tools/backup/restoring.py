"""Puts a copy back into an empty store.

The rows of the logs first, then the inboxes, and the heads last of all: until everything else is
there, nothing can be appended to a log, and an audit sees that it has no head. Every write can be
repeated, so a restore that was ended goes on with `resume`; it finds its own rows, and refuses any
other in their place. Whatever fails is looked at and tried again, as the app does it: a write that
has no answer may have happened.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from store.ports.deadletters import DeadLetter
from store.ports.records import Answered, Request, StoreError
from store.ports.store import Store
from tools.backup.checking import End, end_of, entries_of, inbox_of
from tools.backup.files import lines_of
from tools.backup.letters import decode_letter
from tools.command import Refused
from tools.stored.port import Reader, Writer
from tools.terminal import Progress

WRITES_AT_ONCE_MAX: Final = 16
"""A partition takes 2,000 rows a second, and each of these writes 98; a file shares commits."""

ATTEMPTS_MAX: Final = 5

PAUSE_SECONDS: Final = 0.2
"""After the first attempt that failed; then twice that, and so on."""


async def check_empty(store: Store, reader: Reader) -> None:
    """Raise Refused when the store holds anything."""
    async for key in reader.keys():
        raise Refused(f"{reader.name} is not empty: it has {key}")
    async for page in store.deadletters.pages():
        for summary in page:
            raise Refused(f"{reader.name} is not empty: it has dead letter {summary.name}")


async def restore(
    folder: Path, store: Store, writer: Writer, accepted_at: datetime, now: datetime
) -> Counter[str]:
    """Write everything that is in `folder`, which was checked; return what it was.

    The store is empty, or holds what an earlier call has written. Requests that wait are said to
    wait since `accepted_at`. Raises Refused when other rows are in the way, and StoreError.
    """
    restorer = _Restorer(store, writer, accepted_at, now)
    for kind, content in lines_of(folder):
        restorer.published |= kind == "done" and bool(content["cursor"])
        if kind == "entries":
            restorer.progress.expect(len(content))
    try:
        await _side_by_side(restorer.rows(folder))
        await _side_by_side(restorer.ends(folder))
    finally:
        restorer.progress.end()
    return restorer.restored


@dataclass(slots=True)
class _Restorer:
    store: Store
    writer: Writer
    accepted_at: datetime
    now: datetime
    published: bool = False
    restored: Counter[str] = field(default_factory=Counter)
    progress: Progress = field(default_factory=lambda: Progress("entries restored"))

    def rows(self, folder: Path) -> Iterable[Coroutine[Any, Any, None]]:
        """The dead letters, the inboxes, and the logs without their heads."""
        key = ""
        for kind, content in lines_of(folder):
            if kind == "letter":
                yield self._letter(decode_letter(content))
            elif kind == "key":
                key = content
            elif kind == "entries":
                yield self._entries(key, entries_of(content))
            elif kind == "inbox":
                yield self._waiting(inbox_of(key, content))

    def ends(self, folder: Path) -> Iterable[Coroutine[Any, Any, None]]:
        """The cursors, and the heads."""
        key = ""
        for kind, content in lines_of(folder):
            if kind == "key":
                key = content
            elif kind == "done":
                yield self._end(key, end_of(content))

    async def _letter(self, letter: DeadLetter) -> None:
        async def there() -> bool:
            return await self.store.deadletters.get(letter.summary.name) == letter

        await _insist(lambda: self.store.deadletters.put(letter), there)
        self.restored["letters"] += 1

    async def _entries(self, key: str, answered: Sequence[Answered]) -> None:
        async def there() -> bool:
            found = await self.store.log.find(key, [each.entry.request_id for each in answered])
            if not found and await self.store.log.get(key, answered[0].entry.place) is None:
                return False
            if found != {each.entry.request_id: each for each in answered}:
                raise Refused(f"{key} holds other entries than the copy")
            return True

        await _insist(lambda: self.writer.insert(key, answered), there)
        self.restored["entries"] += len(answered)
        self.progress.add(len(answered), key)

    async def _waiting(self, requests: Sequence[Request]) -> None:
        key = requests[0].key
        missing = list(requests)

        async def there() -> bool:
            found = await self.store.inbox.get(key, [each.id for each in requests])
            if any(found.get(each.id, each) != each for each in requests):
                raise Refused(f"the inbox of {key} holds other requests")
            missing[:] = [each for each in requests if each.id not in found]
            return not missing

        await _insist(lambda: self.store.inbox.put(missing, self.accepted_at), there)
        self.restored["waiting"] += len(requests)

    async def _end(self, key: str, end: End) -> None:
        if end.cursor is not None:
            await self._cursor(key, end.cursor)
        if self.published and end.head.place:
            # What the copy does not know to be published is: a repeat is the same event.
            await _insist(lambda: self.store.publications.mark(key, self.now), _never)
        if end.head.place:
            await self._head(key, end)
        self.restored["keys"] += 1

    async def _head(self, key: str, end: End) -> None:
        async def there() -> bool:
            head = await self.store.log.head(key)
            if head.version is not None and (head.place, head.state) != (
                end.head.place,
                end.head.state,
            ):
                raise Refused(f"the head of {key} is {head.place}, not {end.head.place}")
            return head.version is not None

        await _insist(lambda: self.writer.finish(key, end.head), there)

    async def _cursor(self, key: str, place: int) -> None:
        async def there() -> bool:
            return (await self.store.publications.cursor(key)).place == place

        async def move() -> None:
            cursor = await self.store.publications.cursor(key)
            # Without a trail the publisher takes the log for one that it has not seen yet.
            await self.store.publications.move(key, cursor, place, "")

        await _insist(move, there)


async def _insist(
    write: Callable[[], Awaitable[object]], there: Callable[[], Awaitable[bool]]
) -> None:
    """Write until it is there. Raises StoreError after `ATTEMPTS_MAX` failures."""
    for attempt in range(ATTEMPTS_MAX):
        try:
            await write()
        except StoreError:
            if await there():
                return
            if attempt == ATTEMPTS_MAX - 1:
                raise
        else:
            return
        await asyncio.sleep(PAUSE_SECONDS * 2**attempt)


async def _never() -> bool:
    return False


async def _side_by_side(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Make all calls, a bounded number at once, of whatever keys; the first failure ends all."""
    pending: set[asyncio.Task[None]] = set()
    try:
        for call in calls:
            pending.add(asyncio.create_task(call))
            if len(pending) >= WRITES_AT_ONCE_MAX:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        for task in list(pending):
            await task
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
