"""Faults that the event hubs inject on purpose. Nothing happens by default.

They are part of the host's fault plan, for example
`{"kill": {"point": "before_checkpoint", "nth": 2}, "event_hub_batch_cut": true, "seed": 7}`.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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

    def passed(self, point: Point) -> None:
        """Tell that `point` was reached; does not return when the plan kills the host here."""
        self._passed[point] += 1
        if point is self.kill_at and self._passed[point] == self.kill_nth:
            self.crash()

    def size_of_batch(self, waiting: int) -> int:
        """Return how many of `waiting` events (1 or more) the next batch gets."""
        return self._random.randint(1, waiting) if self.batch_cut else waiting


def read_plan(text: str) -> dict[str, Any]:
    """Return the members of a plan. Raises FaultPlanError; an empty text has none."""
    try:
        plan = json.loads(text or "{}")
    except ValueError as error:
        raise FaultPlanError(f"not a fault plan: {error}") from error
    if not isinstance(plan, dict):
        raise FaultPlanError("a fault plan is a JSON object")
    return plan


def split_plan(text: str) -> tuple[EventHubFaults, str]:
    """Return the event hubs' part of a fault plan, and the JSON of the task hub's.

    Raises FaultPlanError. An empty text is the plan in which nothing happens.
    """
    plan = read_plan(text)
    settings: dict[str, Any] = {"batch_cut": plan.pop("event_hub_batch_cut", False)}
    if "seed" in plan:
        settings["seed"] = plan["seed"]
    kill = plan.get("kill")
    if isinstance(kill, dict) and kill.get("point") in list(Point):
        if unknown := kill.keys() - {"point", "nth"}:
            raise FaultPlanError(f"expected point and nth, got {', '.join(sorted(unknown))}")
        settings["kill_at"] = Point(kill["point"])
        settings["kill_nth"] = _count(plan.pop("kill"))
    if not isinstance(settings["batch_cut"], bool):
        raise FaultPlanError("event_hub_batch_cut is true or false")
    return EventHubFaults(**settings), json.dumps(plan)


def _count(fault: dict[str, Any]) -> int:
    nth = fault.get("nth", 1)
    if not isinstance(nth, int) or isinstance(nth, bool) or nth < 1:
        raise FaultPlanError(f"nth counts from 1, got {nth!r}")
    return nth
