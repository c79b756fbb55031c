import asyncio
import threading
from collections.abc import Iterator

import pytest

from localhost.thread_pool import ThreadPool


@pytest.fixture
async def pool() -> Iterator[ThreadPool]:  # type: ignore[misc]
    pool = ThreadPool(3)
    yield pool
    pool.stop()


async def test_every_call_gets_its_own_result(pool: ThreadPool) -> None:
    calls = [pool.submit(lambda number=number: number * 2) for number in range(2000)]  # type: ignore[misc]
    assert await asyncio.gather(*calls) == [number * 2 for number in range(2000)]


async def test_one_thread_does_all_as_long_as_it_keeps_up(pool: ThreadPool) -> None:
    await asyncio.gather(*(pool.submit(int) for _ in range(50)))
    await pool.submit(int)
    assert len(pool._threads) == 1


async def test_functions_that_wait_get_company_but_no_more_threads_than_allowed(
    pool: ThreadPool,
) -> None:
    inside = threading.Barrier(3)
    calls = [pool.submit(lambda: inside.wait(10)) for _ in range(6)]
    await asyncio.gather(*calls)  # each is let go only when three are inside at the same time
    assert len(pool._threads) == 3


async def test_an_exception_of_any_kind_reaches_the_caller(pool: ThreadPool) -> None:
    def fail(error: BaseException) -> None:
        raise error

    for error in (ValueError("x"), SystemExit(3)):
        with pytest.raises(type(error)) as caught:
            await pool.submit(lambda error=error: fail(error))  # type: ignore[misc]
        assert caught.value is error
    with pytest.raises(RuntimeError, match="StopIteration"):
        await pool.submit(lambda: fail(StopIteration()))
    assert await pool.submit(lambda: 1) == 1


async def test_a_cancelled_call_that_has_not_begun_never_runs(pool: ThreadPool) -> None:
    leave, ran = threading.Event(), []
    busy = [pool.submit(lambda: leave.wait(5)) for _ in range(3)]
    waiting = pool.submit(lambda: ran.append(1))
    waiting.cancel()
    leave.set()
    await asyncio.gather(*busy)
    assert await pool.submit(lambda: 2) == 2
    assert ran == []


async def test_stopping_ends_the_threads(pool: ThreadPool) -> None:
    before = {*threading.enumerate()}
    await pool.submit(int)
    started = {*threading.enumerate()} - before
    pool.stop()
    for thread in started:
        thread.join(5)
    assert not any(thread.is_alive() for thread in started)


def test_a_result_that_nobody_waits_for_any_more_does_no_harm() -> None:
    leave = threading.Event()
    pools: list[ThreadPool] = []

    async def main() -> None:
        pools.append(ThreadPool(1))
        pools[0].submit(lambda: leave.wait(5))

    asyncio.run(main())
    thread = pools[0]._threads[0]
    leave.set()
    pools[0].stop()
    thread.join(5)
    assert not thread.is_alive()
