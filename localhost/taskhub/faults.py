"""Faults that the hub injects on purpose, and the points at which it can be killed.

The points lie between the four steps of a commit (`commit.py`). Nothing happens by default.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Point(StrEnum):
    """A place in the commit of an episode, an entity batch or an activity's result."""

    BEFORE_SEND = "before_send"
    AFTER_SEND_BEFORE_COMMIT = "after_send_before_commit"
    AFTER_HISTORY_BEFORE_INSTANCE = "after_history_before_instance"
    AFTER_COMMIT_BEFORE_ACK = "after_commit_before_ack"


class Work(StrEnum):
    """What the hub was doing."""

    ORCHESTRATION = "orchestration"
    ENTITY = "entity"
    ACTIVITY = "activity"


class FaultPlanError(ValueError):
    """The text is not a fault plan; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class At:
    """The nth time (from 1) that something happens, in one kind of work or in any."""

    nth: int
    work: Work | None = None
    point: Point | None = None

    @classmethod
    def of(cls, value: dict[str, Any], *, point: bool) -> Self:
        """Read `{"nth": 3, "work": "entity"}`, with `"point"` where a point is asked for."""
        unknown = value.keys() - {"nth", "work", "point"}
        if unknown or point != ("point" in value):
            message = f"expected nth, work (optional){' and point' * point}, got {value}"
            raise FaultPlanError(message)
        work = Work(value["work"]) if "work" in value else None
        at = Point(value["point"]) if point else None
        return cls(int(value.get("nth", 1)), work, at)


def kill_this_process() -> None:
    """End this process as a power cut does: nothing is flushed, nobody is told."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class Faults:
    """A plan of faults. Shares are probabilities from 0 to 1, drawn from `seed`."""

    kill: At | None = None
    """Kill this process (the host) at the nth passage of a point."""
    duplicate_client_signals: float = 0.0
    """Share of client signals that are enqueued twice."""
    shuffle_client_signals: float = 0.0
    """Share of client signals that overtake signals waiting for the same entity."""
    duplicate_activities: float = 0.0
    """Share of activities that run twice, as after a lost acknowledgement."""
    batch_cut: float = 0.0
    """Share of entity batches that are cut at a random place."""
    seed: int = 0
    crash: Callable[[], None] = kill_this_process
    active: bool = field(init=False)
    _random: random.Random = field(init=False)
    _passed: Counter[tuple[Point, Work | None]] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        """Decide once whether there is anything to do at all."""
        shares = (
            self.duplicate_client_signals,
            self.shuffle_client_signals,
            self.duplicate_activities,
            self.batch_cut,
        )
        if not all(0 <= share <= 1 for share in shares):
            message = "a share lies between 0 and 1"
            raise FaultPlanError(message)
        self.active = bool(self.kill or any(shares))
        self._random = random.Random(self.seed)  # noqa: S311 - to be repeated, not secret

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> Self:
        """Read a plan such as `{"kill": {"point": "before_send", "nth": 3}, "seed": 7}`.

        Raises FaultPlanError.
        """
        settings = dict(plan)
        if "crash" in settings:
            raise FaultPlanError("unknown fault: crash")
        try:
            if "kill" in settings:
                settings["kill"] = At.of(settings["kill"], point=True)
            return cls(**settings)
        except FaultPlanError:
            raise
        except (TypeError, ValueError, KeyError) as error:
            raise FaultPlanError(f"not a fault plan: {error}") from error

    def passed(self, point: Point, work: Work) -> None:
        """Tell that `point` was reached; does not return when the plan kills the host here."""
        for seen in (work, None):
            self._passed[point, seen] += 1
            if self.kill == At(self._passed[point, seen], seen, point):
                self.crash()

    def copies_of_signal(self) -> int:
        """Return how many times to enqueue a client signal: 1 or 2."""
        return 1 + self._happens(self.duplicate_client_signals)

    def copies_of_activity(self) -> int:
        """Return how many times to enqueue an activity: 1 or 2."""
        return 1 + self._happens(self.duplicate_activities)

    def place_in_queue(self, length: int) -> int:
        """Return where in a queue of `length` a new client signal goes; usually at its end."""
        if not self._happens(self.shuffle_client_signals):
            return length
        return self._random.randint(0, length)

    def size_of_batch(self, waiting: int) -> int:
        """Return how many of `waiting` operations (1 or more) the next batch gets."""
        if not self._happens(self.batch_cut):
            return waiting
        return self._random.randint(1, waiting)

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
