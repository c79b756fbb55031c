"""A log whose appends are published: the marker before the append, a run of the publisher after it.

The head was read, and perhaps cached, before the marker is set; `store.ports.publications` says
why that order is enough.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from typing_extensions import override

from store.ports.deadletters import DeadLetters
from store.ports.inbox import Inbox
from store.ports.log import Log, Tail
from store.ports.publications import Publications
from store.ports.records import Answered, Entry, Head
from store.ports.store import Store


class MarkingLog(Log):
    """Another log, with markers."""

    def __init__(
        self,
        log: Log,
        publications: Publications,
        now: Callable[[], datetime],
        appended: Callable[[str], None],
    ) -> None:
        """Append to `log`; `now` is aware; `appended` hears the key of every append."""
        self._log = log
        self._publications = publications
        self._now = now
        self._appended = appended

    @override
    async def append(self, key: str, head: Head, after: Head, answered: Sequence[Answered]) -> Head:
        await self._publications.mark(key, self._now())
        appended = await self._log.append(key, head, after, answered)
        self._appended(key)
        return appended

    @override
    async def head(self, key: str) -> Head:
        return await self._log.head(key)

    @override
    async def tail(self, key: str, after: int) -> Tail:
        return await self._log.tail(key, after)

    @override
    async def find(self, key: str, request_ids: Sequence[str]) -> dict[str, Answered]:
        return await self._log.find(key, request_ids)

    @override
    async def get(self, key: str, place: int) -> Entry | None:
        return await self._log.get(key, place)

    @override
    async def read(self, key: str, after: int, limit: int) -> list[Entry]:
        return await self._log.read(key, after, limit)

    @override
    async def fence(self, key: str, head: Head) -> Head:
        return await self._log.fence(key, head)


class MarkingStore(Store):
    """Another store, with a MarkingLog."""

    def __init__(self, store: Store, log: MarkingLog) -> None:
        """Keep everything in `store`; `log` appends to its log."""
        self._store = store
        self._log = log

    @property
    @override
    def log(self) -> Log:
        return self._log

    @property
    @override
    def inbox(self) -> Inbox:
        return self._store.inbox

    @property
    @override
    def deadletters(self) -> DeadLetters:
        return self._store.deadletters

    @property
    @override
    def publications(self) -> Publications:
        return self._store.publications

    @override
    async def note_sweep(self, at: datetime) -> None:
        await self._store.note_sweep(at)

    @override
    async def last_sweep(self) -> datetime | None:
        return await self._store.last_sweep()

    @override
    async def check(self) -> Mapping[str, str]:
        return await self._store.check()

    @override
    async def close(self) -> None:
        await self._store.close()
