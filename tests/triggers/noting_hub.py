"""A task hub that notes what it is told, and may fail, or take its time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from activities.hub import Hub, Wanted
from entities.project import Project
from todos import TodoRequest


async def until(holds: Callable[[], object]) -> None:
    """Let others go on until something holds."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - on what a test sees, which has no event
            await asyncio.sleep(0)


@dataclass(slots=True)
class NotingHub(Hub):
    """Calls wait for `gate` where their project is `slow`."""

    created: list[tuple[int, list[str]]] = field(default_factory=list)
    settled: list[tuple[int, int, list[str]]] = field(default_factory=list)
    started: list[dict[int, list[str]]] = field(default_factory=list)
    fails: bool = False
    slow: set[int] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def create(self, project_id: int, requests: Sequence[TodoRequest]) -> None:
        await self._happen(project_id)
        self.created.append((project_id, [each.request_id for each in requests]))

    async def settle(self, project_id: int, head: int, request_ids: Sequence[str]) -> None:
        await self._happen(project_id)
        self.settled.append((project_id, head, list(request_ids)))

    async def project(self, project_id: int) -> Project:  # noqa: ARG002 - as the port has it
        raise AssertionError("only the emitter reads the entity")

    async def start(self, wanted: Wanted) -> None:
        await self._happen(0)
        self.started.append({project_id: list(ids) for project_id, ids in wanted.items()})

    async def _happen(self, project_id: int) -> None:
        if self.fails:
            raise ConnectionError("the hub is down")
        if project_id in self.slow:
            await self.gate.wait()
