"""Copies a store into files while the app is at work, so that what is restored keeps its promises.

A copy is of no single moment: each table and each project is read when its turn comes. What is read
when decides what it is worth:

    1. the dead letters   a letter that is gone by now was replayed: its request is in what follows
    of each project:
    2. the cursor         moves behind the head only, so it is at most what the head says later
    3. the inbox          what has left it by now is in the log, and so below the head
    4. the head
    5. TODOs 1 to head    they are there by now, and never change; what is above is left out

So the log is a dense beginning of the real one, as after a fail-over with data loss, and every
request that was accepted before the copy began is in the log or in the inbox of the copy. A request
may be in both; the sweeper removes such rows. Request rows and markers are not copied: they follow
from the rest. A log that is not whole is not copied: restored, it would be a whole and shorter one.
"""

import base64
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from store.audit_port import AuditReader, Damaged, InboxRow, Kind, LogRow
from store.deadletters_port import DeadLetter, DeadLetters
from store.port import INBOX_ROWS_MAX, LOG_ENTRIES_MAX
from todos import EMPTY, last_id
from todos.wire import PROJECT_ID_MAX, parse_integer
from tools.auditing import Reading
from tools.copy_files import INDEX, PART_BYTES, Index, Part, Refused, check_part, parts_of

COUNTED: Final = ("letters", "projects", "todos", "waiting")

T = TypeVar("T")


async def copy(
    reader: AuditReader, letters: DeadLetters, folder: Path, now: Callable[[], datetime]
) -> Counter[str]:
    """Copy everything into `folder`, which is made; go on where an earlier call was ended.

    Returns what was copied by this call, by the names of `COUNTED`. Raises Refused when the
    folder holds a finished copy or one of another store, or when the store is damaged, and
    StoreError when it cannot be read: what was copied stays, and another call goes on.
    """
    index = _begin(folder, reader.name, now())
    copied = await _Copier(reader, letters, folder).run()
    parts = tuple(check_part(path).sha256 for path in parts_of(folder))
    Index(index.store, index.started_at, now(), parts).write(folder)
    return copied


def _begin(folder: Path, store: str, now: datetime) -> Index:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds what people wrote
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


class _Copier:
    def __init__(self, reader: AuditReader, letters: DeadLetters, folder: Path) -> None:
        self._reader = reader
        self._letters = letters
        self._folder = folder
        self._copied: Counter[str] = Counter()

    async def run(self) -> Counter[str]:
        parts = parts_of(self._folder)
        if not parts:
            await self._part(0, self._all_letters())
            parts = parts_of(self._folder)
        after = check_part(parts[-1]).after
        await self._projects(len(parts), after)
        return self._copied

    async def _part(self, number: int, lines: AsyncIterator[Sequence[Any]]) -> None:
        part = Part(self._folder, number)
        try:
            async for line in lines:
                part.add(*line)
            part.end("")
        finally:
            part.close()

    async def _projects(self, number: int, after: str) -> None:
        part = Part(self._folder, number)
        try:
            async for partition in self._reader.partitions(after):
                if part.bytes >= PART_BYTES:
                    part.end(after)
                    number += 1
                    part = Part(self._folder, number)
                async for line in self._project(partition):
                    part.add(*line)
                after = partition
            part.end(after)
        finally:
            part.close()

    async def _all_letters(self) -> AsyncIterator[Sequence[Any]]:
        async for page in self._letters.pages():
            for summary in page:
                letter = await self._letters.get(summary.key)
                if letter is not None:
                    self._copied["letters"] += 1
                    yield "letter", encode_letter(letter)

    async def _project(self, partition: str) -> AsyncIterator[Sequence[Any]]:
        try:
            project_id = parse_integer(partition, 1, PROJECT_ID_MAX)
        except ValueError as error:
            raise Refused(f"partition {partition!r} {error}: audit the store") from error
        yield "project", project_id
        cursor = _sound(project_id, await self._reader.cursor(project_id))
        async for line in self._inbox(project_id):
            yield line
        state = _sound(project_id, await self._reader.head(project_id))
        async for line in self._todos(project_id, _last(state)):
            yield line
        self._copied["projects"] += 1
        # One that a fail-over left ahead of its log: the publisher takes it back, and so do we.
        published = None if cursor is None else min(cursor, _last(state))
        yield "done", {"state": state, "cursor": published}

    async def _inbox(self, project_id: int) -> AsyncIterator[Sequence[Any]]:
        async for page in self._reader.inbox(project_id):
            for first in range(0, len(page), INBOX_ROWS_MAX):
                rows = [_sound(project_id, each) for each in page[first : first + INBOX_ROWS_MAX]]
                self._copied["waiting"] += len(rows)
                yield "inbox", [_waiting(row) for row in rows]

    async def _todos(self, project_id: int, end: int) -> AsyncIterator[Sequence[Any]]:
        """Copy exactly 1 to the head; stop where a log is not what it was promised to be."""
        last = 0
        chunk: list[list[Any]] = []
        async for row in self._up_to(project_id, end):
            if row.id != last + 1:
                break
            last = row.id
            chunk.append(_todo(row))
            if len(chunk) == LOG_ENTRIES_MAX:
                yield "todos", chunk
                chunk = []
        if last != end:
            raise _damaged(project_id, f"no TODO {last + 1}")
        if chunk:
            yield "todos", chunk
        self._copied["todos"] += last

    async def _up_to(self, project_id: int, end: int) -> AsyncIterator[LogRow]:
        """Go through the TODO rows up to the head, which was read before."""
        reading = Reading(end)
        async for page in self._reader.log(project_id):
            for row in (_sound(project_id, each) for each in page):
                reading.add(row)
                if row.kind is Kind.TODO and row.id <= end:
                    yield row
        if not reading.agrees:
            raise _damaged(project_id, "its TODO rows and request rows differ")
        highest = max((each.id for each in reading.highest.values()), default=end)
        if highest > end:
            await self._check_head(project_id, highest)

    async def _check_head(self, project_id: int, highest: int) -> None:
        """What was above the head came meanwhile, in a transaction that has moved the head."""
        if highest > _last(_sound(project_id, await self._reader.head(project_id))):
            raise _damaged(project_id, f"id {highest} is above the head")


def _sound(project_id: int, row: T | Damaged) -> T:
    if isinstance(row, Damaged):
        raise _damaged(project_id, f"{row.key} {row.reason}")
    return row


def _damaged(project_id: int, what: str) -> Refused:
    return Refused(f"project {project_id}: {what}: audit the store")


def _last(state: int | None) -> int:
    return last_id(EMPTY if state is None else state)


def encode_letter(letter: DeadLetter) -> dict[str, Any]:
    """Put a dead letter into JSON."""
    summary = letter.summary
    return {
        "key": str(summary.key),
        "code": summary.code,
        "reason": summary.reason,
        "requestId": summary.request_id,
        "enqueuedAt": summary.enqueued_at.isoformat() if summary.enqueued_at else None,
        "storedAt": summary.stored_at.isoformat(),
        "bodyBytes": summary.body_bytes,
        "messageId": letter.message_id,
        "properties": dict(letter.properties),
        "body": base64.b64encode(letter.body).decode(),
    }


def _waiting(row: InboxRow) -> list[Any]:
    return [row.request_id, json.loads(row.content)]


def _todo(row: LogRow) -> list[Any]:
    assert row.content is not None  # a store that keeps content once keeps it in the TODO row
    return [row.id, row.request_id, json.loads(row.content)]
