"""Emitters that believe what they have not seen."""

import asyncio
from collections.abc import Sequence

from activities.emit import Emitter, Found
from activities.hub import Hub
from entities.project import Numbered, Project
from store.port import Conflict, Entry, Head, Store, StoreError
from todos import Todo, create, last_id


class BelowHeadIsDone(Emitter):
    """Counts an outbox entry as done because its number is not above the head."""

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        head = await self._store.log.head(project_id)
        old = [each for each in chunk if each.id <= last_id(head.state)]
        done = {e.request.request_id: Todo(project_id, e.id, e.request.title) for e in old}
        if done:
            await self._clear_up(project_id, done, hub)
        rest = [each for each in chunk if each not in old]
        return {*done, *(await super()._advance(project_id, rest, hub) if rest else ())}


class NeverLooksAgain(Emitter):
    """Takes an append that failed for not done, and tries the same again."""

    believes = False

    async def _append(self, project_id: int, head: Head, chunk: Sequence[Numbered]) -> Found:
        state = head.state
        entries: list[Entry] = []
        for numbered in chunk:
            todo, state = create(numbered.request, state)
            entries.append(Entry(numbered.request.request_id, todo))
        try:
            await self._store.log.append(project_id, head, state, entries)
        except StoreError as error:
            if not self.believes:
                return {}
            if isinstance(error, Conflict):
                return await self._store.log.find(project_id, [e.request_id for e in entries])
        return {each.request_id: each.todo for each in entries}


class BelievesItHappened(NeverLooksAgain):
    """Takes an append without an answer for done."""

    believes = True


class SettlesUnseen(Emitter):
    """Settles the whole chunk, whatever of it was seen in the log."""

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        logged = await super()._advance(project_id, chunk, hub)
        ids = [each.request.request_id for each in chunk]
        await asyncio.gather(
            hub.settle(project_id, 0, ids),
            self._store.inbox.remove(project_id, ids),
            return_exceptions=True,
        )
        return logged


class AnnouncesFirst(Emitter):
    """Wakes who waits before the log has the TODO."""

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        for each in chunk:
            todo = Todo(project_id, each.id, each.request.title)
            self._arrivals.announce(each.request.request_id, todo)
        return await super()._advance(project_id, chunk, hub)


class HeadBeforeState(Emitter):
    """Reads the head before the state: the head belongs to the look, not to the chunk."""

    async def _drain(self, project_id: int, wanted: set[str], hub: Hub) -> set[str]:
        return await super()._drain(project_id, wanted, _HeadFirst(hub, self._store))

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        assert isinstance(hub, _HeadFirst)
        head, hub.head = hub.head, None
        if head is None:
            return await super()._advance(project_id, chunk, hub)
        found = await self._append(project_id, head, chunk)
        if found:
            await self._clear_up(project_id, found, hub)
        return set(found)


class _HeadFirst:
    def __init__(self, hub: Hub, store: Store) -> None:
        self._hub, self._store = hub, store
        self.head: Head | None = None
        self.create, self.settle, self.start = hub.create, hub.settle, hub.start

    async def project(self, project_id: int) -> Project:
        self.head = await self._store.log.head(project_id)
        return await self._hub.project(project_id)
