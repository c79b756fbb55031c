"""An emitter over a real store, a task hub that shows what a test wants it to, a log that fails."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from activities.arrivals import Arrivals
from activities.emit import Emitter
from activities.hub import Hub
from entities.project import Numbered, Project
from store.port import Entry, Head, Store
from tests.store.examples import NOON
from todos import EMPTY, TodoRequest, create

PROJECT = 7


def asking(*names: str, project_id: int = PROJECT) -> list[TodoRequest]:
    return [TodoRequest(project_id, each, f"title of {each}") for each in names]


def showing(*names: str, head: int = 0, project_id: int = PROJECT) -> Project:
    requests = asking(*names, project_id=project_id)
    return Project(head, tuple(Numbered(head + 1 + n, each) for n, each in enumerate(requests)))


@dataclass(slots=True)
class ShownHub(Hub):
    """Shows states, the last of them for ever; notes what it is told."""

    states: dict[int, list[Project | BaseException]] = field(default_factory=dict)
    settled: list[tuple[int, int, list[str]]] = field(default_factory=list)
    looks: int = 0
    fails: Exception | None = None

    def show(self, *states: Project | BaseException, project_id: int = PROJECT) -> None:
        self.states[project_id] = list(states)

    async def create(self, *_: object) -> None:
        raise AssertionError("an emitter does not signal `create`")

    async def start(self, *_: object) -> None:
        raise AssertionError("an emitter starts nothing")

    async def settle(self, project_id: int, head: int, request_ids: Sequence[str]) -> None:
        if self.fails:
            raise self.fails
        self.settled.append((project_id, head, list(request_ids)))

    async def project(self, project_id: int) -> Project:
        self.looks += 1
        states = self.states.get(project_id, [Project()])
        state = states.pop(0) if len(states) > 1 else states[0]
        if isinstance(state, BaseException):
            raise state
        await asyncio.sleep(0)
        return state


@dataclass(slots=True)
class FaultyLog:
    """The log of a store whose appends fail, on one side or the other, as a test says."""

    log: Any
    before: list[Exception | None] = field(default_factory=list)
    after: list[Exception | None] = field(default_factory=list)
    meanwhile: Callable[[], Any] | None = None
    """Done between the reading of the head and the append."""
    appends: list[list[Entry]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)

    async def append(
        self, project_id: int, head: Head, state: int, entries: Sequence[Entry]
    ) -> None:
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        _raise_next(self.before)
        await self.log.append(project_id, head, state, entries)
        self.appends.append(list(entries))
        _raise_next(self.after)


def _raise_next(failures: list[Exception | None]) -> None:
    if failures and (failure := failures.pop(0)) is not None:
        raise failure


class FaultyStore:
    """A store with such a log."""

    def __init__(self, store: Store) -> None:
        self.real = store
        self.inbox = store.inbox
        self.log = FaultyLog(store.log)

    def emitter(self, arrivals: Arrivals | None = None) -> Emitter:
        return Emitter(self, arrivals or Arrivals())  # type: ignore[arg-type]

    async def accept(self, *names: str, project_id: int = PROJECT) -> None:
        await self.inbox.put(project_id, asking(*names, project_id=project_id), NOON)

    async def append(self, *names: str, project_id: int = PROJECT) -> None:
        """As another emitter does it."""
        head = await self.real.log.head(project_id)
        state, entries = head.state, []
        for request in asking(*names, project_id=project_id):
            todo, state = create(request, state)
            entries.append(Entry(request.request_id, todo))
        await self.real.log.append(project_id, head, state, entries)

    async def logged(self, project_id: int = PROJECT) -> list[str]:
        """The log, as the names of its requests in id order."""
        todos = await self.real.log.read(project_id, EMPTY, 1_000)
        assert [todo.id for todo in todos] == list(range(1, len(todos) + 1))
        return [todo.title.removeprefix("title of ") for todo in todos]

    async def waiting(self, project_id: int = PROJECT) -> list[str]:
        return [
            each.request_id
            async for page in self.inbox.waiting(NOON.replace(year=2999), 1_000)
            for each in page
            if each.project_id == project_id
        ]
