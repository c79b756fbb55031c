"""What a promise of the log would not notice: it only makes somebody wait, or costs calls."""

from datetime import timedelta
from random import Random
from typing import Final

import pytest

from store.ports.records import Request
from tests.simulation import neighbours
from tests.simulation.clients import Sending, Way
from tests.simulation.faults import Fault, Written
from tests.simulation.placements import APART, TOGETHER, Placement
from tests.simulation.samples import SAMPLES
from tests.simulation.world import SWEEP_EVERY_SECONDS, Rounds, World, inside

SOON_SECONDS: Final = 2.0
"""Before the order of last resort, and long before a sweep."""

by_placement = pytest.mark.parametrize("placement", [TOGETHER, APART], ids=lambda each: each.name)


def request(world: World, key: str, request_id: str) -> Request:
    return Request(key, request_id, world.variant.samples.payloads[0])


@by_placement
@pytest.mark.parametrize("fault", [Fault.SWALLOWED, Fault.BEFORE])
def test_lost_signal_is_repeated(placement: Placement, fault: Fault) -> None:
    class FirstSignal(Written):
        def of(self, call: str) -> Fault:
            self.calls.append(call)
            is_first = call == "hub.create" and self.calls.count(call) == 1
            return fault if is_first else Fault.NONE

    world = World(Random(0), FirstSignal())
    with inside(world):
        neighbours.start(world, placement)
        world.settle(world.send([Sending(0.0, (request(world, "7", "r"),))]), SOON_SECONDS)
        assert world.told["last_resort"] == 0


@by_placement
def test_hand_over_during_a_start_is_not_lost(placement: Placement) -> None:
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.start(world, placement)
        batches = [
            Sending(1.0 + 0.004 * n, (request(world, f"8{n}", "r"),), Way.BATCH) for n in range(12)
        ]
        world.settle(world.send(batches), 1.0 + 2 * SOON_SECONDS)
        assert world.loop.time() < SWEEP_EVERY_SECONDS


def test_fence_costs_the_next_request_no_conflict() -> None:
    """In the process that made it, which knows the head that came of it."""
    world = World(Random(0), Written(), publishing=Rounds(1.0, timedelta(0)))
    with inside(world):
        neighbours.start(world, TOGETHER)
        for n in range(5):
            sending = Sending(0.0, (request(world, SAMPLES.keys[6], f"r{n}"),), made_here=True)
            world.settle(world.send([sending]), 5.0)
            world.pass_time(3.0)
        assert world.network.requests["log.fence"] >= 5
        assert world.told["append_not_confirmed"] == 0
