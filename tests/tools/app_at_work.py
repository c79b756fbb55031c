"""A store that is read while its app is at work, which happens between any two readings."""

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from store.app_port import AppStore
from store.audit_port import AuditReader, Damaged, InboxRow, LogRow
from tests.store.examples import NOON, append, some_requests
from todos import TodoRequest


@dataclass
class Busy:
    """A reader whose app goes on with its work before and after each page and each call."""

    reader: AuditReader
    store: AppStore
    idle: int = 0
    """Readings before it begins to work."""
    left: int = 0
    """Pieces of work: by turns, what waits is finished, and new requests are accepted."""
    accepted: list[TodoRequest] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def name(self) -> str:
        return self.reader.name

    async def accept(self, project_id: int) -> None:
        requests = some_requests(project_id, [f"new-{next(self.numbers)}" for _ in range(3)])
        await self.store.inbox.put(project_id, requests, NOON)
        self.accepted += requests

    async def finish(self, project_id: int) -> None:
        """Append what waits, clear up behind it, publish it, as the app does."""
        waiting = [
            each
            async for group in self.store.inbox.waiting(NOON.replace(year=2999), 40)
            for each in group
            if each.project_id == project_id
        ]
        if waiting:
            await append(self.store.log, project_id, waiting)
            await self.store.inbox.remove(project_id, [each.request_id for each in waiting])
        head = await self.store.log.head(project_id)
        cursor = await self.store.publications.cursor(project_id)
        await self.store.publications.move(project_id, cursor, head.state)

    async def work(self) -> None:
        if self.idle:
            self.idle -= 1
            return
        if not self.left:
            return
        self.left -= 1
        for project_id in (7, 8, 9):
            await (self.finish if self.left % 2 else self.accept)(project_id)

    async def partitions(self, after: str = "") -> AsyncIterator[str]:
        await self.work()
        async for each in self.reader.partitions(after):
            yield each
            await self.work()

    async def head(self, project_id: int) -> int | Damaged | None:
        await self.work()
        head = await self.reader.head(project_id)
        await self.work()
        return head

    async def cursor(self, project_id: int) -> int | Damaged | None:
        await self.work()
        cursor = await self.reader.cursor(project_id)
        await self.work()
        return cursor

    async def log(self, project_id: int) -> AsyncIterator[Sequence[LogRow | Damaged]]:
        async for page in self.reader.log(project_id):
            await self.work()
            yield page

    async def inbox(self, project_id: int) -> AsyncIterator[Sequence[InboxRow | Damaged]]:
        async for page in self.reader.inbox(project_id):
            await self.work()
            yield page

    async def answers(self, *_: object) -> dict[str, LogRow]:
        raise AssertionError("a copy looks at no single rows")

    async def todos(self, *_: object) -> dict[int, LogRow]:
        raise AssertionError("a copy looks at no single rows")

    async def close(self) -> None:
        await self.reader.close()
