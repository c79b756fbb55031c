"""Entities that promise nothing beyond `host-protocol`: real entity code, hostile transport.

They run through the SDK's own batch handler. A batch is run,
then committed, then its messages are deleted, and its host may die after each; what the host had
in flight comes back five minutes later, behind what arrived meanwhile.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final

from entities.messages import decode_order, encode_order
from entities.order import Order
from tests.simulation.faults import Fault
from tests.simulation.host import Host, Worker
from tests.simulation.network import Network

Operation = tuple[str, str, int]
"""Name and message, as JSON text, and the number of the signal."""

SECONDS_TO_BATCH: Final = (0.0005, 0.02)
SECONDS_IDLE: Final = (0.5, 5.0)
"""A queue that was idle is polled ever more seldom."""

SECONDS_UNSERVED: Final = 1.0
"""Until the hub looks again whether somebody serves the partition."""

SECONDS_INVISIBLE: Final = 300.0
"""Of the messages that a host had in flight when it died."""

SECONDS_AFTER_WORKER: Final = 2.5
"""Until a batch runs again whose worker died alone."""

SHARE_INVISIBLE: Final = 0.5
"""Of batches that are not committed: the others run again at once, on another host."""

BATCH_MAX: Final = 200


@dataclass(slots=True)
class EntityRow:
    """One entity: what was committed, in order, and what is queued."""

    committed: list[str] = field(default_factory=list)
    uncommitted: list[str] = field(default_factory=list)
    timeline: list[str] = field(default_factory=lambda: ["null"])
    """Every state that was ever to be read, as it followed on the one before."""
    wrong: list[str] = field(default_factory=list)
    """What reads were made to show though it was not so."""
    queue: list[Operation] = field(default_factory=list)
    due: bool = False

    @property
    def current(self) -> str:
        return self.timeline[-1]

    def now_is(self, text: str) -> None:
        self.timeline.append(text)


class Entities:
    """All entities of one hub, and their queues."""

    def __init__(
        self,
        network: Network,
        chance: Random,
        owner: Callable[[str], Host | None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self.rows: dict[str, EntityRow] = {}
        self.idle_share = 0.0
        self.epoch = 0
        self.listed: dict[str, list[str]] = {}
        """Of each key, the ids in the order in which they first were in a committed outbox."""
        self.numbers = count(1)
        """Of signals."""
        self._network = network
        self._faults = network.faults
        self._chance = chance
        self.owner = owner
        """Says which host works on an entity now."""
        self._spawn = spawn

    def row(self, key: str) -> EntityRow:
        return self.rows.setdefault(key, EntityRow())

    def deliver(self, key: str, operation: str, text: str, number: int) -> None:
        row = self.row(key)
        row.queue.append((operation, text, number))
        self._schedule(key, row)

    def _schedule(self, key: str, row: EntityRow, seconds: float | None = None) -> None:
        if row.due:
            return
        row.due = True
        if seconds is None:
            drawn = self._chance.random() < self.idle_share
            idle = drawn and self._faults.happened("queue IDLE")
            seconds = self._chance.uniform(*(SECONDS_IDLE if idle else SECONDS_TO_BATCH))
        self._network.later(seconds, lambda: self._spawn(self._serve(key, row)))

    async def _serve(self, key: str, row: EntityRow) -> None:
        """Run a batch in any order; commit its state, or forget that it ever ran."""
        host = self.owner(key)
        if host is not None and row.queue:
            async with host.entities:
                if host.runs and row.queue:
                    await self._work(key, row, host)
        row.due = False
        if row.queue:
            self._schedule(key, row, None if host else SECONDS_UNSERVED)

    async def _work(self, key: str, row: EntityRow, host: Host) -> None:
        fault, epoch, before = self._faults.of("entity.batch"), self.epoch, row.current
        worker = host.worker
        assert worker is not None
        if fault is Fault.UNSENT:
            self._hide(key, row, self._cut(row))
            return
        if fault is Fault.RIVAL:
            row.uncommitted.append(self._execute(worker, key, before, self._cut(row)))
        batch = self._cut(row)
        after = self._execute(worker, key, before, batch)
        self._note(key, after, batch, fault)
        await asyncio.sleep(self._network.delay("entity.batch"))
        if epoch != self.epoch:
            return
        if not host.runs or host.worker is not worker:
            self._died_under(key, row, batch, after, host)
        elif fault is Fault.UNCOMMITTED:
            row.uncommitted.append(after)
            self._hide(key, row, batch)
        elif row.current != before:
            row.uncommitted.append(after)  # the state went back under it: its commit fails
        else:
            self._commit(key, row, after, [number for _, _, number in batch])
            if fault is not Fault.UNDELETED:
                del row.queue[: len(batch)]

    def _commit(self, key: str, row: EntityRow, after: str, numbers: Sequence[int]) -> None:
        self._network.observer.committed(key, numbers, after)
        row.committed.append(after)
        row.now_is(after)
        seen = self.listed.setdefault(key, [])
        seen += [each for each in decode_order(json.loads(after)).outbox if each not in seen]

    def _died_under(
        self, key: str, row: EntityRow, batch: Sequence[Operation], after: str, host: Host
    ) -> None:
        row.uncommitted.append(after)
        seconds = SECONDS_AFTER_WORKER if host.alive else SECONDS_INVISIBLE
        if not host.alive:
            self._faults.happened("signals INVISIBLE")
        self._take_out(key, row, batch, seconds)

    def _hide(self, key: str, row: EntityRow, batch: Sequence[Operation]) -> None:
        drawn = self._chance.random() < SHARE_INVISIBLE
        if drawn and self._faults.happened("signals INVISIBLE"):
            self._take_out(key, row, batch, SECONDS_INVISIBLE)

    def _take_out(
        self, key: str, row: EntityRow, batch: Sequence[Operation], seconds: float
    ) -> None:
        """Have messages come back later; those that come meanwhile overtake them."""
        del row.queue[: len(batch)]
        epoch = self.epoch

        def come_back() -> None:
            if epoch == self.epoch:
                row.queue += batch
                self._schedule(key, row)

        self._network.after(seconds, come_back)

    def _cut(self, row: EntityRow) -> Sequence[Operation]:
        order = self._chance.sample(row.queue, len(row.queue))
        if order != row.queue and self._faults.happened("signals REORDERED"):
            row.queue = order
        return row.queue[: self._chance.randint(1, min(BATCH_MAX, len(row.queue)))]

    def _note(self, key: str, state: str, batch: Sequence[Operation], fault: Fault) -> None:
        failed = "" if fault is Fault.NONE else f"!{fault.name}"
        self._network.trace("entity.batch", key, len(batch), "signals ->", state, failed)

    def _execute(self, worker: Worker, key: str, state: str, batch: Sequence[Operation]) -> str:
        before = None if state == "null" else state
        operations = [(operation, text) for operation, text, _ in batch]
        after, results = worker.within(lambda: worker.app.run_entity(key, before, operations))
        assert results == [None] * len(batch)
        return str(after)

    # What happens to a hub.

    def committed(self) -> list[str]:
        """Return whose entities have a state that could be lost."""
        return sorted(key for key, row in self.rows.items() if row.committed)

    def roll_back(self, key: str, *, lost: bool = False) -> None:
        """Put the state back to any earlier one, or to none at all."""
        row = self.row(key)
        if row.committed:
            del row.committed[0 if lost else self._chance.randrange(len(row.committed)) :]
            row.now_is(row.committed[-1] if row.committed else "null")
            self._network.observer.went_back(key, row.current)

    def wipe(self) -> None:
        """Lose everything: states and queues."""
        self.epoch += 1
        for key, row in self.rows.items():
            row.committed.clear()
            row.now_is("null")
            self._network.observer.went_back(key, row.current)
            row.queue.clear()

    # What a read shows.

    def read(self, key: str) -> Any:
        state = self.row(key).current
        self._network.observer.read(key, state, "committed")
        return json.loads(state)

    def read_stale(self, key: str) -> Any:
        """Show any earlier state, or none."""
        row = self.row(key)
        shown = self._chance.choice(["null", *row.committed[:-1]])
        if shown == row.current:
            self._faults.came_to_nothing("hub.order STALE")
        row.wrong.append(shown)
        self._network.observer.read(key, shown, "stale")
        return json.loads(shown)

    def read_dirty(self, key: str) -> Any:
        """Show a part of what was ever in the outbox, committed or not, in an order that never
        was, behind a head that never was: worse than any real read."""
        row = self.row(key)
        text = self._chance.choice(["null", *row.committed, *row.uncommitted])
        outbox = decode_order(json.loads(text)).outbox
        some = self._chance.sample(outbox, self._chance.randint(0, len(outbox)))
        shown = encode_order(Order(self._chance.randint(0, 9), tuple(some)))
        row.wrong.append(json.dumps(shown))
        self._network.observer.read(key, row.wrong[-1], "dirty")
        return shown
