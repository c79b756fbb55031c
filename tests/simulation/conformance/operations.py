"""The entity, operation by operation, and what becomes of its state between two batches."""

from collections.abc import Sequence

from entities.project import Project, characters
from tests.simulation.conformance.record import Operated
from tests.simulation.conformance.story import UNEXPLAINED, Story
from todos import TodoRequest


class Operations:
    """Create and Settle, request by request; RollBack and WipeEntity, when they show.

    A batch that is never committed is one after which the state goes back.
    """

    def __init__(self, story: Story) -> None:
        self._story = story

    def operated(self, event: Operated) -> None:
        self._find(event.before)
        steps = len(self._story.steps)
        if event.settled is not None:
            self._settle(*event.settled)
        for each in event.created:
            self._create(each)
        if len(self._story.steps) > steps:
            self._story.see(self._story.steps[-1], event.after)
        elif event.after != event.before:
            self._story.write_state(UNEXPLAINED, event.after)

    def _find(self, state: Project) -> None:
        """Have the entity be as it was found, if that is not as it was left."""
        if state == self._story.entity:
            return
        if state == Project():
            self._story.write_state("WipeEntity", state)
            return
        states = self._story.states
        self._story.remember(next((s for s in reversed(states) if s.entity == state), None))
        self._story.write_state("RollBack", state)

    def _create(self, request: TodoRequest) -> None:
        name, size = request.request_id, characters(request)
        self._story.write("Create", request=name, title=request.title, size=size)

    def _settle(self, head: int, request_ids: Sequence[str]) -> None:
        """One of them says how far the log goes; the others need not go beyond themselves."""
        logged, settled_to = self._story.logged, self._story.settled_to
        speakers = [r for r in request_ids if settled_to.get(r, 0) >= head] or request_ids[-1:]
        for each in request_ids:
            said = head if each == speakers[0] else logged.get(each, head)
            self._story.write("Settle", request=each, head=said)
