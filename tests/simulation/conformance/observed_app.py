"""The code under test, telling a record on whose behalf it makes which calls.

Nothing of it is replaced: each part is a subclass of, or goes around, the one of the variant.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from activities.arrivals import Arrivals
from activities.emit import Emitter, Missing
from activities.hub import Hub, Wanted
from entities import project
from entities.project import Numbered, decode_requests, decode_state
from entities.versions import items_of
from store.port import Store
from tests.simulation.conformance.observed_store import ObservedStore, ObservedTables
from tests.simulation.conformance.record import (
    ACTOR,
    Actor,
    Announced,
    Attempt,
    Began,
    Chunk,
    Operated,
    Record,
    Sweeping,
    Told,
)
from tests.simulation.process import Sweep
from tests.simulation.world import Variant
from todos import Todo, TodoRequest
from triggers.announcer import Announcer
from triggers.intake import Intake, Outcome, Refused

T = TypeVar("T")


def observed(variant: Variant, record: Record) -> Variant:
    """Return the same variant under observation."""
    parts = variant.parts
    return replace(
        variant,
        tables=_mixed(ObservedTables, variant.tables, record),
        entity=_observed_entity(variant.entity, record),
        parts=replace(
            parts,
            intake=_mixed(ObservedIntake, parts.intake, record),
            emitter=_mixed(ObservedEmitter, parts.emitter, record),
            sweep=_observed_sweep(parts.sweep, record),
        ),
    )


def _mixed(observer: type, part: Any, record: Record) -> Any:
    assert isinstance(part, type), f"{part} is no class that could be observed"
    bases = (observer,) if part in observer.__mro__ else (observer, part)
    return type(observer.__name__, bases, {"record": record})


class ObservedIntake(Intake):
    """Knows which attempt makes a call."""

    record: ClassVar[Record]

    def __init__(self, store: Store, announcer: Announcer, now: Callable[[], datetime]) -> None:
        watched: Any = ObservedStore(store, self.record)
        super().__init__(watched, announcer, now)

    async def _attempt(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, Outcome]:
        attempt = Attempt({each.request_id: each for each in requests})
        outcomes = await _on_behalf_of(attempt, super()._attempt(project_id, requests))
        attempt.verdicts.update(
            {r: "refused" if isinstance(o, Refused) else "accepted" for r, o in outcomes.items()}
        )
        return outcomes


class ObservedEmitter(Emitter):
    """Knows which chunk a call is about."""

    record: ClassVar[Record]

    def __init__(self, store: Store, arrivals: Arrivals, *others: Any) -> None:
        watched: Any = ObservedStore(store, self.record)
        super().__init__(watched, ObservedArrivals(arrivals, self.record), *others)

    async def emit(self, wanted: Wanted, hub: Hub) -> list[Missing]:
        return await super().emit(wanted, ObservedHub(hub, self.record))

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        actor = Chunk(tuple(chunk))
        self.record.note(project_id, Began(actor))
        return await _on_behalf_of(actor, super()._advance(project_id, chunk, hub))


class ObservedArrivals(Arrivals):
    """Knows what callers are shown."""

    def __init__(self, arrivals: Arrivals, record: Record) -> None:
        super().__init__()
        self._arrivals, self._record = arrivals, record

    def announce(self, request_id: str, todo: Todo) -> None:
        self._record.note(todo.project_id, Announced(request_id, todo.id))
        self._arrivals.announce(request_id, todo)


async def _on_behalf_of(actor: Actor, work: Awaitable[T]) -> T:
    # No `finally`: a process that was killed is put away in the context of somebody else.
    ACTOR.set(actor)
    try:
        answer = await work
    except Exception:
        ACTOR.set(None)
        raise
    ACTOR.set(None)
    return answer


def _observed_sweep(sweep: Sweep, record: Record) -> Sweep:
    async def observed_sweep(
        store: Store, announcer: Announcer, hub: Hub, now: datetime, older_than: timedelta
    ) -> int:
        watched: Any = ObservedStore(store, record)
        work = sweep(watched, announcer, ObservedHub(hub, record), now, older_than)
        return await _on_behalf_of(Sweeping(), work)

    return observed_sweep


class ObservedHub:
    """`activities.hub.Hub`."""

    def __init__(self, hub: Hub, record: Record) -> None:
        self._hub = hub
        self._record = record
        self.create, self.project, self.start = hub.create, hub.project, hub.start

    async def settle(self, project_id: int, head: int, request_ids: Sequence[str]) -> None:
        self._record.note(project_id, Told(ACTOR.get(), head, tuple(request_ids)))
        await self._hub.settle(project_id, head, request_ids)


def _observed_entity(entity: Callable[[Any], None], record: Record) -> Callable[[Any], None]:
    def observed_entity(context: Any) -> None:
        project_id = int(context.entity_key)
        before = decode_state(project_id, context.get_state())
        name, body = context.operation_name, context.get_input()
        entity(context)
        settled = (int(body["head"]), body["requestIds"]) if "settle" in name else None
        created = items_of(body, "requests") if "create" in name else []
        record.room = project.OUTBOX_CHARACTERS_MAX
        record.note(
            project_id,
            Operated(
                settled=settled,
                created=decode_requests(project_id, created),
                before=before,
                after=decode_state(project_id, context.get_state()),
            ),
        )

    return observed_entity
