"""Faults that the event hubs inject on purpose. Nothing happens by default.

They are part of the host's fault plan, for example
`{"kill": {"point": "before_checkpoint", "nth": 2}, "event_hub_batch_cut": true, "seed": 7}`.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from localhost.taskhub.faults import FaultPlanError, kill_this_process


class Point(StrEnum):
    """A place at which the host can be killed; each effect has one on either side."""

    BEFORE_APPEND = "before_append"
    AFTER_APPEND = "after_append"
    """The events are on disk, their producer does not know."""
    BEFORE_RUN = "before_run"
    BEFORE_CHECKPOINT = "before_checkpoint"
    """The function has seen the batch, the checkpoint has not moved."""
    AFTER_CHECKPOINT = "after_checkpoint"


@dataclass(slots=True)
class EventHubFaults:
    """A plan of faults; counts are from 1."""

    kill_at: Point | None = None
    kill_nth: int = 1
    batch_cut: bool = False
    """Cut batches at random places, drawn from `seed`."""
    seed: int = 0
    crash: Callable[[], None] = kill_this_process
    _random: random.Random = field(init=False)
    _passed: Counter[Point] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        """Make what is drawn reproducible."""
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible, not secret

    @classmethod
    def taken_from(cls, plan: dict[str, Any]) -> Self:
        """Take the members that are about event hubs out of a plan. Raises FaultPlanError."""
        faults = cls(batch_cut=plan.pop("event_hub_batch_cut", False), seed=plan.get("seed", 0))
        kill = plan.get("kill")
        if isinstance(kill, dict) and kill.get("point") in list(Point):
            if unknown := kill.keys() - {"point", "nth"}:
                raise FaultPlanError(f"expected point and nth, got {', '.join(sorted(unknown))}")
            faults.kill_at, faults.kill_nth = Point(kill["point"]), _count(plan.pop("kill"))
        if not isinstance(faults.batch_cut, bool):
            raise FaultPlanError("event_hub_batch_cut is true or false")
        return faults

    def passed(self, point: Point) -> None:
        """Tell that `point` was reached; does not return when the plan kills the host here."""
        self._passed[point] += 1
        if point is self.kill_at and self._passed[point] == self.kill_nth:
            self.crash()

    def size_of_batch(self, waiting: int) -> int:
        """Return how many of `waiting` events (1 or more) the next batch gets."""
        return self._random.randint(1, waiting) if self.batch_cut else waiting


def _count(fault: dict[str, Any]) -> int:
    nth = fault.get("nth", 1)
    if not isinstance(nth, int) or isinstance(nth, bool) or nth < 1:
        raise FaultPlanError(f"nth counts from 1, got {nth!r}")
    return nth
