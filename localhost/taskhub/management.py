"""What clients ask of the hub: start, signal, raise events, terminate, rewind, purge."""

import asyncio
import sqlite3
import uuid
from typing import Final, Protocol

from localhost.taskhub.actions import unknown_function
from localhost.taskhub.decisions import operation
from localhost.taskhub.events import Event, Kind, event, started, text
from localhost.taskhub.instances import Filter, delete_rows, find_purged, find_rows
from localhost.taskhub.messages import Message, insert_all, insert_message
from localhost.taskhub.options import Overridable
from localhost.taskhub.resources import Resources
from localhost.taskhub.runtime import InstanceRow, find_history, find_row

INSTANCE_ID_MAX: Final = 512
"""Characters in the id of an instance: a key of Table Storage has no more."""
PURGE_PAUSE_SECONDS: Final = 0.01

_NEW_ROW = (
    "INSERT OR REPLACE INTO instances (id, execution, name, version, status, input, created,"
    " updated) VALUES (?, ?, ?, ?, 'Pending', ?, ?, ?)"
)
_ENTITY_STATUS = "UPDATE instances SET status = ?, output = ? WHERE id = ?"


class Invalid(Exception):
    """The request is invalid, whatever the state of the instance."""


class NotFound(Exception):
    """There is no such instance."""


class Gone(Exception):
    """The instance has finished."""


class StorageRefused(Exception):
    """Azure Storage would not take this; the text is that of the extension's exception."""


class Conflict(Exception):
    """An instance with this id is there and may not be replaced."""


class WrongState(Exception):
    """The instance is not in a state in which this can be done."""


class Delivery(Protocol):
    """Where messages go once they are on disk."""

    def deliver(self, message: Message, place: int | None = None) -> None:
        """Hand a message to its instance, at `place` in the queue or at its end."""
        ...

    def waiting(self, target: str) -> int:
        """Return how many messages wait for an instance."""
        ...

    def wake(self, target: str) -> None:
        """Look again at what an instance holds back."""
        ...

    def void(self, target: str) -> None:
        """Make the running work item of an instance give up instead of committing."""
        ...


class Management:
    """The operations of the durable client. Every one is on disk when it returns."""

    def __init__(self, resources: Resources, delivery: Delivery) -> None:
        """Messages go to `delivery` once they are on disk."""
        self._file = resources.file
        self._worker = resources.worker
        self._options = resources.options
        self._clock = resources.clock
        self._faults = resources.faults
        self._numbers = resources.numbers
        self._counts = resources.counts
        self._delivery = delivery

    def find(self, instance: str) -> InstanceRow:
        """Return the committed row. Raises NotFound."""
        row = find_row(self._file.reader, instance)
        if row is None:
            raise NotFound(instance)
        return row

    def find_entity(self, instance: str) -> InstanceRow:
        """Return the committed row of an entity whose state a client reads. Raises NotFound."""
        self._counts.state_reads += 1
        return self.find(instance)

    def page(self, wanted: Filter) -> list[InstanceRow]:
        """Return up to `top` rows in the order of their ids, and one more if there is one."""
        return find_rows(self._file.reader, wanted)

    async def start(
        self, name: str, instance: str | None, input_: str | None, version: str | None
    ) -> str:
        """Start an orchestration and return its id; an unknown `name` fails later, as in Azure.

        Checks, then writes: of two starts with one id at the same time both may succeed here,
        and the later row decides which of them runs. Raises Invalid and Conflict.
        """
        instance = instance or uuid.uuid4().hex
        if len(instance) > INSTANCE_ID_MAX:
            message = "An error occurred while communicating with Azure Storage"
            raise StorageRefused(message)
        row = find_row(self._file.reader, instance)
        if row is not None and not self._may_replace(row):
            message = f"An Orchestration instance with the status {row.status} already exists."
            raise Conflict(message)
        now, execution = self._clock.now(), str(uuid.uuid4())
        version = version or self._options.default_version
        start = started(
            now,
            instance=instance,
            execution=execution,
            name=name,
            version=version,
            input_=input_,
            generation=self._generation(instance) if row is not None else 0,
        )
        message_ = Message(self._numbers.take(), instance, text(start))
        new_row = (instance, execution, name, version, input_, now, now)

        def work(connection: sqlite3.Connection) -> None:
            insert_message(connection, message_)
            connection.execute(_NEW_ROW, new_row)

        self._counts.starts += 1
        await self._file.write("hub.start", work)
        self._delivery.deliver(message_)
        return instance

    def _may_replace(self, row: InstanceRow) -> bool:
        any_state = self._options.overridable_existing_instance_states == Overridable.ANY_STATE
        return row.finished or any_state

    def _generation(self, instance: str) -> int:
        """Return how many executions of this id there were; a purge lets the count begin anew."""
        history = find_history(self._file.reader, instance)
        return 1 + ((history.start["Generation"] or 0) if history is not None else 0)

    async def restart(self, instance: str, *, new_id: bool) -> str:
        """Start again with the same function and input. Raises NotFound and Conflict."""
        row = self.find(instance)
        return await self.start(row.name, None if new_id else instance, row.input, row.version)

    async def signal(self, name: str, key: str, operation_name: str, input_: str | None) -> None:
        """Enqueue an operation. `input_` is the text of the body. Raises Invalid."""
        if not self._worker.has_entity(name):
            known = self._worker.names("entity")
            raise Invalid(unknown_function(name, "entity", known))
        instance = f"@{name.lower()}@{key}"
        body = operation(operation_name, input_, signal=True)
        self._counts.client_signals += 1
        if self._faults.active:
            await self._signal_with_faults(instance, body)
            return
        message_ = Message(self._numbers.take(), instance, body)
        await self._file.write("hub.signal", lambda c: insert_message(c, message_))
        self._delivery.deliver(message_)

    async def _signal_with_faults(self, instance: str, body: str) -> None:
        copies = [
            Message(self._numbers.take(), instance, body)
            for _ in range(self._faults.copies_of_signal())
        ]
        await self._file.write("hub.signal", lambda c: insert_all(c, copies))
        for copy in copies:
            place = self._faults.place_in_queue(self._delivery.waiting(instance))
            self._delivery.deliver(copy, place)

    async def raise_event(self, instance: str, name: str, input_: str) -> None:
        """Send an external event; `input_` is JSON. Raises NotFound and Gone."""
        self.unfinished(instance)
        raised = event(Kind.EVENT_RAISED, self._clock.now(), Name=name, Input=input_)
        await self._tell(instance, raised)

    async def terminate(self, instance: str, reason: str | None) -> None:
        """End it with status Terminated and `reason` as output. Raises NotFound and Gone."""
        row = self.unfinished(instance)
        if row.is_entity:
            self._delivery.void(instance)
            await self._file.write(
                "hub.terminate", lambda c: _set_entity(c, instance, "Terminated", reason)
            )
            return
        now = self._clock.now()
        await self._tell(instance, event(Kind.EXECUTION_TERMINATED, now, Input=reason))

    async def suspend(self, instance: str, reason: str | None) -> None:
        """Hold its events back. Raises NotFound, Gone and WrongState."""
        row = self.unfinished(instance)
        if row.status == "Suspended":
            raise WrongState(_cannot("suspend", row))
        if row.is_entity:
            self._delivery.void(instance)
            await self._file.write(
                "hub.suspend", lambda c: _set_entity(c, instance, "Suspended", reason)
            )
            return
        now = self._clock.now()
        await self._tell(instance, event(Kind.EXECUTION_SUSPENDED, now, Reason=reason))

    async def resume(self, instance: str, reason: str | None) -> None:
        """Let its events through again. Raises NotFound, Gone and WrongState."""
        row = self.unfinished(instance)
        if row.status == "Running":
            raise WrongState(_cannot("resume", row))
        if row.is_entity:
            await self._file.write(
                "hub.resume", lambda c: _set_entity(c, instance, "Running", None)
            )
            self._delivery.wake(instance)
            return
        now = self._clock.now()
        await self._tell(instance, event(Kind.EXECUTION_RESUMED, now, Reason=reason))

    async def rewind(self, instance: str, reason: str) -> None:
        """Run what failed again. Raises NotFound and WrongState unless it has Failed."""
        row = self.find(instance)
        if row.status != "Failed":
            raise WrongState(row.status)
        now = self._clock.now()
        await self._tell(instance, event(Kind.EXECUTION_REWOUND, now, Reason=reason))

    async def purge(self, instance: str) -> None:
        """Delete an instance that has finished, or an entity. Raises NotFound and WrongState."""
        row = self.find(instance)
        if not row.finished and not row.is_entity:
            raise WrongState(instance)
        await self._purge([instance])

    async def purge_many(self, wanted: Filter) -> int:
        """Delete what matches, running instances and entities too; return how many there were.

        In small transactions, with a pause for others after each.
        """
        deleted, after = 0, (wanted.created_from or 0, "")
        while found := find_purged(self._file.reader, wanted, after):
            deleted += await self._purge([id_ for _, id_ in found])
            after = found[-1]
            await asyncio.sleep(PURGE_PAUSE_SECONDS)
        return deleted

    async def _purge(self, ids: list[str]) -> int:
        for id_ in ids:
            self._delivery.void(id_)
        return await self._file.write("hub.purge", lambda c: delete_rows(c, ids))

    def unfinished(self, instance: str) -> InstanceRow:
        """Return the committed row. Raises NotFound and Gone."""
        row = self.find(instance)
        if row.finished:
            raise Gone(instance)
        return row

    async def _tell(self, instance: str, told: Event) -> None:
        message_ = Message(self._numbers.take(), instance, text(told))
        await self._file.write("hub.event", lambda c: insert_message(c, message_))
        self._delivery.deliver(message_)


def _set_entity(
    connection: sqlite3.Connection, instance: str, status: str, output: str | None
) -> None:
    """Change what an entity is allowed to do; its state and its `updated` stay as they are."""
    connection.execute(_ENTITY_STATUS, (status, output, instance))


def _cannot(what: str, row: InstanceRow) -> str:
    return f"Cannot {what} orchestration instance in the {row.status} state."
