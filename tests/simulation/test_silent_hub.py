"""A hub that stands still, hangs or is gone costs time only, and never more than is said."""

from typing import Final

import pytest

from store.ports.records import Request
from tests.simulation import neighbours
from tests.simulation.clients import Sending, Way
from tests.simulation.placements import PLACEMENTS, Placement
from tests.simulation.world import SWEEP_AFTER, SWEEP_EVERY_SECONDS, World, inside

WAIT_SECONDS: Final = 5.0
"""Of a POST that says nothing else; it is answered 201 within that."""

CALLERS: Final = 400

BACK_SECONDS_MAX: Final = 30.0

by_placement = pytest.mark.parametrize("placement", PLACEMENTS, ids=lambda each: each.name)
by_silence = pytest.mark.parametrize("silence", ["stands still", "hangs", "without tables"])

FOR_LONG: Final = 1_000.0


def silence_hub(world: World, silence: str) -> None:
    if silence == "stands still":
        world.stand_still(FOR_LONG)
    elif silence == "hangs":
        world.network.hub_hangs_until = FOR_LONG
    else:
        world.network.hub_has_tables = False


def request(world: World, key: str, request_id: str) -> Request:
    return Request(key, request_id, world.variant.samples.payloads[0])


def posts(world: World, keys: int, name: str, at: float = 0.0) -> list[Sending]:
    """One POST for each of so many keys, all at once."""
    return [
        Sending(at, (request(world, f"8{n:03}", name),), Way.POST, WAIT_SECONDS)
        for n in range(keys)
    ]


def answered_in_time(world: World, calls: int) -> bool:
    seconds = list(world.ledger.answered_after.values())
    return len(seconds) == calls and max(seconds) < WAIT_SECONDS


@by_placement
@by_silence
@pytest.mark.parametrize("callers", [1, CALLERS])
def test_post_is_answered_in_time(placement: Placement, silence: str, callers: int) -> None:
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.start(world, placement)
        silence_hub(world, silence)
        world.settle(world.send(posts(world, callers, "r")), WAIT_SECONDS + 1.0)
        assert answered_in_time(world, callers)
        assert world.orchestrations.started == 0


@by_placement
@by_silence
def test_events_are_numbered_within_two_sweeps(placement: Placement, silence: str) -> None:
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.start(world, placement)
        silence_hub(world, silence)
        events = tuple(request(world, f"8{n:03}", "r") for n in range(50))
        calls = world.send([Sending(1.0, events, Way.EVENTS)])
        world.settle(calls, SWEEP_AFTER.total_seconds() + 2 * SWEEP_EVERY_SECONDS)


@by_placement
def test_ids_go_on_when_the_hub_is_back(placement: Placement) -> None:
    """Without a restart of ours, and without the order of last resort."""
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.start(world, placement)
        world.send(posts(world, 10, "before"))
        world.pass_time(2.0)
        world.stand_still(10.0)
        world.settle(world.send(posts(world, 10, "silent")), BACK_SECONDS_MAX)
        assert world.told["last_resort"] > 0
        world.pass_time(20.0)
        world.told["last_resort"] = 0
        world.ledger.answered_after.clear()
        world.settle(world.send(posts(world, 10, "after")), BACK_SECONDS_MAX)
        assert max(world.ledger.answered_after.values()) < 1.0
        assert world.told["last_resort"] == 0


@by_placement
def test_nothing_piles_up_while_half_of_the_hub_is_stopped(placement: Placement) -> None:
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.start(world, placement)
        owner = world.owner
        stopped = {f"8{n:03}" for n in range(0, CALLERS, 2)}
        world.entities.owner = lambda key: None if key in stopped else owner(key)
        batches = [
            Sending(1.0, tuple(request(world, f"8{n:03}", "b") for n in range(CALLERS)), Way.BATCH)
            for _ in range(10)
        ]
        calls = world.send([*posts(world, CALLERS, "r"), *batches])
        world.pass_time(20.0)
        world.entities.owner = owner
        world.settle(calls, BACK_SECONDS_MAX)
        assert world.orchestrations.started < len(batches)
