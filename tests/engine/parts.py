"""The engine of one domain over a real store, a task hub in memory, and faults that a test scripts."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.drain import Drains
from activities.emit import Answer, Emitter
from domain.decider import Decider
from entities.order import Order, create
from intake.accept import Accepted, Intake, Outcome
from store.ports.inbox import Waiting
from store.ports.records import Answered, Entry, Head, Request
from store.ports.store import Store
from taskhub.port import HubUnknown, TaskHub
from telemetry.decisions import Decisions
from tests.domain_under_test import DOMAIN, KEY, payload


def request(request_id: str, content: str = "any", key: str = KEY) -> Request:
    return Request(key, request_id, payload(content))


def now() -> datetime:
    return datetime.now(UTC)


async def hang(*_: object) -> None:
    """Stand for a call that is never answered."""
    await asyncio.Event().wait()


class Gate:
    """Holds a call, from `held` until `go_on`."""

    def __init__(self) -> None:
        self.held, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.held.set()
        await self.go_on.wait()


class MemoryHub(TaskHub):
    """Commits what it is signalled a moment later; can lose signals, hang, or show anything."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.calls: Counter[str] = Counter()
        self.signals: list[tuple[str, tuple[str, ...], tuple[str, ...], int]] = []
        self.handed_over: list[list[str]] = []
        self.shown: list[Order | Exception] = []
        """What the next reads show, in place of what is committed."""
        self.loses_signals = False
        self.hangs = False
        self.ran: Callable[[str], None] = lambda _: None

    async def create(self, key: str, ids: Sequence[str], done: Sequence[str], head: int) -> None:
        self.calls["create"] += 1
        self.signals.append((key, tuple(ids), tuple(done), head))
        await self._may_hang()
        if not self.loses_signals:
            asyncio.get_running_loop().call_later(0.002, self.commit, key, ids, done, head)

    def commit(self, key: str, ids: Sequence[str], done: Sequence[str], head: int) -> None:
        self.orders[key] = create(self.orders.get(key, Order()), ids, done, head)
        self.ran(key)

    async def order(self, key: str) -> Order:
        self.calls["order"] += 1
        await self._may_hang()
        if self.shown:
            shown = self.shown.pop(0)
            if isinstance(shown, Exception):
                raise shown
            return shown
        return self.orders.get(key, Order())

    async def hand_over(self, keys: Sequence[str]) -> None:
        await self._may_hang()
        self.handed_over.append(list(keys))

    async def _may_hang(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0)


class Scripted:
    """A port whose next calls of some methods fail, before or after they took effect."""

    put: Any
    tail: Any
    overdue: Any
    """Named for the type checker: tests replace them."""

    def __init__(self, port: Any, calls: Counter[str], prefix: str) -> None:
        self._port = port
        self._calls = calls
        self._prefix = prefix
        self.before: dict[str, list[Exception | Callable[[], Awaitable[None]] | None]] = {}
        self.after: dict[str, list[Exception | Callable[[], Awaitable[None]] | None]] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name == "overdue":
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            self._calls[f"{self._prefix}.{name}"] += 1
            await _next(self.before.get(name))
            answer = await method(*args, **kwargs)
            await _next(self.after.get(name))
            return answer

        return call


async def _next(script: list[Exception | Callable[[], Awaitable[None]] | None] | None) -> None:
    step = script.pop(0) if script else None
    if isinstance(step, Exception):
        raise step
    if step is not None:
        await step()


class EngineUnderTest:
    """Intake and emitter of one process; `other()` is another process on the same store and hub."""

    def __init__(self, real: Store, hub: MemoryHub | None = None, domain: Any = DOMAIN) -> None:
        self.real = real
        self.calls: Counter[str] = Counter()
        self.inbox = Scripted(real.inbox, self.calls, "inbox")
        self.log = Scripted(real.log, self.calls, "log")
        self.deadletters = real.deadletters
        self.publications = real.publications
        self.check = real.check
        self.hub = hub or MemoryHub()
        self.decider = Decider(domain)
        self.tell = Decisions(domain.name)
        store: Any = self
        self.intake = Intake(store, self.decider, self.tell, now)
        self.emitter = Emitter(store, self.decider, self.tell, now)
        self.drains = Drains(store.inbox, self.emitter, self.tell, now)
        self.hub.ran = self.emitter.entity_ran

    def other(self) -> "EngineUnderTest":
        return EngineUnderTest(self.real, self.hub)

    async def accept(self, *requests: Request, made_here: bool = False) -> list[Outcome]:
        return await self.intake.accept(requests, made_here=made_here)

    async def post(
        self, request: Request, seconds: float = 10.0, *, made_here: bool = False
    ) -> Answer | Outcome | None:
        (outcome,) = await self.accept(request, made_here=made_here)
        if not isinstance(outcome, Accepted):
            return outcome
        return await self.emitter.answer(request, self.hub, seconds)

    async def place(self, request: Request, seconds: float = 10.0) -> int:
        answer = await self.post(request, seconds)
        assert isinstance(answer, Entry), answer
        return answer.place

    async def wait_in_inbox(self, *requests: Request, seconds: float = 0.0) -> None:
        """Put rows as a process did that died so many seconds ago."""
        await self.real.inbox.put(requests, now() - timedelta(seconds=seconds))

    async def append(self, *requests: Request) -> None:
        """Append as another emitter does."""
        head = await self.real.log.head(requests[0].key)
        answered: list[Answered] = []
        after = head
        for each in requests:
            folded = self.decider.fold(each.payload, after.place + 1, after.state)
            after = Head(after.place + 1, folded.state, None)
            entry = Entry(after.place, each.id, folded.version, folded.output, folded.refused)
            answered.append(Answered(entry, each.payload))
        await self.real.log.append(head=head, key=requests[0].key, after=after, answered=answered)

    async def logged(self, key: str = KEY) -> list[str]:
        """Return the request ids of the log, whose places were seen to be dense."""
        entries = await self.real.log.read(key, 0, 1_000)
        assert [each.place for each in entries] == list(range(1, len(entries) + 1))
        return [each.request_id for each in entries]

    async def rows(self, key: str = KEY) -> list[str]:
        """Return the request ids of the inbox."""
        return sorted(each.request.id for each in await self.real.inbox.page(key, 1_000))

    async def until_inbox_is_empty(self, key: str = KEY) -> None:
        async def is_empty() -> bool:
            return not await self.rows(key)

        await until(is_empty)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait, turn by turn of the event loop, until a condition holds."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - what is waited for sends no event
            await asyncio.sleep(0)


def waiting(*requests: Request, seconds: float) -> list[Waiting]:
    return [Waiting(each, now() - timedelta(seconds=seconds)) for each in requests]


__all__ = [
    "KEY",
    "EngineUnderTest",
    "HubUnknown",
    "MemoryHub",
    "now",
    "request",
    "until",
    "waiting",
]
