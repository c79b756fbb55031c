"""The simulated store, telling a record what happens to it and for whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from store.port import Entry, Head
from tests.simulation.conformance.record import (
    ACTOR,
    Appended,
    Call,
    Chunk,
    Found,
    HeadRead,
    InboxRows,
    LogRows,
    Looked,
    Record,
    Removed,
    Sent,
    Shown,
    Stored,
    actor_of,
    is_of,
)
from tests.simulation.store import Rows, Tables
from todos import Todo, TodoRequest, last_id


class ObservedTables(Tables):
    """Where effects take place. Mixed into the tables of a variant."""

    record: ClassVar[Record]

    def rows(self, project_id: int) -> Rows:
        rows = super().rows(int(project_id))
        chunk = actor_of(project_id)
        if isinstance(chunk, Chunk) and is_of(project_id, "head"):
            self.record.note(project_id, HeadRead(chunk, last_id(rows.head.state)))
        return rows

    def put(self, project_id: int, requests: Sequence[TodoRequest], at: datetime) -> None:
        super().put(int(project_id), requests, at)
        event = Stored(actor_of(project_id), tuple(requests), self._inbox(project_id))
        self.record.note(project_id, event)

    def get(self, project_id: int, request_ids: Sequence[str]) -> dict[str, TodoRequest]:
        rows = super().get(int(project_id), request_ids)
        if isinstance(project_id, Call):
            event = Shown(project_id.actor, tuple(request_ids), dict(rows))
            self.record.note(project_id, event)
        return rows

    def remove(self, project_id: int, request_ids: Sequence[str]) -> None:
        super().remove(int(project_id), request_ids)
        event = Removed(actor_of(project_id), tuple(request_ids), self._inbox(project_id))
        self.record.note(project_id, event)

    def append(self, project_id: int, head: Head, state: int, entries: Sequence[Entry]) -> None:
        super().append(int(project_id), head, state, entries)
        actor = actor_of(project_id)
        if isinstance(actor, Chunk):
            actor.is_late = actor.has_looked
        self.record.note(project_id, Appended(actor, self._log(project_id)))

    def find(self, project_id: int, request_ids: Sequence[str]) -> dict[str, Todo]:
        found = super().find(int(project_id), request_ids)
        if isinstance(project_id, Call):
            event = Looked(project_id.actor, tuple(request_ids), frozenset(found))
            self.record.note(project_id, event)
        return found

    def _inbox(self, project_id: int) -> InboxRows:
        rows = super().rows(int(project_id)).inbox
        return frozenset((request_id, request.title) for request_id, (_, request) in rows.items())

    def _log(self, project_id: int) -> LogRows:
        """By the rows of TODOs; whose they are, by the request rows."""
        rows = super().rows(int(project_id))
        names = {todo.id: request_id for request_id, todo in rows.requests.items()}
        return tuple((names.get(each, ""), rows.todos[each].title) for each in sorted(rows.todos))


class ObservedStore:
    """`store.port.Store` as one part of the app sees it."""

    def __init__(self, store: Any, record: Record) -> None:
        self._store = store
        self.inbox = ObservedInbox(store.inbox)
        self.log = ObservedLog(store.log, record)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class ObservedInbox:
    """Has calls carry the name of who makes them."""

    def __init__(self, inbox: Any) -> None:
        self._inbox = inbox

    async def put(
        self, project_id: int, requests: Sequence[TodoRequest], accepted_at: datetime
    ) -> None:
        await self._inbox.put(Call.of(project_id, "put"), requests, accepted_at)

    async def get(self, project_id: int, request_ids: Sequence[str]) -> Mapping[str, TodoRequest]:
        rows: Mapping[str, TodoRequest] = await self._inbox.get(
            Call.of(project_id, "get"), request_ids
        )
        return rows

    async def remove(self, project_id: int, request_ids: Sequence[str]) -> None:
        await self._inbox.remove(Call.of(project_id, "remove"), request_ids)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inbox, name)


class ObservedLog:
    """The same, and it hears which answers arrive."""

    def __init__(self, log: Any, record: Record) -> None:
        self._log = log
        self._record = record

    async def head(self, project_id: int) -> Head:
        head: Head = await self._log.head(Call.of(project_id, "head"))
        return head

    async def append(
        self, project_id: int, head: Head, state: int, entries: Sequence[Entry]
    ) -> None:
        chunk = ACTOR.get()
        if isinstance(chunk, Chunk):
            chunk.has_sent = True
            self._record.note(project_id, Sent(chunk))
        await self._log.append(Call.of(project_id, "append"), head, state, entries)
        if isinstance(chunk, Chunk):
            chunk.is_confirmed = True

    async def find(self, project_id: int, request_ids: Sequence[str]) -> Mapping[str, Todo]:
        found: Mapping[str, Todo] = await self._log.find(Call.of(project_id, "find"), request_ids)
        chunk = ACTOR.get()
        if isinstance(chunk, Chunk):
            chunk.has_looked = chunk.has_sent
            self._record.note(project_id, Found(chunk, frozenset(found)))
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)
