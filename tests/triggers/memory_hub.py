"""A task hub in memory that runs the real entity and the real emitter, or loses everything."""

import asyncio
from collections.abc import Sequence

from activities.emit import Emitter
from activities.hub import Hub, Wanted
from entities.project import Project, create, settle
from todos import TodoRequest


class MemoryHub(Hub):
    """Does what it is asked as long as `works`; otherwise answers and forgets."""

    def __init__(self, emitter: Emitter) -> None:
        self.works = True
        self.asked = asyncio.Event()
        self._emitter = emitter
        self._projects: dict[int, Project] = {}
        self._running: set[asyncio.Task[object]] = set()

    async def create(self, project_id: int, requests: Sequence[TodoRequest]) -> None:
        if self.works:
            self._projects[project_id] = create(await self.project(project_id), requests)

    async def settle(self, project_id: int, head: int, request_ids: Sequence[str]) -> None:
        self._projects[project_id] = settle(await self.project(project_id), head, request_ids)

    async def project(self, project_id: int) -> Project:
        return self._projects.get(project_id, Project())

    async def start(self, wanted: Wanted) -> None:
        self.asked.set()
        if self.works:
            task = asyncio.create_task(self._emitter.emit(wanted, self))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def idle(self) -> None:
        """Wait until everything started has ended."""
        while self._running:
            await asyncio.wait(self._running)
