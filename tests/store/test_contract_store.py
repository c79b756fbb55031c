"""What `store.ports.store.Store` promises, held against both adapters."""

import asyncio

import pytest

from store.ports.records import Unknown
from store.ports.store import Store
from tests.store.examples import NOON, append, some_requests


async def test_store_that_works_has_nothing_to_report(store: Store) -> None:
    assert await store.check() == {}
    await store.inbox.put(some_requests("7", range(3)), NOON)
    await append(store.log, some_requests("7", range(3)))
    assert await store.check() == {}


async def test_closed_store_is_unknown_to_every_call(store: Store) -> None:
    await store.inbox.put(some_requests("7", range(3)), NOON)
    await store.close()
    with pytest.raises(Unknown):
        await store.inbox.put(some_requests("7", range(3, 6)), NOON)
    with pytest.raises(Unknown):
        await store.log.head("7")
    with pytest.raises(Unknown):
        await store.publications.cursor("7")
    assert await store.check()
    await store.close()


async def test_inbox_and_log_of_a_key_do_not_see_each_other(store: Store) -> None:
    requests = some_requests("7", range(3))
    ids = [each.id for each in requests]
    await store.inbox.put(requests, NOON)
    assert await store.log.find("7", ids) == {}
    await append(store.log, requests)
    await store.inbox.remove("7", ids)
    assert len(await store.log.find("7", ids)) == 3
    assert await store.inbox.count("7", 10) == 0


async def test_caller_that_gives_up_does_not_disturb_the_others(store: Store) -> None:
    await store.inbox.put(some_requests("7", [0]), NOON)
    calls = [
        asyncio.create_task(store.inbox.put(some_requests("7", [n]), NOON)) for n in range(1, 21)
    ]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in outcomes[::2])
    assert outcomes[1::2] == [None] * 10
    found = await store.inbox.get("7", [r.id for r in some_requests("7", range(21))])
    assert {f"request-{n}" for n in range(0, 21, 2)} <= set(found)
