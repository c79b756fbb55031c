"""Code that no longer does what the model does is found out, whether or not a promise breaks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from activities.emit import Emitter, Found
from activities.hub import Hub
from entities.project import Numbered, entity
from model import java
from model.trace import Rejection, check
from store.port import Head, StoreError
from tests.simulation.conformance.traces import traces_of_play
from tests.simulation.faults import Fault
from tests.simulation.process import Parts
from tests.simulation.small import play
from tests.simulation.world import REAL, Variant
from todos import Todo, TodoRequest
from triggers.intake import Accepted, Intake, Outcome


class SettlesUnseen(Emitter):
    """Settles the whole chunk, whatever of it was seen in the log."""

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        logged = await super()._advance(project_id, chunk, hub)
        await hub.settle(project_id, 0, [each.request.request_id for each in chunk])
        return logged


class RemovesFirst(Emitter):
    """Removes inbox rows before it knows how the append went."""

    async def _append(self, project_id: int, head: Head, chunk: Sequence[Numbered]) -> Found:
        await self._store.inbox.remove(project_id, [e.request.request_id for e in chunk])
        return await super()._append(project_id, head, chunk)


class AnnouncesFirst(Emitter):
    """Wakes who waits before the log has the TODO."""

    async def _advance(self, project_id: int, chunk: Sequence[Numbered], hub: Hub) -> set[str]:
        for each in chunk:
            todo = Todo(project_id, each.id, each.request.title)
            self._arrivals.announce(each.request.request_id, todo)
        return await super()._advance(project_id, chunk, hub)


class BelievesItHappened(Emitter):
    """Takes an append without an answer for done."""

    async def _append(self, project_id: int, head: Head, chunk: Sequence[Numbered]) -> Found:
        try:
            return await super()._append(project_id, head, chunk)
        except StoreError:
            return {e.request.request_id: Todo(project_id, e.id, e.request.title) for e in chunk}


class ReadsLogFirst(Intake):
    """Reads the request rows before it inserts the inbox rows."""

    async def _attempt(
        self, project_id: int, requests: Sequence[TodoRequest]
    ) -> dict[str, Outcome]:
        await self._store.log.find(project_id, [each.request_id for each in requests])
        await self._insert(project_id, requests)
        return {each.request_id: Accepted() for each in requests}


def last_first(context: Any) -> None:
    """An entity that puts the newest request in front."""
    entity(context)
    state = context.get_state()
    context.set_state({**state, "outbox": state["outbox"][::-1]})


def place_of(call: str) -> int:
    _, written = play(0)
    return written.calls.index(call)


def calls(faults: Mapping[int, Fault]) -> list[str]:
    return play(0, faults)[1].calls


def lost_append() -> dict[int, Fault]:
    return {calls({}).index("log.append"): Fault.BEFORE}


def lost_append_and_look() -> dict[int, Fault]:
    (append,) = lost_append()
    look = calls(lost_append()).index("log.find", append)
    return {append: Fault.BEFORE, look: Fault.BEFORE}


@dataclass(frozen=True, slots=True)
class Mutant:
    variant: Variant
    action: str
    """Where it is found out."""
    faults: Callable[[], Mapping[int, Fault]] = dict


def with_emitter(emitter: type[Emitter]) -> Variant:
    return replace(REAL, parts=Parts(emitter=emitter))


MUTANTS: Final[Mapping[str, Mutant]] = {
    "settles unseen": Mutant(with_emitter(SettlesUnseen), "ClearUp", lost_append),
    "removes first": Mutant(with_emitter(RemovesFirst), "ClearUp"),
    "announces first": Mutant(with_emitter(AnnouncesFirst), "Show"),
    "believes it happened": Mutant(with_emitter(BelievesItHappened), "Show", lost_append_and_look),
    "reads the log first": Mutant(replace(REAL, parts=Parts(intake=ReadsLogFirst)), "Decide"),
    "last first": Mutant(replace(REAL, entity=last_first), "Create"),
}


@pytest.fixture(scope="module")
def rejections() -> dict[str, Rejection]:
    traces = [
        replace(trace, name=name)
        for name, mutant in MUTANTS.items()
        for trace in traces_of_play(0, mutant.faults(), mutant.variant)
    ]
    return {each.trace.name: each for each in check(java.find_or_install(), traces)}


@pytest.mark.parametrize("name", MUTANTS)
def test_it_is_rejected(name: str, rejections: dict[str, Rejection]) -> None:
    assert rejections[name].line.action == MUTANTS[name].action, str(rejections[name])
