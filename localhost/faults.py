"""The one plan of what shall go wrong, from LOCALHOST_FAULTS or from `/admin/localhost/faults`.

README.md of this folder lists what it may hold.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from localhost.errors import StartError
from localhost.eventhubs.faults import EventHubFaults
from localhost.taskhub import FaultPlanError, Faults
from localhost.worker_faults import WorkerFaults

FAULTS_SETTING: Final = "LOCALHOST_FAULTS"


@dataclass(slots=True)
class FaultPlan:
    """The parts of a plan, one for each part of the host, which asks it at every step."""

    text: str
    workers: WorkerFaults
    event_hubs: EventHubFaults
    task_hub: Faults

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a plan, a JSON object; an empty text is one of nothing. Raises FaultPlanError."""
        try:
            plan = json.loads(text or "{}")
        except ValueError as error:
            raise FaultPlanError(f"not a fault plan: {error}") from error
        if not isinstance(plan, dict):
            raise FaultPlanError("a fault plan is a JSON object")
        shown = json.dumps(plan)
        workers = WorkerFaults.of(plan.pop("worker_died", None))
        event_hubs = EventHubFaults.taken_from(plan)
        return cls(shown, workers, event_hubs, Faults.of(plan))

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the plan of LOCALHOST_FAULTS. Raises StartError."""
        try:
            return cls.of(environ.get(FAULTS_SETTING, ""))
        except FaultPlanError as error:
            raise StartError(f"{FAULTS_SETTING}: {error}") from error

    def replace(self, text: str) -> None:
        """Follow another plan from now on; its counts begin anew. Raises FaultPlanError."""
        other = type(self).of(text)
        self.text = other.text
        for mine, its in (
            (self.workers, other.workers),
            (self.event_hubs, other.event_hubs),
            (self.task_hub, other.task_hub),
        ):
            _copy(mine, its)


def _copy(mine: Any, its: Any) -> None:
    for item in fields(mine):
        setattr(mine, item.name, getattr(its, item.name))
