"""Entities: one batch of operations at a time (host-protocol 6)."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from localhost.taskhub.clock import SECOND, Microseconds
from localhost.taskhub.commit import Aborted, Commit, Committer
from localhost.taskhub.decisions import RESPONSE_TYPE
from localhost.taskhub.events import Kind, event, text
from localhost.taskhub.failures import through_dotnet
from localhost.taskhub.faults import Work
from localhost.taskhub.mailboxes import Mailbox
from localhost.taskhub.messages import Message
from localhost.taskhub.resources import Resources
from localhost.taskhub.sorter import Operation, Origin, Sorter
from localhost.taskhub.worker_port import FunctionFailed, FunctionTimedOut, WorkerDied

_STATE = "SELECT present, state, sorter FROM entities WHERE id = ?"
_ROW = "SELECT execution, status FROM instances WHERE id = ?"
_KEEP_STATE = (
    "INSERT INTO entities (id, present, state, sorter) VALUES (?, ?, ?, ?) ON CONFLICT (id)"
    " DO UPDATE SET present = excluded.present, state = excluded.state, sorter = excluded.sorter"
)
_KEEP_ROW = (
    "INSERT INTO instances"
    " (id, execution, name, status, input, custom_status, created, updated)"
    " VALUES (?, ?, ?, 'Running', ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
    " input = excluded.input, custom_status = excluded.custom_status, updated = excluded.updated"
)


class BatchFailed(Exception):
    """The handler gave no usable answer: nothing of the batch counts, it is run again."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a batch starts from. `state` is JSON, or None before the first commit."""

    present: bool = False
    state: str | None = None
    sorter: str | None = None
    status: str = "Running"
    """Of its instance; `Gone` when an orchestration has taken the id."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a batch led to: JSON texts."""

    present: bool
    state: str | None
    results: list[dict[str, Any]]
    sent: list[Message] = field(default_factory=list)
    """Signals to other entities."""


def split_id(instance: str) -> tuple[str, str]:
    """Return name and key of `@name@key`."""
    name, _, key = instance[1:].partition("@")
    return name, key


class Entities:
    """Runs batches. Calls for one entity must not overlap."""

    def __init__(
        self,
        resources: Resources,
        committer: Committer,
        abandon: Callable[[list[Message]], None],
    ) -> None:
        """`abandon` takes messages back that could not be worked on, for later."""
        self._reader = resources.file.reader
        self._worker = resources.worker
        self._options = resources.options
        self._window = self._options.entity_message_reorder_window_minutes * 60 * SECOND
        self._clock = resources.clock
        self._faults = resources.faults
        self._numbers = resources.numbers
        self._counts = resources.counts
        self._committer = committer
        self._abandon = abandon

    async def run(self, box: Mailbox) -> None:
        """Run the next batch of an entity and commit it, or take it back for later."""
        box.put_back(box.held)
        box.held = []
        waiting = min(len(box.queue), self._options.max_entity_operation_batch_size)
        if self._faults.active and waiting:
            waiting = self._faults.size_of_batch(waiting)
        messages = box.take(waiting)
        if not messages:
            return
        try:
            await self._run(box, messages)
        except Aborted:
            box.put_back(messages)
        except (BatchFailed, FunctionFailed, WorkerDied, sqlite3.Error):
            self._abandon(messages)

    async def _run(self, box: Mailbox, messages: list[Message]) -> None:
        before = self._load(box.target)
        if before.status == "Suspended":
            box.held = messages
            return
        commit = Commit(Work.ENTITY, inputs=[message.seq for message in messages])
        if before.status == "Running":
            operations, sorter = self._sort(messages, before.sorter)
            # Even repeats alone are committed: the row may lag behind the state since a crash.
            answer = Answer(before.present, before.state, [])
            if operations:
                answer = await self._ask(box.target, before, operations)
                commit.messages = [*self._responses(operations, answer), *answer.sent]
            self._keep(commit, box, answer, sorter)
        await self._committer.commit(commit, lambda: box.void)

    def _load(self, instance: str) -> Snapshot:
        state = self._reader.execute(_STATE, (instance,)).fetchone()
        row = self._reader.execute(_ROW, (instance,)).fetchone()
        execution, status = row or ("", "Running")
        present, text_, sorter = state or (False, None, None)
        return Snapshot(present, text_, sorter, "Gone" if execution else status)

    def _sort(
        self, messages: list[Message], kept: str | None
    ) -> tuple[list[Operation], str | None]:
        """Return the operations that may run now and what the sorter must remember."""
        if all(message.origin is None for message in messages):
            return [Operation(message.body, None) for message in messages], kept
        sorter = Sorter.of(kept, self._window)
        operations: list[Operation] = []
        for message in messages:
            if message.origin is None:
                operations.append(Operation(message.body, None))
            else:
                operations.extend(sorter.receive(message.body, message.origin))
        return operations, sorter.text()

    async def _ask(self, instance: str, before: Snapshot, operations: list[Operation]) -> Answer:
        name, _ = split_id(instance)
        if not self._worker.has_entity(name):
            return _nobody_home(name, before, len(operations))
        self._counts.entity_batches += 1
        self._counts.entity_operations += len(operations)
        try:
            return await self._reply(instance, before, operations)
        except FunctionTimedOut as error:
            return failed(str(error), before, len(operations))

    async def _reply(
        self, instance: str, before: Snapshot, operations: Sequence[Operation]
    ) -> Answer:
        """Have the function answer a batch."""
        name, key = split_id(instance)
        state = "null" if before.state is None else json.dumps(before.state)
        payload = (
            f'{{"self":{{"name":{json.dumps(name)},"key":{json.dumps(key)}}},'
            f'"exists":{"true" if before.present else "false"},"state":{state},'
            f'"batch":[{",".join([operation.body for operation in operations])}]}}'
        )
        return _read(await self._worker.run_entity(name, payload), len(operations))

    def _responses(self, operations: list[Operation], answer: Answer) -> list[Message]:
        now = self._clock.now()
        return [
            self._response(operation.origin, result, now)
            for operation, result in zip(operations, answer.results, strict=True)
            if operation.origin is not None and not operation.origin.signal
        ]

    def _response(self, origin: Origin, result: dict[str, Any], now: Microseconds) -> Message:
        response = {"$type": RESPONSE_TYPE, "result": result["result"]}
        if result["isError"]:
            response["exceptionType"] = "Error"
        raised = event(Kind.EVENT_RAISED, now, Name=origin.id, Input=_text(response))
        return Message(
            self._numbers.take(), origin.parent, text(raised), execution=origin.execution
        )

    def _keep(self, commit: Commit, box: Mailbox, answer: Answer, sorter: str | None) -> None:
        instance, now = box.target, self._clock.now()
        status: dict[str, Any] = {"entityExists": True} if answer.present else {}
        if box.queue:
            status["queueSize"] = len(box.queue)
        commit.history = [(_KEEP_STATE, (instance, answer.present, answer.state, sorter))]
        row = (instance, "", instance, answer.state, _text(status), now, now)
        commit.instance = [(_KEEP_ROW, row)]


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _read(reply: str, operations: int) -> Answer:
    try:
        parsed = json.loads(reply)
        state = through_dotnet(parsed["entityState"])
        answer = Answer(parsed["entityExists"], state, parsed["results"])
    except (ValueError, TypeError, KeyError) as error:
        message = f"not the answer of an entity: {error}"
        raise BatchFailed(message) from error
    if len(answer.results) != operations:
        message = f"{len(answer.results)} results for {operations} operations"
        raise BatchFailed(message)
    return answer


def _nobody_home(name: str, before: Snapshot, operations: int) -> Answer:
    """Return an error for each operation: the app has no such entity any more."""
    said = f"The function '{name}' doesn't exist, is disabled, or is not an entity."
    return failed(said, before, operations)


def failed(why: str, before: Snapshot, operations: int) -> Answer:
    """Return an error for each operation; the state stays and the batch does not run again."""
    results = [{"isError": True, "result": json.dumps(why)}] * operations
    return Answer(before.present, before.state, results)
