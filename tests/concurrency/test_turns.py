import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from concurrency import turns
from concurrency.turns import STARTS_MAX, Turns, start
from tests.concurrency.passes import counted


@pytest.fixture(autouse=True)
def _one_step_is_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS_MAX", 0.0)


async def test_work_in_pieces_is_done_in_order() -> None:
    assert await Turns().collect(n * n for n in range(100)) == [n * n for n in range(100)]
    assert await Turns().collect(iter(())) == []


async def test_loop_is_free_after_each_turn() -> None:
    async with counted() as passes:
        seen = Counter[int]()

        def steps() -> Iterator[None]:
            for _ in range(50):
                seen[passes()] += 1
                yield

        both = Turns()
        await asyncio.gather(both.collect(steps()), both.collect(steps()), both.collect(steps()))
    assert seen.total() == 150
    assert max(seen.values()) == 1


async def test_loop_is_left_to_others_for_as_long_as_a_turn_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    clock, worked = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: clock() + worked)
    began: list[float] = []
    ended: list[float] = []

    def steps(seconds: float) -> Iterator[None]:
        nonlocal worked
        for _ in range(5):
            began.append(loop.time())
            worked += seconds
            ended.append(loop.time())
            yield

    both = Turns()
    await asyncio.gather(both.collect(steps(0.02)), both.collect(steps(0.02)))
    rests = [following - end for end, following in zip(ended, began[1:], strict=False)]
    assert len(rests) == 9
    assert min(rests) > 0.015


async def test_step_that_raises_leaves_the_turn_to_others() -> None:
    def steps() -> Iterator[None]:
        yield
        raise ValueError("the third is no object")

    both = Turns()
    with pytest.raises(ValueError, match="third"):
        await both.collect(steps())
    assert await both.collect(iter([1])) == [1]


async def test_tasks_are_started_a_few_in_one_pass() -> None:
    began = Counter[int]()

    async with counted() as passes:

        async def work(n: int) -> int:
            began[passes()] += 1
            return n

        tasks = await start(work(n) for n in range(10 * STARTS_MAX))
        assert await asyncio.gather(*tasks) == list(range(10 * STARTS_MAX))
    assert max(began.values()) <= STARTS_MAX


async def test_start_that_is_cancelled_cancels_what_it_began() -> None:
    outcomes = Counter[str]()

    async def work() -> None:
        outcomes["began"] += 1
        try:
            await asyncio.Event().wait()
        finally:
            outcomes["ended"] += 1

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await start(work() for _ in range(1_000 * STARTS_MAX))
    began = outcomes["began"]
    assert 0 < began < 1_000 * STARTS_MAX
    for _ in range(2):
        await asyncio.sleep(0)
    assert outcomes["ended"] == began
    assert asyncio.all_tasks() == {asyncio.current_task()}
