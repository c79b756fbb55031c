"""The store of `store.port`, in memory, behind a network that fails on both sides of every call.

It is strict where Table Storage is: a transaction is all or nothing, and nothing else is. Rows
asked for together are read one part after the other; rows removed together go the same way.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import count
from random import Random

from store.port import INBOX_ROWS_MAX, LOG_ENTRIES_MAX, Conflict, Entry, Head, Inbox
from store.publications_port import Cursor, FollowedLog, Marker, Publications
from tests.simulation.network import Network
from tests.simulation.publications import SimulatedPublications
from todos import EMPTY, Todo, TodoRequest


@dataclass(slots=True)
class Rows:
    """What is stored of one project."""

    inbox: dict[str, tuple[datetime, TodoRequest]] = field(default_factory=dict)
    head: Head = field(default_factory=lambda: Head(EMPTY, None))
    todos: dict[int, Todo] = field(default_factory=dict)
    requests: dict[str, Todo] = field(default_factory=dict)
    marker: Marker | None = None
    cursor: Cursor = field(default_factory=lambda: Cursor(0, None))

    def copy(self) -> "Rows":
        return replace(
            self,
            inbox=dict(self.inbox),
            todos=dict(self.todos),
            requests=dict(self.requests),
        )


class Tables:
    """The rows of all projects, and what may be done to them at one instant."""

    def __init__(self, changed: Callable[[int], object] = lambda _project_id: None) -> None:
        """`changed` hears of every project whose rows have changed."""
        self.projects: dict[int, Rows] = {}
        self._changed = changed
        self._versions = count(1)

    def rows(self, project_id: int) -> Rows:
        return self.projects.setdefault(project_id, Rows())

    def put(self, project_id: int, requests: Sequence[TodoRequest], at: datetime) -> None:
        inbox = self.rows(project_id).inbox
        if any(each.request_id in inbox for each in requests):
            raise Conflict("inbox")
        inbox.update({each.request_id: (at, each) for each in requests})
        self._changed(project_id)

    def get(self, project_id: int, request_ids: Sequence[str]) -> dict[str, TodoRequest]:
        inbox = self.rows(project_id).inbox
        return {each: inbox[each][1] for each in request_ids if each in inbox}

    def remove(self, project_id: int, request_ids: Sequence[str]) -> None:
        for each in request_ids:
            self.rows(project_id).inbox.pop(each, None)
        self._changed(project_id)

    def oldest(self, project_id: int, before: datetime, at_most: int) -> list[TodoRequest]:
        waiting = sorted(self.rows(project_id).inbox.values(), key=lambda row: row[0])
        return [request for at, request in waiting if at < before][:at_most]

    def append(self, project_id: int, head: Head, state: int, entries: Sequence[Entry]) -> None:
        rows = self.rows(project_id)
        if self.head_moved(rows, head):
            raise Conflict("head")
        if any(self.is_taken(rows, each) for each in entries):
            raise Conflict("row")
        rows.head = Head(state, str(next(self._versions)))
        rows.todos.update({each.todo.id: each.todo for each in entries})
        rows.requests.update({each.request_id: each.todo for each in entries})
        self._changed(project_id)

    def head_moved(self, rows: Rows, head: Head) -> bool:
        return rows.head.version != head.version

    def is_taken(self, rows: Rows, entry: Entry) -> bool:
        return entry.todo.id in rows.todos or entry.request_id in rows.requests

    def fence(self, project_id: int, head: Head) -> None:
        rows = self.rows(project_id)
        if head.version is None or self.head_moved(rows, head):
            raise Conflict("head")
        rows.head = Head(head.state, str(next(self._versions)))
        self._changed(project_id)

    def entries(self, project_id: int, after: int, limit: int) -> list[Entry]:
        rows = self.rows(project_id)
        by_id = {todo.id: request_id for request_id, todo in rows.requests.items()}
        ids = [each for each in sorted(rows.todos) if each > after][:limit]
        return [Entry(by_id[each], rows.todos[each]) for each in ids]

    def mark(self, project_id: int, at: datetime) -> None:
        self.rows(project_id).marker = Marker(project_id, at, str(next(self._versions)))
        self._changed(project_id)

    def unmark(self, marker: Marker) -> None:
        rows = self.rows(marker.project_id)
        if rows.marker != marker:
            raise Conflict("marker")
        rows.marker = None
        self._changed(marker.project_id)

    def move(self, project_id: int, cursor: Cursor, last: int) -> None:
        rows = self.rows(project_id)
        if rows.cursor != cursor:
            raise Conflict("cursor")
        rows.cursor = Cursor(last, str(next(self._versions)))
        self._changed(project_id)

    def find(self, project_id: int, request_ids: Sequence[str]) -> dict[str, Todo]:
        requests = self.rows(project_id).requests
        return {each: requests[each] for each in request_ids if each in requests}


def _torn(keys: Sequence[str], chance: Random | None) -> list[Sequence[str]]:
    if chance is None or len(keys) < 2:
        return [keys]
    cut = chance.randrange(len(keys))
    return [part for part in (keys[:cut], keys[cut:]) if part]


class SimulatedInbox:
    """`store.port.Inbox`."""

    def __init__(self, tables: Tables, network: Network, tear: Random | None) -> None:
        self._tables, self._network, self._tear = tables, network, tear

    async def put(
        self, project_id: int, requests: Sequence[TodoRequest], accepted_at: datetime
    ) -> None:
        assert len({each.request_id for each in requests}) == len(requests) <= INBOX_ROWS_MAX
        assert all(each.project_id == project_id for each in requests)
        detail = f"{project_id} {[(each.request_id, each.title) for each in requests]}"
        rows = list(requests)
        await self._network.call(
            "inbox.put", detail, lambda: self._tables.put(project_id, rows, accepted_at)
        )

    async def get(self, project_id: int, request_ids: Sequence[str]) -> dict[str, TodoRequest]:
        found: dict[str, TodoRequest] = {}
        for part in _torn(list(request_ids), self._tear):
            found |= await self._network.call(
                "inbox.get",
                f"{project_id} {part}",
                partial(self._tables.get, project_id, part),
            )
        return found

    async def remove(self, project_id: int, request_ids: Sequence[str]) -> None:
        for part in _torn(list(request_ids), self._tear):
            await self._network.call(
                "inbox.remove",
                f"{project_id} {part}",
                partial(self._tables.remove, project_id, part),
            )

    async def count(self, project_id: int, at_most: int) -> int:
        return await self._network.call(
            "inbox.count",
            f"{project_id}",
            lambda: min(at_most, len(self._tables.rows(project_id).inbox)),
        )

    async def accepted_at(self, project_id: int, request_id: str) -> datetime | None:
        def effect() -> datetime | None:
            row = self._tables.rows(project_id).inbox.get(request_id)
            return row[0] if row else None

        detail = f"{project_id} {request_id}"
        return await self._network.call("inbox.accepted_at", detail, effect)

    async def waiting(
        self, accepted_before: datetime, per_project: int
    ) -> AsyncIterator[Sequence[TodoRequest]]:
        for project_id in sorted(self._tables.projects):
            requests = await self._network.call(
                "inbox.waiting",
                f"{project_id}",
                partial(self._tables.oldest, project_id, accepted_before, per_project),
            )
            if requests:
                yield requests


class SimulatedLog:
    """`store.publications_port.FollowedLog`."""

    def __init__(self, tables: Tables, network: Network, tear: Random | None) -> None:
        self._tables, self._network, self._tear = tables, network, tear

    async def head(self, project_id: int) -> Head:
        return await self._network.call(
            "log.head", f"{project_id}", lambda: self._tables.rows(project_id).head
        )

    async def append(
        self, project_id: int, head: Head, state: int, entries: Sequence[Entry]
    ) -> None:
        assert 0 < len(entries) <= LOG_ENTRIES_MAX
        detail = f"{project_id} {[(e.todo.id, e.request_id, e.todo.title) for e in entries]}"
        rows = list(entries)
        await self._network.call(
            "log.append", detail, lambda: self._tables.append(project_id, head, state, rows)
        )

    async def find(self, project_id: int, request_ids: Sequence[str]) -> dict[str, Todo]:
        found: dict[str, Todo] = {}
        for part in _torn(list(request_ids), self._tear):
            found |= await self._network.call(
                "log.find",
                f"{project_id} {part}",
                partial(self._tables.find, project_id, part),
            )
        return found

    async def get(self, project_id: int, todo_id: int) -> Todo | None:
        return await self._network.call(
            "log.get",
            f"{project_id} {todo_id}",
            lambda: self._tables.rows(project_id).todos.get(todo_id),
        )

    async def read(self, project_id: int, after: int, limit: int) -> list[Todo]:
        def effect() -> list[Todo]:
            todos = self._tables.rows(project_id).todos
            return [todos[each] for each in sorted(todos) if each > after][:limit]

        return await self._network.call("log.read", f"{project_id} {after}", effect)

    async def entries(self, project_id: int, after: int, limit: int) -> list[Entry]:
        return await self._network.call(
            "log.entries",
            f"{project_id} after {after}",
            lambda: self._tables.entries(project_id, after, limit),
        )

    async def fence(self, project_id: int, head: Head) -> None:
        await self._network.call(
            "log.fence",
            f"{project_id} {head.state}",
            lambda: self._tables.fence(project_id, head),
        )


class SimulatedStore:
    """Inbox, log and publications. With `tear`, what is asked for together is not read at one instant."""

    def __init__(self, tables: Tables, network: Network, tear: Random | None = None) -> None:
        self.inbox: Inbox = SimulatedInbox(tables, network, tear)
        self.log: FollowedLog = SimulatedLog(tables, network, tear)
        self.publications: Publications = SimulatedPublications(tables, network)

    async def check(self) -> Mapping[str, str]:
        return {}

    async def close(self) -> None:
        """Nothing to give back."""
