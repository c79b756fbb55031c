import asyncio
from collections.abc import Iterator
from contextvars import copy_context
from random import Random

import pytest

from tests.simulation.loop import OWNER, Process, SimulatedLoop, simulated_loop


@pytest.fixture(params=range(5))
def loop(request: pytest.FixtureRequest) -> Iterator[SimulatedLoop]:
    simulated = simulated_loop(Random(request.param))
    asyncio._set_running_loop(simulated)
    yield simulated
    simulated.close()
    asyncio._set_running_loop(None)


def run(loop: SimulatedLoop) -> None:
    while loop.step():
        pass


def test_time_passes_only_when_nothing_is_ready(loop: SimulatedLoop) -> None:
    seen: list[float] = []

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append(loop.time())

    for seconds in (3600.0, 1.0, 60.0):
        loop.create_task(wait(seconds))
    run(loop)
    assert seen == [1.0, 60.0, 3600.0]


def test_timeouts_and_waits_work_in_made_up_time(loop: SimulatedLoop) -> None:
    async def impatient() -> tuple[str, float]:
        try:
            async with asyncio.timeout(2):
                await asyncio.sleep(10)
        except TimeoutError:
            slow = asyncio.ensure_future(asyncio.sleep(7))
            done, _ = await asyncio.wait({slow}, timeout=3)
            return f"late, {len(done)} done", loop.time()
        return "in time", loop.time()

    task = loop.create_task(impatient())
    run(loop)
    assert task.result() == ("late, 0 done", 5.0)


def test_a_killed_process_takes_no_step_not_even_its_finally(loop: SimulatedLoop) -> None:
    process = Process()
    seen: list[str] = []

    async def work() -> None:
        try:
            seen.append("begun")
            await asyncio.sleep(1)
            seen.append("went on")
        finally:
            seen.append("cleaned up")

    context = copy_context()
    context.run(OWNER.set, process)
    loop.create_task(work(), context=context)
    loop.call_later(0.5, lambda: setattr(process, "alive", False))
    run(loop)
    assert seen == ["begun"]


def test_what_is_ready_comes_in_an_order_that_the_seed_decides() -> None:
    def order(seed: int) -> list[int]:
        loop = simulated_loop(Random(seed))
        seen: list[int] = []
        for n in range(5):
            loop.call_soon(seen.append, n)
        run(loop)
        return seen

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(50)}) > 20
