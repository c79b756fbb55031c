"""Places: bounded, fair, and never used up by work that hangs."""

import asyncio

from concurrency.places import Places


async def test_no_more_than_the_places_go_on_at_once() -> None:
    places, under_way, most = Places(3, 60.0), 0, 0

    async def work() -> None:
        nonlocal under_way, most
        async with places.one():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(work() for _ in range(50)))
    assert (most, under_way) == (3, 0)


async def test_work_that_hangs_gives_its_place_to_the_next() -> None:
    places = Places(2, 0.01)

    async def hang() -> None:
        async with places.one():
            await asyncio.Event().wait()

    async def next_one() -> None:
        async with places.one():
            pass

    hanging = [asyncio.create_task(hang()) for _ in range(10)]
    await asyncio.sleep(0)  # two of them have the places, the others are in line
    served, _ = await asyncio.wait([asyncio.create_task(next_one())], timeout=10)
    assert served
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_place_is_given_back_once() -> None:
    places = Places(1, 0.01)
    async with places.one():
        await asyncio.sleep(0.05)
    under_way: list[int] = []

    async def work(n: int) -> None:
        async with places.one():
            under_way.append(n)
            assert len(under_way) == 1
            await asyncio.sleep(0)
            under_way.remove(n)

    await asyncio.gather(*(work(n) for n in range(5)))


async def test_caller_who_is_cancelled_while_waiting_takes_no_place() -> None:
    places = Places(1, 60.0)
    async with places.one():

        async def wait() -> None:
            async with places.one():
                raise AssertionError("it had a place")

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), places.one():
        pass
