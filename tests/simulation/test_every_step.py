from collections.abc import Callable

import pytest

from tests.simulation.small import play
from tests.simulation.world import World

SCHEDULES = (0, 1)


def kill_one(world: World) -> None:
    world.kill(world.instances[0])
    world.network.later(0.5, world.start_instance)


def kill_all(world: World) -> None:
    for instance in world.instances:
        world.kill(instance)
    world.network.later(0.5, world.start_instance)


def kill_all_and_wipe(world: World) -> None:
    kill_all(world)
    world.hub.wipe()


def wipe(world: World) -> None:
    world.hub.wipe()


def roll_back(world: World) -> None:
    world.hub.roll_back(7)


@pytest.mark.parametrize("event", [kill_one, kill_all, kill_all_and_wipe, wipe, roll_back])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_it_may_happen_between_any_two_steps(schedule: int, event: Callable[[World], None]) -> None:
    steps = play(schedule)[0].loop.steps
    assert steps > 100
    for step in range(steps):
        world, _ = play(schedule, at_step={step: event})
        assert len(world.tables.rows(7).todos) == 2
