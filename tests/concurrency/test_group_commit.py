"""Group commit: who shares a run with whom, and what happens when a run fails."""

import asyncio
from collections.abc import Sequence

import pytest

from concurrency.group_commit import GroupCommit


class Work:
    """Notes its runs, and lets each go on when told."""

    def __init__(self, *, items_max: int = 100) -> None:
        self.runs: list[tuple[str, list[int]]] = []
        self.busy: set[str] = set()
        self.gates: asyncio.Queue[Exception | None] = asyncio.Queue()
        self.begun = asyncio.Condition()
        self.lanes: GroupCommit[str, int, int] = GroupCommit(self, items_max)

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


async def test_what_comes_during_a_run_shares_the_next(work: Work) -> None:
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


async def test_items_of_a_failed_run_raise_its_exception() -> None:
    work = Work(items_max=2)
    call = work.submit("a", 1, 2, 3)
    work.go()
    work.fail(ValueError("second run"))
    with pytest.raises(ValueError, match="second run"):
        await call


async def test_cancelled_caller_leaves_the_run_going(work: Work) -> None:
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


async def test_too_few_results_are_an_error() -> None:
    async def stingy(_: str, items: Sequence[int]) -> list[int]:
        return list(items[:1])

    lanes: GroupCommit[str, int, int] = GroupCommit(stingy, 10)
    with pytest.raises(ValueError, match="shorter"):
        await lanes.submit("a", [1, 2])
    assert await lanes.submit("a", [3]) == [3]


async def test_cancelled_run_harms_no_later_one(work: Work) -> None:
    """As when a loop is shut down, or a library cancels what it should not."""
    interrupted = work.submit("a", 1)
    await work.has_begun(1)
    waiting = work.submit("a", 2)
    await asyncio.sleep(0)
    (run,) = work.lanes._runs
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
