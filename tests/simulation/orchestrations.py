"""Runs orchestrations episode by episode, as badly as the platform may (host-protocol 7.2, 7.10).

Messages go out before anything is committed, and come in again after it was; an activity runs
twice or loses its answer; a timer fires early; the worker process dies under an episode, and that
was that. What a dead host had in flight runs again after five minutes.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Final

from localhost.taskhub.clock import SECOND, Microseconds, iso
from localhost.taskhub.decisions import Decision
from localhost.taskhub.events import Event, Kind, event
from tests.durable_sdk import Decide
from tests.simulation.entities import SECONDS_INVISIBLE, SECONDS_UNSERVED, SHARE_INVISIBLE
from tests.simulation.faults import Fault
from tests.simulation.host import Gone, Host, HostGone, Role
from tests.simulation.network import Network
from tests.simulation.orchestration import Episode, Orchestration
from triggers.durable import Names

RUNS_MAX: Final = 50
"""Attempts at one activity whose host died under it; more than any history has crashes."""

SECONDS_TO_EPISODE: Final = (0.0005, 0.02)

SECONDS_EARLY: Final = 1.0
"""A timer fires before its time by less than that."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What orchestrations need of the world."""

    network: Network
    chance: Random
    now: Callable[[], datetime]
    living: Callable[[Role], Coroutine[Any, Any, Host]]
    """Picks a host that runs, waiting for one if need be."""
    owner: Callable[[str], Host | None]
    spawn: Callable[[Coroutine[Any, Any, None]], object]


class Orchestrations:
    """All of them. Their code runs in no time; what it decides is sent, then committed."""

    def __init__(self, decide: Decide, names: Names, world: Surroundings) -> None:
        self.started = 0
        self.running = 0
        self.still = False
        """Whether nothing of the hub moves."""
        self._decide = decide
        self._names = names
        self._world = world
        self._network = world.network
        self._faults = world.network.faults
        self._epoch = 0
        self._numbers = count(1)

    def start(self, name: str, text: str) -> None:
        assert name == self._names.orchestration
        each = Orchestration(f"o{next(self._numbers)}", text, self._names)
        self.started += 1
        self.running += 1
        each.start(self._now())
        self._schedule(each)

    def wipe(self) -> None:
        """Lose all: nothing that ran before is heard of again."""
        self._epoch += 1
        self.running = 0

    def _now(self) -> Microseconds:
        return (self._world.now() - EPOCH) // timedelta(microseconds=1)

    def _tell(self, each: Orchestration, epoch: int, message: Event) -> None:
        if epoch == self._epoch and not each.over:
            each.queue.append(message)
            self._schedule(each)

    def _schedule(self, each: Orchestration, seconds: float | None = None) -> None:
        if each.due:
            return
        each.due = True
        epoch = self._epoch
        pause = self._world.chance.uniform(*SECONDS_TO_EPISODE) if seconds is None else seconds
        self._network.later(pause, lambda: self._work(each, epoch))

    # One work item: send, commit, delete the input. It may stop after each.

    def _work(self, each: Orchestration, epoch: int) -> None:
        each.due = False
        if epoch != self._epoch or each.over or not each.deliverable():
            return
        if self.still or self._world.owner(each.id) is None:
            self._schedule(each, SECONDS_UNSERVED)
            return
        fault = self._faults.of("outbox.episode")
        again: float | None = None
        if fault is Fault.WORKER_DIED:
            self._end(each, f"{each.id} Failed !{fault.name}")
        elif fault is Fault.UNSENT:
            self._network.trace("outbox.episode", f"{each.id} !{fault.name}")
            again = self._seconds_invisible()
        else:
            self._run(each, epoch, fault)
            again = self._seconds_invisible() if fault is Fault.UNCOMMITTED else None
        if each.queue and not each.over:
            self._schedule(each, again)

    def _seconds_invisible(self) -> float | None:
        drawn = self._world.chance.random() < SHARE_INVISIBLE
        hidden = drawn and self._faults.happened("episode INVISIBLE")
        return SECONDS_INVISIBLE if hidden else None

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
        return each.run(self._decide, batch, self._now())

    def _end(self, each: Orchestration, how: str) -> None:
        self._network.trace("outbox", how)
        each.over = True
        self.running -= 1

    # What was decided.

    def _send(self, each: Orchestration, epoch: int, decided: Sequence[Decision]) -> None:
        for decision in decided:
            if decision.kind is Kind.TASK_SCHEDULED:
                self._world.spawn(self._activity(each, epoch, decision))
            else:
                assert decision.kind is Kind.TIMER_CREATED, decision
                self._timer(each, epoch, decision)

    def _timer(self, each: Orchestration, epoch: int, decision: Decision) -> None:
        due = max(0.0, (decision.fire_at - self._now()) / SECOND)
        drawn = self._world.chance.random() < SHARE_INVISIBLE
        if drawn and self._faults.happened("timer EARLY"):
            due = max(0.0, due - self._world.chance.uniform(0.0, SECONDS_EARLY))
        fired = event(
            Kind.TIMER_FIRED,
            decision.fire_at,
            TimerId=decision.id,
            FireAt=iso(decision.fire_at),
        )
        self._network.later(due, lambda: self._tell(each, epoch, fired))

    async def _activity(self, each: Orchestration, epoch: int, decision: Decision) -> None:
        fault = self._faults.of("outbox.emit")
        text = decision.input or "null"
        self._network.trace("outbox.emit", text, "" if fault is Fault.NONE else f"!{fault.name}")
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
                Reason=f"Activity function '{self._names.activity}' failed",
                Details="the language worker process exited with code 137",
            )
        else:
            outcome = event(
                Kind.TASK_COMPLETED, self._now(), TaskScheduledId=decision.id, Result=result
            )
        self._network.later(self._network.delay(), lambda: self._tell(each, epoch, outcome))

    async def _emit(self, text: str) -> str | None:
        """Run it to its end: a host that dies under it makes it run again five minutes later, a
        worker process that dies alone fails it, whatever it had done by then (7.10)."""
        for _ in range(RUNS_MAX):
            host = await self._world.living(Role.DURABLE)
            async with host.activities:
                worker = host.worker
                if self.still or not host.runs or worker is None:
                    await asyncio.sleep(SECONDS_UNSERVED)
                    continue
                host.activities_running += 1
                try:
                    return await worker.call("emit", worker.app.run_activity(text))
                except HostGone:
                    self._faults.happened("activity INVISIBLE")
                except Gone:
                    self._faults.happened("activity FAILED")
                    return None
                finally:
                    host.activities_running -= 1
            await asyncio.sleep(SECONDS_INVISIBLE)
        return None


def _decisions(episode: Episode) -> str:
    names = [f"{each.kind.name.lower()} {each.name}".strip() for each in episode.decided]
    return ", ".join([*names, *(["done"] if episode.is_done else [])]) or "nothing new"
