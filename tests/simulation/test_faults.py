"""What is counted as injected has happened to something."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from entities.project import entity
from store.port import Conflict, Unknown
from tests.simulation.faults import Drawn, Fault
from tests.simulation.hub import TaskHub
from tests.simulation.loop import simulated_loop
from tests.simulation.network import Network


def refused() -> None:
    raise Conflict("head")


@pytest.mark.parametrize(("effect", "times"), [(lambda: None, 1), (refused, 0)])
@pytest.mark.parametrize("fault", [Fault.AFTER, Fault.LATER])
def test_a_write_that_something_was_in_the_way_of_is_not_counted(
    fault: Fault, effect: Callable[[], None], times: int
) -> None:
    faults = Drawn(0, rates=(("log.append", fault, 1.0),))
    loop = simulated_loop(Random(0))
    network = Network(loop, Random(0), faults)

    async def call() -> None:
        with suppress(Unknown):
            await network.call("log.append", "7", effect)

    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        loop.create_task(call())
        while loop.step():
            pass
    finally:
        asyncio._set_running_loop(before)
    assert faults.count[f"log.append {fault.name}"] == times


def a_hub(seed: int, *committed: str) -> tuple[TaskHub, Drawn]:
    faults, chance = Drawn(seed), Random(seed)
    network = Network(simulated_loop(chance), chance, faults)
    hub = TaskHub(network, chance, entity, lambda _text: None, lambda: True)
    hub.row(7).committed += committed
    return hub, faults


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("lost", [True, False])
def test_a_state_that_goes_back_is_another_one(seed: int, *, lost: bool) -> None:
    hub, _ = a_hub(seed, "1", "2", "3")
    hub.roll_back(7, lost=lost)
    assert hub.read(7) in ((None,) if lost else (None, 1, 2))


@pytest.mark.parametrize("seed", range(10))
def test_a_read_that_lags_shows_another_state_or_is_not_counted(seed: int) -> None:
    hub, _ = a_hub(seed, "1", "2")
    assert hub.read_stale(7) in {None, 1}
    empty, faults = a_hub(seed)
    assert empty.read_stale(7) is None
    assert faults.count["hub.project STALE"] == -1
    assert empty.committed() == []
    assert hub.committed() == [7]
