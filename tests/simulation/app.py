"""The app of one process: the real intake, emitter, hand-over and sweeper, wired as in
`effectively_once`, and called as the real triggers call them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

import azure.durable_functions as df

from activities import outbox
from activities.emit import Emitter
from activities.hand_over import HandOver
from domain.decider import Decider
from entities.entity import entity
from intake.accept import Intake
from intake.sweep import Sweeper
from store.ports.store import Store
from taskhub.port import TaskHub
from telemetry.decisions import Decisions
from tests.simulation.orchestration import Names

NAMES: Final = Names("todoOutbox", "todoEmit", "Project")


@dataclass(frozen=True, slots=True)
class Parts:
    """What an app is made of; a test may replace one of them."""

    intake: Callable[..., Intake] = Intake
    emitter: Callable[..., Emitter] = Emitter
    hand_over: Callable[..., HandOver] = HandOver
    sweeper: Callable[..., Sweeper] = Sweeper
    entity: Callable[..., Callable[[df.DurableEntityContext], None]] = entity


@dataclass(frozen=True, slots=True)
class Outside:
    """What a process is given by the world."""

    store: Store
    hub: TaskHub
    decider: Decider
    tell: Decisions
    now: Callable[[], datetime]
    rng: Random


class App:
    """Everything that one process keeps in memory."""

    def __init__(self, parts: Parts, outside: Outside) -> None:
        store, decider, tell, now = outside.store, outside.decider, outside.tell, outside.now
        self.hub = outside.hub
        self.emitter = parts.emitter(store, decider, tell, now)
        self.intake = parts.intake(store, decider, tell, now)
        self.hand_over = parts.hand_over(tell)
        self.sweeper = parts.sweeper(store.inbox, self.emitter, tell, now, outside.rng)
        self.entity_name = NAMES.entity
        run: Any = df.Entity.create(parts.entity(tell, self.emitter.entity_ran))
        self.run_entity: Callable[[str], str] = run

    async def run_activity(self, text: str) -> str:
        """Run `emit` on its input; return what it answers. Both are JSON."""
        return json.dumps(await outbox.emit(self.emitter, json.loads(text), self.hub))
