"""The app of one process: the real intake, emitter, hand-over, sweeper and publishers, wired as in
`effectively_once`, and called as the real triggers call them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import azure.durable_functions as df

from activities import outbox
from activities.drain import Drains
from activities.emit import Emitter
from activities.hand_over import HandOver
from domain.wire import Wire
from entities.entity import entity
from intake.accept import Intake
from intake.sweep import Sweeper
from publishing.catch_up import CatchUpPublisher
from publishing.live import LivePublisher
from publishing.marking_log import MarkingLog, MarkingStore
from publishing.producer import Producer
from publishing.publisher import Parts as Published
from publishing.publisher import Publisher
from store.ports.store import Store
from taskhub.port import TaskHub
from telemetry.decisions import Decisions
from tests.durable_sdk import run_batch_of
from tests.simulation.samples import Samples
from triggers.durable import Names


@dataclass(frozen=True, slots=True)
class Parts:
    """What an app is made of; a test may replace one of them."""

    intake: Callable[..., Intake] = Intake
    emitter: Callable[..., Emitter] = Emitter
    hand_over: Callable[..., HandOver] = HandOver
    sweeper: Callable[..., Sweeper] = Sweeper
    entity: Callable[..., Callable[[df.DurableEntityContext], None]] = entity
    marking_log: Callable[..., MarkingLog] = MarkingLog
    publisher: Callable[..., Publisher] = Publisher


@dataclass(frozen=True, slots=True)
class Outside:
    """What a process is given by the world."""

    samples: Samples
    names: Names
    store: Store
    hub: TaskHub
    tell: Decisions
    now: Callable[[], datetime]
    clock: Callable[[], float]
    rng: Random
    producer: Producer | None
    unmark_after: timedelta


class App:
    """Everything that one process keeps in memory."""

    def __init__(self, parts: Parts, outside: Outside) -> None:
        self._outside = outside
        self.hub = outside.hub
        self.entity_name = outside.names.entity
        self.catch_up: CatchUpPublisher | None = None
        store, tell, now = outside.store, outside.tell, outside.now
        producer, decider = outside.producer, outside.samples.decider
        publisher = None
        if producer is not None:
            publisher = parts.publisher(self._published(store, producer))
            live = LivePublisher(publisher, tell, outside.clock)
            log = parts.marking_log(store.log, store.publications, now, live.appended)
            store = MarkingStore(store, log)
        self.emitter = parts.emitter(store, decider, tell, now)
        self.drains = Drains(store.inbox, self.emitter, tell, now)
        self.intake = parts.intake(store, decider, tell, now)
        self.hand_over = parts.hand_over(tell)
        self.sweeper = parts.sweeper(store.inbox, self.drains, tell, now, outside.rng)
        if publisher is not None:
            self.catch_up = self._catch_up(publisher)
        self.run_entity = run_batch_of(self.entity_name, parts.entity(tell, self._ran))

    def _published(self, store: Store, producer: Producer) -> Published:
        answer: Any = Wire(self._outside.samples.domain).shown
        return Published(store.log, store.publications, producer, answer, self._outside.tell)

    def _catch_up(self, publisher: Publisher) -> CatchUpPublisher:
        outside = self._outside
        return CatchUpPublisher(
            log=outside.store.log,
            publications=outside.store.publications,
            publisher=publisher,
            tell=outside.tell,
            now=outside.now,
            rng=outside.rng,
            fenced=self.emitter.fenced,
        )

    def _ran(self, key: str) -> None:
        self.emitter.entity_ran(key)

    async def run_activity(self, text: str) -> str:
        """Run `emit` on its input; return what it answers. Both are JSON."""
        return json.dumps(await outbox.emit(self.drains, json.loads(text), self.hub))

    async def sweep(self, older_than: timedelta, seconds_max: float) -> None:
        """What the sweeper's timer does."""
        await self.sweeper.sweep(self.hub, older_than, seconds_max)

    async def publish(self) -> None:
        """What the publisher's timer does."""
        if self.catch_up is not None:
            await self.catch_up.publish(self._outside.unmark_after)
