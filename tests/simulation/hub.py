"""A task hub that promises nothing beyond `host-protocol`: real entity code, hostile transport.

Entities run through the SDK's own batch handler, on JSON as the extension sends it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import azure.durable_functions as df
from azure.durable_functions.models.EntityStateResponse import EntityStateResponse

from activities.hub import ORCHESTRATION_NAME
from entities.project import Numbered, Project, decode_state, encode_state
from tests.simulation.faults import Fault
from tests.simulation.network import Network

Operation = tuple[str, str]
"""Name and input, as JSON text of JSON text."""

SECONDS_TO_BATCH: Final = (0.0005, 0.02)
SECONDS_IDLE: Final = (0.5, 5.0)
"""A queue that was idle is polled ever more seldom."""


@dataclass(slots=True)
class EntityRow:
    """One entity: what was committed, in order, and what is queued."""

    committed: list[str] = field(default_factory=list)
    uncommitted: list[str] = field(default_factory=list)
    queue: list[Operation] = field(default_factory=list)
    due: bool = False


class TaskHub:
    """Entities and their queues. Orchestrations are started through `begin`."""

    def __init__(
        self,
        network: Network,
        chance: Random,
        entity: Callable[[df.DurableEntityContext], None],
        begin: Callable[[str], object],
        is_anybody_alive: Callable[[], bool],
    ) -> None:
        self.entities: dict[int, EntityRow] = {}
        self.idle_share = 0.0
        self.epoch = 0
        self._network = network
        self._faults = network.faults
        self._chance = chance
        self._handle: Callable[[str], str] = df.Entity.create(entity)
        self._begin = begin
        self._is_anybody_alive = is_anybody_alive

    def row(self, project_id: int) -> EntityRow:
        return self.entities.setdefault(project_id, EntityRow())

    def deliver(self, project_id: int, operation: str, text: str) -> None:
        row = self.row(project_id)
        row.queue.append((operation, text))
        self._schedule(project_id, row)

    def start(self, text: str) -> None:
        self._begin(text)

    def _schedule(self, project_id: int, row: EntityRow) -> None:
        if row.due:
            return
        row.due = True
        drawn = self._chance.random() < self.idle_share
        idle = drawn and self._faults.happened("queue IDLE")
        seconds = self._chance.uniform(*(SECONDS_IDLE if idle else SECONDS_TO_BATCH))
        self._network.later(seconds, lambda: self._run_batch(project_id, row))

    def _run_batch(self, project_id: int, row: EntityRow) -> None:
        """Run a batch in any order; commit its state, or forget that it ever ran."""
        row.due = False
        if not row.queue:
            return
        if self._is_anybody_alive():
            self._work(project_id, row, self._faults.of("entity.batch"))
        if row.queue:
            self._schedule(project_id, row)

    def _work(self, project_id: int, row: EntityRow, fault: Fault) -> None:
        before = row.committed[-1] if row.committed else None
        if fault is Fault.UNSENT:
            self._note(project_id, before, (), fault)
            return
        if fault is Fault.RIVAL:
            row.uncommitted.append(self._execute(project_id, before, self._cut(row)))
        batch = self._cut(row)
        after = self._execute(project_id, before, batch)
        self._note(project_id, after, batch, fault)
        if fault is Fault.UNCOMMITTED:
            row.uncommitted.append(after)
            return
        row.committed.append(after)
        if fault is not Fault.UNDELETED:
            del row.queue[: len(batch)]

    def _cut(self, row: EntityRow) -> Sequence[Operation]:
        order = self._chance.sample(row.queue, len(row.queue))
        if order != row.queue and self._faults.happened("signals REORDERED"):
            row.queue = order
        return row.queue[: self._chance.randint(1, len(row.queue))]

    def _note(
        self, project_id: int, state: str | None, batch: Sequence[Operation], fault: Fault
    ) -> None:
        shown = decode_state(project_id, json.loads(state or "null"))
        outbox = " ".join(f"{each.id}:{each.request.request_id}" for each in shown.outbox)
        names = " ".join(name for name, _ in batch)
        failed = "" if fault is Fault.NONE else f" !{fault.name}"
        what = f"{project_id} {names} -> head {shown.head} outbox [{outbox}]{failed}"
        self._network.trace("entity.batch", what)

    def _execute(self, project_id: int, state: str | None, batch: Sequence[Operation]) -> str:
        request = {
            "self": {"name": "project", "key": str(project_id)},
            "exists": state is not None,
            "state": state,
            "batch": [{"name": op, "isSignal": True, "input": text} for op, text in batch],
        }
        answer = json.loads(self._handle(json.dumps(request)))
        assert not any(each["isError"] for each in answer["results"]), answer
        assert [each["result"] for each in answer["results"]] == ["null"] * len(batch)
        return str(answer["entityState"])

    # What happens to a hub.

    def committed(self) -> list[int]:
        """Return whose entities have a state that could be lost."""
        return sorted(project_id for project_id, row in self.entities.items() if row.committed)

    def roll_back(self, project_id: int, *, lost: bool = False) -> None:
        """Put the state back to any earlier one, or to none at all."""
        committed = self.row(project_id).committed
        if committed:
            del committed[0 if lost else self._chance.randrange(len(committed)) :]

    def wipe(self) -> None:
        """Lose everything: states, queues, and every orchestration."""
        self.epoch += 1
        for row in self.entities.values():
            row.committed.clear()
            row.queue.clear()

    # What a read shows.

    def read(self, project_id: int) -> Any:
        committed = self.row(project_id).committed
        return json.loads(committed[-1]) if committed else None

    def read_stale(self, project_id: int) -> Any:
        """Show any earlier state, or none."""
        committed = self.row(project_id).committed
        shown = self._chance.choice(["null", *committed[:-1]])
        if shown == (committed[-1] if committed else "null"):
            self._faults.came_to_nothing("hub.project STALE")
        return json.loads(shown)

    def read_dirty(self, project_id: int) -> Any:
        """Show a part of what was ever in the outbox, committed or not, in an order that never
        was, with ids that nobody gave: worse than any real read."""
        row = self.row(project_id)
        text = self._chance.choice(["null", *row.committed, *row.uncommitted])
        shown = decode_state(project_id, json.loads(text)).outbox
        outbox = self._chance.sample(shown, self._chance.randint(0, len(shown)))
        head = self._chance.randint(0, 9)
        return encode_state(
            Project(head, tuple(Numbered(head + n, each.request) for n, each in enumerate(outbox)))
        )


class SimulatedClient:
    """What `DurableHub` uses of the SDK's durable client, over the simulated network."""

    def __init__(self, hub: TaskHub, network: Network) -> None:
        self._hub = hub
        self._network = network

    async def signal_entity(self, entity: df.EntityId, operation: str, body: Any) -> None:
        project_id, text = int(entity.key), json.dumps(json.dumps(body))
        name = "hub.settle" if operation == "settle" else "hub.create"
        await self._network.call(
            name,
            f"{project_id} {operation} {body}",
            lambda: self._hub.deliver(project_id, operation, text),
        )

    async def start_new(self, name: str, *, client_input: Any) -> None:
        assert name == ORCHESTRATION_NAME
        text = json.dumps(client_input)
        await self._network.call("hub.start", text, lambda: self._hub.start(text))

    async def read_entity_state(self, entity: df.EntityId) -> EntityStateResponse:
        project_id = int(entity.key)
        state = await self._network.call(
            "hub.project",
            f"{project_id}",
            lambda: self._hub.read(project_id),
            {
                Fault.STALE: lambda: self._hub.read_stale(project_id),
                Fault.DIRTY: lambda: self._hub.read_dirty(project_id),
            },
        )
        return EntityStateResponse(state is not None, state)
