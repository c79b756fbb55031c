"""Deaths of worker processes on purpose. Nothing happens by default.

Part of the host's fault plan: `{"worker_died": {"work": "entity", "nth": 3, "when": "after"}}`.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from localhost.functions import WORK, Function
from localhost.taskhub import FaultPlanError


class When(StrEnum):
    """Which side of the run."""

    BEFORE = "before"
    """The request is on its way; the function may or may not have begun."""
    AFTER = "after"
    """The function did its work; its answer is lost."""


@dataclass(slots=True)
class WorkerFaults:
    """Kill the worker, with all that runs in it, at the nth run (from 1) of one kind or of any."""

    when: When | None = None
    nth: int = 1
    work: str | None = None
    _runs: Counter[When] = field(init=False, default_factory=Counter)

    @classmethod
    def of(cls, plan: Any) -> Self:
        """Read what a plan says of `worker_died`. Raises FaultPlanError."""
        if plan is None:
            return cls()
        if not isinstance(plan, dict) or plan.keys() - {"work", "nth", "when"}:
            raise FaultPlanError(f"worker_died has work, nth and when, not {plan!r}")
        work, nth, when = plan.get("work"), plan.get("nth", 1), plan.get("when", When.AFTER)
        if work not in {None, *WORK.values()}:
            raise FaultPlanError(f"work is one of {', '.join(WORK.values())}, not {work!r}")
        if not isinstance(nth, int) or isinstance(nth, bool) or nth < 1:
            raise FaultPlanError(f"nth counts from 1, got {nth!r}")
        if when not in list(When):
            raise FaultPlanError(f"when is before or after, not {when!r}")
        return cls(When(when), nth, work)

    def kills(self, function: Function, side: When) -> bool:
        """Tell that a run is on this side; return whether its worker dies now."""
        if self.when is not side or self.work not in {None, WORK.get(function.trigger_type)}:
            return False
        self._runs[side] += 1
        return self._runs[side] == self.nth
