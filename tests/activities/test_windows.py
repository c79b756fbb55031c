"""Flow control towards the entities: nothing is signalled that an outbox would skip."""

import asyncio
from collections.abc import Sequence

import pytest

from activities import windows as module
from activities.windows import Windows
from entities.project import OUTBOX_CHARACTERS_MAX, Project, characters, create, settle
from tests.triggers.noting_hub import NotingHub, until
from todos import TodoRequest


def asking(count: int, first: int = 0, project_id: int = 7) -> list[TodoRequest]:
    return [TodoRequest(project_id, f"r{n:05d}", "Buy milk") for n in range(first, first + count)]


def ids(requests: Sequence[TodoRequest]) -> list[str]:
    return [each.request_id for each in requests]


FIT = OUTBOX_CHARACTERS_MAX // characters(asking(1)[0])


async def test_what_fits_is_signalled_at_once() -> None:
    requests = asking(FIT)
    assert list(Windows().admit(7, requests, NotingHub())) == requests


async def test_an_outbox_that_gets_what_the_window_lets_through_skips_nothing() -> None:
    windows, hub, requests = Windows(), NotingHub(), asking(1_000)
    project = create(Project(), windows.admit(7, requests, hub))
    logged: list[str] = []
    while project.outbox:
        done = [each.request.request_id for each in project.outbox[:49]]
        logged += done
        following = windows.settle(7, done)
        project = create(settle(project, len(logged), done), following)
        assert {*ids(following)} <= {each.request.request_id for each in project.outbox}
    assert logged == ids(requests)


async def test_what_is_under_way_or_waits_is_not_signalled_again() -> None:
    windows, hub, requests = Windows(), NotingHub(), asking(FIT + 10)
    assert len(windows.admit(7, requests, hub)) == FIT
    assert list(windows.admit(7, requests, hub)) == []
    assert ids(windows.settle(7, ids(requests[:FIT]))) == ids(requests[FIT:])


async def test_a_repeat_is_signalled_again_where_nobody_waits() -> None:
    windows, hub = Windows(), NotingHub()
    requests = asking(3)
    for _ in range(2):
        assert list(windows.admit(7, requests, hub)) == requests
    assert list(windows.settle(7, ids(requests))) == []
    assert len(windows.admit(7, asking(FIT, first=10), hub)) == FIT


async def test_what_was_logged_without_us_is_not_signalled_any_more() -> None:
    windows, hub, requests = Windows(), NotingHub(), asking(FIT + 2)
    windows.admit(7, requests, hub)
    assert list(windows.settle(7, [requests[FIT].request_id])) == []
    assert ids(windows.settle(7, ids(requests[:1]))) == [requests[FIT + 1].request_id]


async def test_a_request_that_is_larger_than_the_window_goes_alone() -> None:
    large = [TodoRequest(7, f"r{n}", "\U0001f95b" * 2_000) for n in range(2)]
    windows = Windows()
    assert ids(windows.admit(7, large, NotingHub())) == ["r0"]
    assert ids(windows.settle(7, ["r0"])) == ["r1"]


async def test_projects_do_not_wait_for_each_other() -> None:
    windows, hub = Windows(), NotingHub()
    windows.admit(7, asking(2 * FIT), hub)
    assert len(windows.admit(8, asking(1, project_id=8), hub)) == 1


async def test_everything_is_signalled_when_somebody_else_emits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "UNMOVED_SECONDS_MAX", 0.01)
    windows, hub, requests = Windows(), NotingHub(), asking(FIT + 3)
    windows.admit(7, requests, hub)
    await until(lambda: hub.created)
    assert hub.created == [(7, ids(requests[FIT:]))]
    assert len(windows.admit(7, asking(5, first=5_000), hub)) == 5


async def test_the_room_of_a_lost_signal_is_given_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "UNMOVED_SECONDS_MAX", 0.01)
    monkeypatch.setattr(module, "UNDER_WAY_SECONDS_MAX", 0.02)
    windows, hub = Windows(), NotingHub()
    moving = windows.admit(7, asking(FIT), hub)[-1:]  # of the others nothing is ever heard
    windows.admit(7, asking(FIT + 2_000, first=FIT), hub)
    for _ in range(500):
        moving = windows.settle(7, ids(moving))
        if len(moving) > 1:
            break
        await asyncio.sleep(0.001)
    assert len(moving) >= FIT - 1


async def test_a_signal_that_fails_is_nobodys_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "UNMOVED_SECONDS_MAX", 0.01)
    windows = Windows()
    windows.admit(7, asking(FIT + 3), NotingHub(fails=True))
    await until(lambda: "signal_failed" in caplog.text)


async def test_memory_is_bounded_over_all_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 10)
    windows, hub = Windows(), NotingHub()
    windows.admit(7, asking(FIT + 8), hub)
    windows.admit(7, asking(FIT + 8, first=2_000), hub)
    following = windows.settle(7, ids(asking(FIT)))
    assert ids(following) == [*ids(asking(8, first=FIT)), "r02000", "r02001"]


async def test_a_window_with_nothing_under_way_is_forgotten() -> None:
    windows, hub = Windows(), NotingHub()
    for n in range(100):
        windows.admit(n, asking(1, project_id=n), hub)
        windows.settle(n, ["r00000"])
    assert not windows._windows
    await asyncio.sleep(0)
