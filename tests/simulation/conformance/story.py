"""What a translation has written so far, and what everybody who writes has to know."""

from dataclasses import dataclass, field
from typing import Final

from entities.project import Project
from model.trace import Value
from tests.simulation.conformance.record import LogRows
from tests.simulation.conformance.steps import Party, Step

UNEXPLAINED: Final = "Unexplained"
"""No action of the model: somebody did what nobody was seen to do."""


@dataclass(slots=True)
class Story:
    """Of one project."""

    at: float = 0.0
    steps: list[Step] = field(default_factory=list)
    log: LogRows = ()
    settled_to: dict[str, int] = field(default_factory=dict)
    """How far a `settle` about a request may say that the log goes, in the model."""
    states: list[Step] = field(default_factory=list)
    """Those steps after which the entity was seen."""

    def write(self, action: str, party: Party | None = None, **fields: Value) -> Step:
        step = Step(self.at, action, fields, party)
        self.steps.append(step)
        return step

    def write_state(self, action: str, entity: Project) -> None:
        self.see(self.write(action), entity)

    def see(self, step: Step, entity: Project) -> None:
        step.entity = entity
        self.states.append(step)

    def remember(self, source: Step | None) -> None:
        self.write("Remember").source = source

    @property
    def entity(self) -> Project:
        state = self.states[-1].entity if self.states else None
        return state or Project()

    @property
    def logged(self) -> dict[str, int]:
        """Ids by request id."""
        return {request_id: place for place, (request_id, _) in enumerate(self.log, 1)}

    def settle(self, request_ids: frozenset[str]) -> None:
        self.settled_to.update(dict.fromkeys(request_ids, len(self.log)))
