"""Which state of the entity a chunk was read from, and what was left out of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from entities.project import Numbered, Project
from tests.simulation.conformance.steps import Step


@dataclass(frozen=True, slots=True)
class Read:
    """The step after which the entity had the state, and who was left out."""

    step: Step
    known: frozenset[str]


def last_read(
    states: Sequence[Step], entries: tuple[Numbered, ...], logged: Collection[str]
) -> Read | None:
    """Find the last state that the chunk can be of; None when there was none.

    What is left out between its entries has to be in the log already.
    """
    for step in reversed(states):
        left = _left_out(step.entity or Project(), entries)
        if left is not None and left <= set(logged):
            return Read(step, left)
    return None


def _left_out(state: Project, entries: tuple[Numbered, ...]) -> frozenset[str] | None:
    outbox = state.outbox
    if not entries or entries[0] not in outbox or entries[-1] not in outbox:
        return None
    between = outbox[outbox.index(entries[0]) : outbox.index(entries[-1]) + 1]
    if tuple(each for each in between if each in entries) != entries:
        return None
    return frozenset(each.request.request_id for each in between if each not in entries)
