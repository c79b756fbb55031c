"""Runs the real `outbox` generator, episode by episode, as badly as the platform may.

Messages go out before anything is committed, activities may run twice or lose their answer, and
an orchestration may be gone for good at any wait.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

from activities.hub import decode_wanted
from activities.outbox import encode_missing
from tests.simulation.faults import Fault
from tests.simulation.network import Network
from tests.simulation.process import Gone, Instance

Outbox = Callable[[Any], Generator[Any, Any, int]]

RUNS_MAX: Final = 50
"""Attempts at one activity whose host died under it; more than any history has crashes."""


@dataclass(slots=True)
class Lost(Exception):
    """The orchestration is never heard of again."""


@dataclass(slots=True)
class Context:
    """What `outbox` uses of DurableOrchestrationContext."""

    wanted: Any
    now: Callable[[], datetime]
    signals: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def current_utc_datetime(self) -> datetime:
        return self.now()

    def get_input(self) -> Any:
        return json.loads(self.wanted)

    def call_activity(self, name: str, body: Any) -> tuple[str, Any]:
        return (name, json.dumps(body))

    def create_timer(self, at: datetime) -> tuple[str, Any]:
        return ("timer", at - self.now())

    def signal_entity(self, entity: Any, operation: str, body: Any) -> None:
        self.signals.append((int(entity.key), operation, json.dumps(json.dumps(body))))


class Signals(Protocol):
    """Where signals go, and how often all was lost there."""

    epoch: int

    def deliver(self, project_id: int, operation: str, text: str) -> None: ...


class Orchestrations:
    """All of them; each is a task of the world that asks processes to run its activities."""

    def __init__(
        self,
        network: Network,
        outbox: Outbox,
        now: Callable[[], datetime],
        instance: Callable[[], Coroutine[Any, Any, Instance]],
        hub: Signals,
    ) -> None:
        """`instance` picks a living process, waiting for one if need be."""
        self.running = 0
        self._hub = hub
        self._network = network
        self._outbox = outbox
        self._now = now
        self._instance = instance

    async def run(self, text: str) -> None:
        self.running += 1
        try:
            await self._episodes(text, self._hub.epoch)
        except Lost:
            self._network.trace("outbox", "lost")
        finally:
            self.running -= 1

    async def _episodes(self, text: str, epoch: int) -> None:
        context = Context(text, self._now)
        outbox = self._outbox(context)
        step: Callable[[], Any] = partial(next, outbox)
        while True:
            try:
                kind, body = step()
            except StopIteration:
                await self._send(context)
                return
            await self._send(context)
            try:
                answer = await self._do(kind, body)
            except ActivityFailed as error:
                step = partial(outbox.throw, error)
            else:
                step = partial(outbox.send, answer)
            if self._hub.epoch != epoch:
                raise Lost

    async def _send(self, context: Context) -> None:
        for project_id, operation, text in context.signals:
            await self._network.call(
                "outbox.signal",
                f"{project_id} {operation}",
                partial(self._hub.deliver, project_id, operation, text),
            )
        context.signals.clear()

    async def _do(self, kind: str, body: Any) -> Any:
        if kind == "emit":
            return await self._emit(body)
        if self._network.faults.of("outbox.timer") is Fault.SWALLOWED:
            raise Lost
        assert isinstance(body, timedelta)
        await asyncio.sleep(body.total_seconds())
        return None

    async def _emit(self, text: str) -> Any:
        fault = self._network.faults.of("outbox.emit")
        if fault is Fault.BEFORE:
            raise ActivityFailed
        if fault is Fault.TWICE:
            await asyncio.gather(self._run_activity(text), self._run_activity(text))
        answer = await self._run_activity(text)
        if fault is Fault.AFTER:
            raise ActivityFailed
        return json.loads(answer)

    async def _run_activity(self, text: str) -> str:
        """Run it to its end: a host that dies under it makes it run again elsewhere."""
        for _ in range(RUNS_MAX):
            instance = await self._instance()
            try:
                missing = await instance.call(
                    instance.emitter.emit(decode_wanted(json.loads(text)), instance.hub)
                )
            except Gone:
                continue
            return json.dumps(encode_missing(missing))
        raise ActivityFailed


class ActivityFailed(Exception):
    """As the SDK raises it into the orchestrator."""
