"""The parts of the engine that speak to the app's functions, in the dialect of its SDK."""

from collections.abc import Callable
from dataclasses import dataclass

from localhost.taskhub.activities import Activities
from localhost.taskhub.commit import Committer
from localhost.taskhub.entities import Entities
from localhost.taskhub.episode import Orchestrator
from localhost.taskhub.messages import Message
from localhost.taskhub.resources import Resources


@dataclass(frozen=True, slots=True)
class Parts:
    """How they are made. Without an argument: JSON, as SDK 1.x has it."""

    orchestrator: Callable[[Resources], Orchestrator] = Orchestrator
    entities: Callable[[Resources, Committer, Callable[[list[Message]], None]], Entities] = Entities
    activities: Callable[[Resources, Committer], Activities] = Activities
