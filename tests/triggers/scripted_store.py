"""A real store whose calls fail before or after they happen, or are overtaken, as a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from store.port import Entry, Store
from tests.store.examples import NOON
from todos import Todo, TodoRequest, create

Meanwhile = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Before:
    """The call does not happen."""

    error: Exception


@dataclass(frozen=True, slots=True)
class After:
    """It happens, and the answer is lost."""

    error: Exception


class Gate:
    """Holds a call until it is opened; `reached` is set when a call stands before it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.opened.wait()


@dataclass(slots=True)
class _Part:
    name: str
    real: Any
    store: "ScriptedStore"

    def __getattr__(self, method: str) -> Any:
        async def call(*args: Any, **options: Any) -> Any:
            name = f"{self.name}.{method}"
            self.store.calls.append(name)
            event = next(self.store.events(name), None)
            if isinstance(event, Before):
                raise event.error
            if callable(event):
                await event()
            answer = await getattr(self.real, method)(*args, **options)
            if isinstance(event, After):
                raise event.error
            return answer

        return call

    def waiting(self, before: datetime, per_project: int) -> AsyncIterator[Sequence[TodoRequest]]:
        self.store.calls.append(f"{self.name}.waiting")
        return self.real.waiting(before, per_project)  # type: ignore[no-any-return]


@dataclass
class ScriptedStore:
    """`script` holds, by call, what happens to each of the next ones; `calls` is what was called."""

    real: Store
    script: dict[str, list[Before | After | Meanwhile | None]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inbox: Any = _Part("inbox", self.real.inbox, self)
        self.log: Any = _Part("log", self.real.log, self)

    def events(self, name: str) -> Any:
        waiting = self.script.get(name, [])
        return iter([waiting.pop(0)] if waiting else [])

    async def put(self, *requests: TodoRequest, at: datetime = NOON) -> None:
        """Put rows into the inbox as somebody else would."""
        for request in requests:
            await self.real.inbox.put(request.project_id, [request], at)

    async def finish(self, *requests: TodoRequest) -> list[Todo]:
        """Number requests and clear the inbox, as an emitter does."""
        todos = []
        for request in requests:
            head = await self.real.log.head(request.project_id)
            todo, state = create(request, head.state)
            entry = Entry(request.request_id, todo)
            await self.real.log.append(request.project_id, head, state, [entry])
            await self.real.inbox.remove(request.project_id, [request.request_id])
            todos.append(todo)
        return todos

    async def waiting(self) -> list[TodoRequest]:
        """All rows of the inbox, by project."""
        pages = self.real.inbox.waiting(datetime.max.replace(tzinfo=NOON.tzinfo), 10_000)
        return [each async for page in pages for each in page]

    async def check(self) -> dict[str, str]:
        return {}

    async def close(self) -> None:
        await self.real.close()
