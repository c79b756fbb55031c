import asyncio
from unittest.mock import AsyncMock

import pytest

from activities.hub import Wanted
from tests.triggers.noting_hub import NotingHub, until
from todos import TodoRequest
from triggers import announcer as module
from triggers.announcer import REQUESTS_PER_START_MAX, Announcer


def asking(*names: str, project_id: int = 7) -> list[TodoRequest]:
    return [TodoRequest(project_id, each, "Buy milk") for each in names]


async def test_one_signal_per_project_and_one_start_for_all() -> None:
    hub = NotingHub()
    requests = [*asking("a", "b"), *asking("c", project_id=8), *asking("d")]
    await Announcer().announce(requests, hub)
    assert sorted(hub.created) == [(7, ["a", "b", "d"]), (8, ["c"])]
    assert hub.started == [{7: ["a", "b", "d"], 8: ["c"]}]


async def test_who_comes_while_a_signal_is_on_its_way_shares_the_next() -> None:
    hub, announcer = NotingHub(slow={7}), Announcer()
    first = asyncio.create_task(announcer.announce(asking("a"), hub))
    await until(lambda: hub.started)
    later = [asyncio.create_task(announcer.announce(asking(each), hub)) for each in "bcd"]
    await asyncio.sleep(0)
    hub.gate.set()
    await asyncio.gather(first, *later)
    assert hub.created == [(7, ["a"]), (7, ["b", "c", "d"])]
    assert hub.started == [{7: ["a"]}, {7: ["b", "c", "d"]}]


async def test_a_start_takes_no_more_than_it_may() -> None:
    hub = NotingHub()
    names = [f"r{n}" for n in range(REQUESTS_PER_START_MAX + 1)]
    await Announcer().announce(asking(*names), hub)
    assert [len(each[7]) for each in hub.started] == [REQUESTS_PER_START_MAX, 1]


async def test_nothing_accepted_is_nothing_said() -> None:
    hub = NotingHub()
    await Announcer().announce([], hub)
    assert (hub.created, hub.started) == ([], [])


async def test_a_hub_that_is_down_is_nobodys_failure(caplog: pytest.LogCaptureFixture) -> None:
    await Announcer().announce(asking("a"), NotingHub(fails=True))
    assert "announcement_failed" in caplog.text


async def test_a_signal_that_fails_does_not_keep_the_start_from_happening(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = NotingHub()
    monkeypatch.setattr(NotingHub, "create", AsyncMock(side_effect=ConnectionError))
    await Announcer().announce(asking("a"), hub)
    assert hub.started == [{7: ["a"]}]


async def test_a_slow_project_holds_up_others_no_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LANE_SECONDS_MAX", 0.01)
    hub, announcer = NotingHub(slow={7}), Announcer()
    async with asyncio.timeout(5):
        await announcer.announce(asking("a"), hub)
        await announcer.announce(asking("b", project_id=8), hub)
    assert hub.created == [(8, ["b"])]
    hub.gate.set()
    await until(lambda: len(hub.created) == 2)
    assert hub.created[1] == (7, ["a"])  # late, not lost


async def test_what_fails_late_is_logged_and_forgotten(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LANE_SECONDS_MAX", 0.01)

    class Late(NotingHub):
        async def start(self, wanted: Wanted) -> None:
            await NotingHub.start(self, wanted)
            raise ConnectionError

    hub, announcer = Late(slow={0}), Announcer()
    await announcer.announce(asking("a"), hub)
    hub.gate.set()
    await until(lambda: not announcer._late)
    assert "announcement_failed" in caplog.text
