import asyncio
from collections.abc import Sequence

import pytest

from activities.coalescing import Coalescer, Pace

PACE_ITEMS = 4


class Work:
    """Notes its runs, and lets each go on when told."""

    def __init__(self, *, items_max: int = 100, pace_seconds: float = 0.0) -> None:
        self.runs: list[tuple[str, list[int]]] = []
        self.busy: set[str] = set()
        self.gates: asyncio.Queue[Exception | None] = asyncio.Queue()
        self.begun = asyncio.Condition()
        self.lanes: Coalescer[str, int, int] = Coalescer(
            self, items_max, Pace(pace_seconds, PACE_ITEMS)
        )

    async def __call__(self, key: str, items: Sequence[int]) -> list[int]:
        assert key not in self.busy, "two runs of one key at a time"
        self.busy.add(key)
        self.runs.append((key, list(items)))
        async with self.begun:
            self.begun.notify_all()
        try:
            outcome = await self.gates.get()
        finally:
            self.busy.discard(key)
        if outcome is not None:
            raise outcome
        return [-item for item in items]

    async def has_begun(self, runs: int) -> None:
        async with asyncio.timeout(5), self.begun:
            await self.begun.wait_for(lambda: len(self.runs) >= runs)

    def submit(self, key: str, *items: int) -> asyncio.Task[list[int]]:
        return asyncio.create_task(self.lanes.submit(key, items))

    def go(self, runs: int = 1) -> None:
        for _ in range(runs):
            self.gates.put_nowait(None)

    def fail(self, error: Exception) -> None:
        self.gates.put_nowait(error)


@pytest.fixture
async def work() -> Work:
    return Work()


async def test_a_lone_item_starts_at_once(work: Work) -> None:
    call = work.submit("a", 1)
    await work.has_begun(1)
    work.go()
    assert await call == [-1]


async def test_what_comes_during_a_run_shares_the_next_in_order_of_arrival(work: Work) -> None:
    first = work.submit("a", 1)
    await work.has_begun(1)
    later = [work.submit("a", 2), work.submit("a", 3, 4), work.submit("a", 5)]
    await asyncio.sleep(0)
    work.go(2)
    assert await asyncio.gather(first, *later) == [[-1], [-2], [-3, -4], [-5]]
    assert work.runs == [("a", [1]), ("a", [2, 3, 4, 5])]


async def test_keys_do_not_wait_for_each_other(work: Work) -> None:
    calls = [work.submit("a", 1), work.submit("b", 2)]
    await work.has_begun(2)
    assert work.busy == {"a", "b"}
    work.go(2)
    assert await asyncio.gather(*calls) == [[-1], [-2]]


async def test_a_run_takes_no_more_items_than_it_may() -> None:
    work = Work(items_max=2)
    call = work.submit("a", 1, 2, 3, 4, 5)
    work.go(3)
    assert await call == [-1, -2, -3, -4, -5]
    assert [items for _, items in work.runs] == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize("pace_seconds", [0.0, 0.02])
async def test_after_company_the_next_run_waits_for_more_of_it(pace_seconds: float) -> None:
    work = Work(pace_seconds=pace_seconds)
    work.go(3)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(work.submit("a", 1), work.submit("a", 2))
    await work.submit("a", 3)
    assert work.runs == [("a", [1, 2]), ("a", [3])]
    assert asyncio.get_running_loop().time() - began >= pace_seconds


async def test_enough_company_is_not_kept_waiting() -> None:
    work = Work(pace_seconds=60.0)
    work.go(2)
    async with asyncio.timeout(5):
        await asyncio.gather(work.submit("a", 1), work.submit("a", 2))
        more = [work.submit("a", 3 + n) for n in range(PACE_ITEMS)]
        await asyncio.gather(*more)
    assert [len(items) for _, items in work.runs] == [2, PACE_ITEMS]


async def test_a_lone_item_makes_nobody_wait() -> None:
    work = Work(pace_seconds=60.0)
    work.go(2)
    async with asyncio.timeout(5):
        assert await work.submit("a", 1) == [-1]
        assert await work.submit("a", 2) == [-2]


async def test_nothing_submitted_is_nothing_done(work: Work) -> None:
    assert await work.lanes.submit("a", []) == []
    assert work.runs == []


async def test_an_exception_reaches_exactly_its_run(work: Work) -> None:
    first = work.submit("a", 1)
    await work.has_begun(1)
    second = [work.submit("a", 2), work.submit("a", 3)]
    await asyncio.sleep(0)
    work.go()
    await work.has_begun(2)
    third = work.submit("a", 4)
    await asyncio.sleep(0)
    work.fail(ValueError("second run"))
    work.go()
    assert await first == [-1]
    for call in second:
        with pytest.raises(ValueError, match="second run"):
            await call
    assert await third == [-4]


async def test_who_has_items_in_a_run_that_failed_gets_its_exception() -> None:
    work = Work(items_max=2)
    call = work.submit("a", 1, 2, 3)
    work.go()
    work.fail(ValueError("second run"))
    with pytest.raises(ValueError, match="second run"):
        await call


async def test_a_cancelled_caller_leaves_the_run_going_for_the_others(work: Work) -> None:
    first = work.submit("a", 1)
    await work.has_begun(1)
    impatient, patient = work.submit("a", 2), work.submit("a", 3)
    await asyncio.sleep(0)
    first.cancel()
    impatient.cancel()
    work.go(2)
    assert await patient == [-3]
    assert work.runs == [("a", [1]), ("a", [2, 3])]  # what was asked is done all the same
    assert first.cancelled()
    assert impatient.cancelled()


async def test_too_few_results_are_an_error_for_whoever_got_none() -> None:
    async def stingy(_: str, items: Sequence[int]) -> list[int]:
        return list(items[:1])

    lanes: Coalescer[str, int, int] = Coalescer(stingy, 10)
    with pytest.raises(ValueError, match="shorter"):
        await lanes.submit("a", [1, 2])
    assert await lanes.submit("a", [3]) == [3]


async def test_a_run_that_is_cancelled_takes_nobody_with_it_who_comes_later(work: Work) -> None:
    """As when a loop is shut down, or a library cancels what it should not."""
    interrupted = work.submit("a", 1)
    await work.has_begun(1)
    waiting = work.submit("a", 2)
    await asyncio.sleep(0)
    run = work.lanes._lanes["a"].run
    assert run is not None
    run.cancel()
    for call in (interrupted, waiting):
        with pytest.raises(asyncio.CancelledError):
            await call
    later = work.submit("a", 3)
    work.go()
    assert await later == [-3]


async def test_no_lane_is_left_behind(work: Work) -> None:
    calls = [work.submit(f"key {n}", n) for n in range(50)]
    await work.has_begun(50)
    assert len(work.lanes._lanes) == 50
    work.go(40)
    for _ in range(10):
        work.fail(ValueError("no"))
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(0)
    assert work.lanes._lanes == {}
