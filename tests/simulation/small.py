"""One small history that is the same every time, to be broken at each of its points in turn.

Two requests of one project, a repeat of the first at once and another later, and twice somebody
who uses its request id for something else.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from tests.simulation.clients import Sending
from tests.simulation.faults import Fault, Written
from tests.simulation.world import REAL, Rounds, Variant, World, inside
from todos import TodoRequest

MILK: Final = TodoRequest(7, "milk", "Buy milk")
RENT: Final = TodoRequest(7, "rent", "Pay the rent")
OTHER: Final = TodoRequest(7, "milk", "Sell milk")

SENDINGS: Final = (
    Sending(0.0, (MILK,)),
    Sending(0.0, (RENT,)),
    Sending(0.001, (MILK,)),
    Sending(0.03, (OTHER,)),
    Sending(0.5, (OTHER, MILK)),
)

INSTANCES: Final = 2


def play(
    schedule: int,
    faults: Mapping[int, Fault] | None = None,
    at_step: Mapping[int, Callable[[World], None]] | None = None,
    variant: Variant = REAL,
) -> tuple[World, Written]:
    """Run it on one of its schedules, with faults at calls and events between steps.

    Raises Violation when a promise is broken.
    """
    written = Written(faults or {})
    world = World(Random(schedule), written, variant, publishing=Rounds())
    events = dict(at_step or {})

    def between() -> None:
        if (event := events.pop(world.loop.steps, None)) is not None:
            event(world)

    with inside(world):
        for _ in range(INSTANCES):
            world.start_instance()
        calls = world.send(SENDINGS)
        world.run(lambda: all(call.done() for call in calls) and not events, between)
        world.settle(calls)
    return world, written
