"""The one old row of a key that this process knows nothing of: it needs nobody's order."""

from typing import Any

import pytest

from store.ports.records import Conflict, Unknown
from tests.engine.parts import KEY, EngineUnderTest, HubUnknown, request, waiting


async def swept(engine: EngineUnderTest, *names: str, seconds: float = 60) -> bool:
    """Accept requests so long ago, and drain them as the sweeper does."""
    requests = [request(each) for each in names]
    await engine.wait_in_inbox(*requests, seconds=seconds)
    rows = waiting(*requests, seconds=seconds)
    engine.calls.clear()
    engine.hub.calls.clear()
    return await engine.drains.drain(KEY, engine.hub, 10, rows, are_all=True)


async def test_lone_old_row_costs_three_store_calls_and_no_hub_call(
    engine: EngineUnderTest,
) -> None:
    assert await swept(engine, "a")
    assert await engine.logged() == ["a"]
    assert await engine.rows() == []
    assert engine.hub.calls == {}
    assert engine.calls == {"log.head": 1, "log.append": 1, "inbox.remove": 1}


async def test_lone_row_is_numbered_beside_a_dead_hub(engine: EngineUnderTest) -> None:
    engine.hub.hangs = True
    assert await swept(engine, "a")
    assert await engine.logged() == ["a"]


async def test_entity_that_listed_it_hears_with_the_next_signal(engine: EngineUnderTest) -> None:
    engine.hub.commit(KEY, ["a"], [], 0)
    await swept(engine, "a")
    assert engine.hub.orders[KEY].outbox == ("a",)
    assert await engine.place(request("b")) == 2
    assert engine.hub.signals == [(KEY, ("b",), ("a",), 1)]
    assert engine.hub.orders[KEY].outbox == ("b",)


async def test_second_lone_row_of_a_key_asks_and_tells(engine: EngineUnderTest) -> None:
    """So that an entity whose key is only ever swept does not list done ids for ever."""
    engine.hub.commit(KEY, ["a", "b"], [], 0)
    await swept(engine, "a")
    assert await swept(engine, "b")
    assert engine.hub.calls == {"order": 1, "create": 1}
    assert engine.hub.signals == [(KEY, (), ("a", "b"), 2)]


async def test_lone_row_that_is_in_the_log_is_not_doubled(engine: EngineUnderTest) -> None:
    await engine.append(request("a"), request("b"))
    assert await swept(engine, "a")
    assert await engine.logged() == ["a", "b"]
    assert await engine.rows() == []


@pytest.mark.parametrize("error", [Conflict("faster"), Unknown("no answer")])
@pytest.mark.parametrize("happened", [False, True])
async def test_lone_row_survives_a_failed_append(
    engine: EngineUnderTest, error: Exception, *, happened: bool
) -> None:
    script = engine.log.after if happened else engine.log.before
    script["append"] = [error]
    assert await swept(engine, "a")
    assert await engine.logged() == ["a"]
    assert await engine.rows() == []


async def test_failed_round_of_a_lone_row_asks_next(engine: EngineUnderTest) -> None:
    engine.log.before["head"] = [Unknown("no answer")]
    assert await swept(engine, "a")
    assert engine.hub.calls["order"] == 1
    assert await engine.logged() == ["a"]


@pytest.mark.parametrize(
    ("names", "seconds"), [(("a", "b"), 60.0), (("a",), 0.5)], ids=["two", "young"]
)
async def test_rows_that_an_order_matters_to_ask_first(
    engine: EngineUnderTest, names: tuple[str, ...], seconds: float
) -> None:
    engine.hub.commit(KEY, ["x", *reversed(names)], [], 0)
    await engine.wait_in_inbox(request("x"), seconds=seconds)
    assert await swept(engine, *names, seconds=seconds)
    assert engine.hub.calls["order"] >= 1
    assert (await engine.logged())[0] == "x"


async def test_lone_row_beside_a_client_asks_first(engine: EngineUnderTest) -> None:
    """The client's loop serves it, in the entity's order."""
    await engine.place(request("client"))
    assert await swept(engine, "a")
    assert engine.hub.calls["order"] >= 1


async def test_drain_that_ends_early_remembers_nothing_as_done(
    engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Any:
        raise Unknown("no answer")

    monkeypatch.setattr(engine.log, "append", fail, raising=False)
    monkeypatch.setattr(engine.log, "tail", fail, raising=False)
    await engine.wait_in_inbox(request("a"), seconds=60)
    rows = waiting(request("a"), seconds=60)
    assert not await engine.drains.drain(KEY, engine.hub, 0.2, rows, are_all=True)
    assert engine.emitter.lane(KEY).done == {}


async def test_hub_that_fails_is_not_told_of_what_it_was_not_asked(
    engine: EngineUnderTest,
) -> None:
    engine.hub.shown = [HubUnknown("closed")] * 9
    assert await swept(engine, "a", "b")
    assert engine.hub.calls["create"] == 0
