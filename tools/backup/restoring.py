"""Puts a copy back into an empty store.

The rows of the logs first, then the inboxes, and the heads last of all: until everything else is
there, nothing can be appended to a log, and an audit sees that it has no head. Every write can be
repeated, so a restore that was ended goes on with `resume`; it finds its own rows, and refuses any
other in their place. Whatever fails is looked at and tried again, as the app does it: a write that
has no answer may have happened.
"""

import asyncio
import base64
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from store.app_port import AppStore
from store.audit_port import AuditReader
from store.deadletters_port import DeadLetter, Key, Summary
from store.port import Entry, StoreError
from store.restore_port import LogWriter
from todos import Todo, TodoRequest
from tools.copy_files import Refused, check_copy, lines_of

WRITES_AT_ONCE_MAX: Final = 16
"""Of one project: a partition takes 2,000 rows a second, and each of these writes 98."""

ATTEMPTS_MAX: Final = 5

PAUSE_SECONDS: Final = 0.2
"""After the first attempt that failed; then twice that, and so on."""


async def check_empty(store: AppStore, reader: AuditReader) -> None:
    """Raise Refused when the store holds anything."""
    async for partition in reader.partitions():
        raise Refused(f"{reader.name} is not empty: it has project {partition}")
    async for page in store.deadletters.pages():
        for summary in page:
            raise Refused(f"{reader.name} is not empty: it has dead letter {summary.key}")


async def restore(folder: Path, store: AppStore, writer: LogWriter, now: datetime) -> Counter[str]:
    """Write everything that is in `folder`; return what it was, by the names of `COUNTED`.

    The store is empty, or holds what an earlier call has written. Raises Refused, before anything
    is written, when the copy is not whole; Refused when other rows are in the way; StoreError.
    """
    index = check_copy(folder)
    restorer = _Restorer(store, writer, now)
    await restorer.logs(folder)
    await restorer.inboxes(folder, index.started_at)
    await restorer.ends()
    return restorer.restored


class _Restorer:
    def __init__(self, store: AppStore, writer: LogWriter, now: datetime) -> None:
        self._store = store
        self._writer = writer
        self._now = now
        self._ends: list[tuple[int, Mapping[str, Any]]] = []
        self.restored: Counter[str] = Counter()

    async def logs(self, folder: Path) -> None:
        """The dead letters, and the logs without their heads."""
        project_id = 0
        chunks: list[Awaitable[None]] = []
        for kind, content in lines_of(folder):
            if kind == "letter":
                await self._letter(decode_letter(content))
            elif kind == "project":
                project_id = content
            elif kind == "todos":
                chunks.append(self._todos(project_id, content))
                if len(chunks) == WRITES_AT_ONCE_MAX:
                    await _together(chunks)
            elif kind == "done":
                await _together(chunks)
                self._ends.append((project_id, content))

    async def inboxes(self, folder: Path, accepted_at: datetime) -> None:
        """The rows get the time at which the copy was begun: they have waited at least since."""
        project_id = 0
        for kind, content in lines_of(folder):
            if kind == "project":
                project_id = content
            elif kind == "inbox":
                requests = [TodoRequest.of(project_id, id_, payload) for id_, payload in content]
                await self._waiting(project_id, requests, accepted_at)

    async def ends(self) -> None:
        """The cursors, and the heads."""
        published = any(end["cursor"] for _, end in self._ends)
        for project_id, end in self._ends:
            await self._end(project_id, end, published=published)

    async def _letter(self, letter: DeadLetter) -> None:
        async def there() -> bool:
            return await self._store.deadletters.get(letter.summary.key) == letter

        await _insist(lambda: self._store.deadletters.put(letter), there)
        self.restored["letters"] += 1

    async def _todos(self, project_id: int, rows: Sequence[Sequence[Any]]) -> None:
        entries = [Entry(name, Todo.of(project_id, id_, payload)) for id_, name, payload in rows]

        async def there() -> bool:
            names = [each.request_id for each in entries]
            found = await self._store.log.find(project_id, names)
            if not found:
                first = await self._store.log.get(project_id, entries[0].todo.id)
                if first is None:
                    return False
            if found != {each.request_id: each.todo for each in entries}:
                raise Refused(f"project {project_id} holds other TODOs than the copy")
            return True

        await _insist(lambda: self._writer.insert(project_id, entries), there)
        self.restored["todos"] += len(entries)

    async def _end(self, project_id: int, end: Mapping[str, Any], *, published: bool) -> None:
        state, cursor = end["state"], end["cursor"]
        if cursor is not None:
            await self._cursor(project_id, cursor)
        if published and state is not None:
            # What the copy does not know to be published is: a repeat is the same event.
            await _insist(lambda: self._store.publications.mark(project_id, self._now), _never)
        if state is not None:
            await self._head(project_id, state)
        self.restored["projects"] += 1

    async def _head(self, project_id: int, state: int) -> None:
        async def there() -> bool:
            head = await self._store.log.head(project_id)
            if head.version is not None and head.state != state:
                raise Refused(f"the head of project {project_id} is {head.state}, not {state}")
            return head.version is not None

        await _insist(lambda: self._writer.finish(project_id, state), there)

    async def _cursor(self, project_id: int, last: int) -> None:
        async def there() -> bool:
            return (await self._store.publications.cursor(project_id)).last == last

        async def move() -> None:
            cursor = await self._store.publications.cursor(project_id)
            await self._store.publications.move(project_id, cursor, last)

        await _insist(move, there)

    async def _waiting(
        self, project_id: int, requests: Sequence[TodoRequest], accepted_at: datetime
    ) -> None:
        missing = list(requests)

        async def there() -> bool:
            found = await self._store.inbox.get(project_id, [e.request_id for e in requests])
            if any(found.get(each.request_id, each) != each for each in requests):
                raise Refused(f"the inbox of project {project_id} holds other requests")
            missing[:] = [each for each in requests if each.request_id not in found]
            return not missing

        await _insist(lambda: self._store.inbox.put(project_id, missing, accepted_at), there)
        self.restored["waiting"] += len(requests)


async def _insist(
    write: Callable[[], Awaitable[None]], there: Callable[[], Awaitable[bool]]
) -> None:
    """Write until it is there. Raises StoreError after `ATTEMPTS_MAX` failures."""
    for attempt in range(ATTEMPTS_MAX):
        try:
            return await write()
        except StoreError:
            if await there():
                return None
            if attempt == ATTEMPTS_MAX - 1:
                raise
        await asyncio.sleep(PAUSE_SECONDS * 2**attempt)
    raise AssertionError


async def _never() -> bool:
    return False


async def _together(calls: list[Awaitable[None]]) -> None:
    await asyncio.gather(*calls)
    calls.clear()


def decode_letter(content: Mapping[str, Any]) -> DeadLetter:
    """Take back what `tools.copying.encode_letter` made."""
    enqueued = content["enqueuedAt"]
    summary = Summary(
        key=Key.parse(content["key"]),
        code=content["code"],
        reason=content["reason"],
        request_id=content["requestId"],
        enqueued_at=datetime.fromisoformat(enqueued) if enqueued else None,
        stored_at=datetime.fromisoformat(content["storedAt"]),
        body_bytes=content["bodyBytes"],
    )
    body = base64.b64decode(content["body"])
    return DeadLetter(summary, content["messageId"], content["properties"], body)
