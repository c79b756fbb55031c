"""Runs orchestrations episode by episode, as badly as the platform may (host-protocol 7.2, 7.10).

Messages go out before anything is committed, and come in again after it was; an activity runs
twice or loses its answer; the worker process dies under an episode, and that was that.
"""

import json
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any, Final, Protocol

import azure.durable_functions as df

from localhost.taskhub.clock import SECOND, Microseconds, iso
from localhost.taskhub.decisions import Decision
from localhost.taskhub.events import Event, Kind, event
from tests.simulation.faults import Fault
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.orchestration import Episode, Orchestration
from tests.simulation.process import Gone, Instance

Outbox = Callable[[Any], Generator[Any, Any, int]]

RUNS_MAX: Final = 50
"""Attempts at one activity whose host died under it; more than any history has crashes."""

SHARE_ALONE: Final = 0.5
"""Of deaths under an activity: the worker process dies, and its host lives."""

SECONDS_TO_EPISODE: Final = (0.0005, 0.02)
SECONDS_WITHOUT_PROCESS: Final = 0.25
"""Until the hub looks again for a process that could run an episode."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Signals(Protocol):
    """Where signals go, and how often all was lost there."""

    epoch: int

    def deliver(self, project_id: int, operation: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What orchestrations need of the world."""

    loop: SimulatedLoop
    network: Network
    chance: Random
    now: Callable[[], datetime]
    living: Callable[[], Coroutine[Any, Any, Instance]]
    """Picks a living process, waiting for one if need be."""
    is_anybody_alive: Callable[[], bool]
    spawn: Callable[[Coroutine[Any, Any, None]], object]
    hub: Signals


class Orchestrations:
    """All of them. Their code runs in no time; what it decides is sent, then committed."""

    def __init__(self, outbox: Outbox, world: Surroundings) -> None:
        self.running = 0
        self._handle: Callable[[str], str] = df.Orchestrator.create(outbox)
        self._world = world
        self._network = world.network
        self._faults = world.network.faults
        self._epoch = 0
        self._numbers = count(1)

    def start(self, text: str) -> None:
        self._forget_lost()
        started = Orchestration(f"o{next(self._numbers)}", text)
        self.running += 1
        started.start(self._now())
        self._schedule(started)

    def _forget_lost(self) -> None:
        """After the hub was wiped nothing that ran before is heard of again."""
        if self._epoch != self._world.hub.epoch:
            self._epoch = self._world.hub.epoch
            self.running = 0

    def is_running(self) -> bool:
        self._forget_lost()
        return self.running > 0

    def _now(self) -> Microseconds:
        return (self._world.now() - EPOCH) // timedelta(microseconds=1)

    def _tell(self, each: Orchestration, epoch: int, message: Event) -> None:
        if epoch == self._world.hub.epoch and not each.over:
            each.queue.append(message)
            self._schedule(each)

    def _schedule(self, each: Orchestration, seconds: float | None = None) -> None:
        if each.due:
            return
        each.due = True
        epoch = self._world.hub.epoch
        pause = self._world.chance.uniform(*SECONDS_TO_EPISODE) if seconds is None else seconds
        self._network.later(pause, lambda: self._work(each, epoch))

    # One work item: send, commit, delete the input. It may stop after each.

    def _work(self, each: Orchestration, epoch: int) -> None:
        each.due = False
        self._forget_lost()
        if epoch != self._epoch or each.over or not each.deliverable():
            return
        if not self._world.is_anybody_alive():
            self._schedule(each, SECONDS_WITHOUT_PROCESS)
            return
        fault = self._faults.of("outbox.episode")
        if fault is Fault.WORKER_DIED:
            self._end(each, f"{each.id} Failed !{fault.name}")
        elif fault is Fault.UNSENT:
            self._network.trace("outbox.episode", f"{each.id} !{fault.name}")
        else:
            self._run(each, epoch, fault)
        if each.queue and not each.over:
            self._schedule(each)

    def _run(self, each: Orchestration, epoch: int, fault: Fault) -> None:
        if fault is Fault.RIVAL:
            self._send(each, epoch, self._episode(each, self._cut(each)).decided)
        batch = self._cut(each)
        episode = self._episode(each, batch)
        failed = "" if fault is Fault.NONE else f" !{fault.name}"
        self._network.trace("outbox.episode", f"{each.id} {_decisions(episode)}{failed}")
        self._send(each, epoch, episode.decided)
        if fault is Fault.UNCOMMITTED:
            return
        each.history += episode.events
        if fault is not Fault.UNDELETED:
            each.queue = [message for message in each.queue if message not in batch]
        if episode.is_done:
            self._end(each, f"{each.id} Completed")

    def _cut(self, each: Orchestration) -> list[Event]:
        waiting = each.deliverable()
        return self._world.chance.sample(waiting, self._world.chance.randint(1, len(waiting)))

    def _episode(self, each: Orchestration, batch: Sequence[Event]) -> Episode:
        return each.run(self._handle, batch, self._now())

    def _end(self, each: Orchestration, how: str) -> None:
        self._network.trace("outbox", how)
        each.over = True
        self.running -= 1

    # What was decided.

    def _send(self, each: Orchestration, epoch: int, decided: Sequence[Decision]) -> None:
        for decision in decided:
            if decision.kind is Kind.TASK_SCHEDULED:
                self._world.spawn(self._activity(each, epoch, decision))
            elif decision.kind is Kind.TIMER_CREATED:
                self._timer(each, epoch, decision)
            else:
                self._signal(decision)

    def _timer(self, each: Orchestration, epoch: int, decision: Decision) -> None:
        due = max(0.0, (decision.fire_at - self._now()) / SECOND)
        fired = event(
            Kind.TIMER_FIRED,
            decision.fire_at,
            TimerId=decision.id,
            FireAt=iso(decision.fire_at),
        )
        self._network.later(due, lambda: self._tell(each, epoch, fired))

    def _signal(self, decision: Decision) -> None:
        request = decision.request
        assert request is not None
        project_id = int(decision.instance.rpartition("@")[2])
        fault = self._faults.of("outbox.signal")
        failed = "" if fault is Fault.NONE else f" !{fault.name}"
        self._network.trace("outbox.signal", f"{project_id} {request.operation}{failed}")
        text = json.dumps(request.input)
        deliver = partial(self._world.hub.deliver, project_id, request.operation, text)
        if fault is not Fault.SWALLOWED:
            self._network.later(self._network.delay(), deliver)
        if fault is Fault.TWICE:
            self._network.after(self._network.late(), deliver)

    async def _activity(self, each: Orchestration, epoch: int, decision: Decision) -> None:
        fault = self._faults.of("outbox.emit")
        text = decision.input or "null"
        self._network.trace("outbox.emit", text if fault is Fault.NONE else f"{text} !{fault.name}")
        if fault is Fault.TWICE:
            self._world.spawn(self._run_activity(each, epoch, decision, text))
        if fault in {Fault.BEFORE, Fault.AFTER}:
            if fault is Fault.AFTER:
                await self._emit(text)
            self._complete(each, epoch, decision, None)
            return
        await self._run_activity(each, epoch, decision, text)

    async def _run_activity(
        self, each: Orchestration, epoch: int, decision: Decision, text: str
    ) -> None:
        self._complete(each, epoch, decision, await self._emit(text))

    def _complete(
        self, each: Orchestration, epoch: int, decision: Decision, result: str | None
    ) -> None:
        if result is None:
            outcome = event(
                Kind.TASK_FAILED,
                self._now(),
                TaskScheduledId=decision.id,
                Reason="Activity function 'emit' failed",
                Details="the language worker process exited with code 137",
            )
        else:
            outcome = event(
                Kind.TASK_COMPLETED, self._now(), TaskScheduledId=decision.id, Result=result
            )
        self._network.later(self._network.delay(), lambda: self._tell(each, epoch, outcome))

    async def _emit(self, text: str) -> str | None:
        """Run it to its end: a host that dies under it makes it run again elsewhere, a worker
        process that dies alone fails it, whatever it had done by then (host-protocol 7.10)."""
        for _ in range(RUNS_MAX):
            instance = await self._world.living()
            try:
                return await instance.emit(text)
            except Gone:
                is_alone = self._world.chance.random() < SHARE_ALONE
                if is_alone and self._faults.happened("activity FAILED"):
                    break
        return None


def _decisions(episode: Episode) -> str:
    names = [f"{each.kind.name.lower()} {each.name}".strip() for each in episode.decided]
    return ", ".join([*names, *(["done"] if episode.is_done else [])]) or "nothing new"
