"""What a client sees that asks how far requests have got."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from entities.order import Order
from examples.invoices import INVOICES
from store.ports.records import Unknown
from taskhub.port import HubUnknown
from tests.triggers.http.memory_hub import HangingRead
from tests.triggers.http.service import Service, opened, read
from tests.triggers.http.test_openapi_document import resolved
from todos import TODOS
from triggers.http.openapi.document import document
from triggers.http.stories import SHOWN_MAX, Stories, places_to_look

MILK = {"projectId": 7, "title": "Buy milk"}

MINUTE = timedelta(minutes=1)


def steps(story: dict[str, Any]) -> dict[str, tuple[bool | None, bool]]:
    """By name: whether it is done, and whether a time is told."""
    validator = jsonschema_rs.validator_for(resolved(document([TODOS]), "TodoStory"))
    validator.validate(story)
    return {each["step"]: (each["done"], each["at"] is not None) for each in story["steps"]}


async def waiting(service: Service, *names: str) -> None:
    """Accept requests that get no place."""
    service.hub.works = False
    for name in names:
        await service.put(7, name, {"title": "Buy milk"}, Prefer="respond-async")


async def test_request_nobody_sent_has_no_story(service: Service) -> None:
    response = await service.look("story", projectId=7, requestId="r")
    assert response.status_code == 404
    assert read(response)["type"] == "/problems/not-found"


async def test_accepted_request_tells_when_and_that_it_waits(service: Service) -> None:
    await waiting(service, "r")
    story = read(await service.look("story", projectId=7, requestId="r"))
    assert (story["projectId"], story["requestId"]) == (7, "r")
    assert (story["status"], story["payload"]) == ("accepted", {"title": "Buy milk"})
    assert steps(story) == {
        "accepted": (True, True),
        "ordered": (False, False),
        "logged": (False, False),
        "published": (None, False),
    }
    accepted = datetime.fromisoformat(story["steps"][0]["at"])
    assert abs(datetime.now(UTC) - accepted) < MINUTE


async def test_listed_request_is_ordered_and_has_no_place(service: Service) -> None:
    await waiting(service, "r")
    service.hub.works = True
    service.hub.orders["7"] = Order(0, ("other", "r"))
    story = read(await service.look("story", projectId=7, requestId="r"))
    assert steps(story)["ordered"] == (True, False)
    assert "entry" not in story
    assert "times" in story["steps"][1]["detail"]


async def test_logged_request_tells_when_and_shows_its_entry(service: Service) -> None:
    await service.put(7, "r", {"title": "Buy milk"})
    response = await service.look("story", projectId=7, requestId="r")
    assert response.headers["Cache-Control"] == "no-store"
    story = read(response)
    assert story["status"] == "logged"
    assert story["entry"] == {"projectId": 7, "id": 1, "title": "Buy milk"}
    assert steps(story) == {
        "accepted": (True, False),
        "ordered": (None, False),
        "logged": (True, True),
        "published": (None, False),
    }
    logged = datetime.fromisoformat(story["steps"][2]["at"])
    assert abs(datetime.now(UTC) - logged) < MINUTE


@pytest.mark.parametrize(("cursor", "done"), [(0, False), (1, True)])
async def test_published_is_what_the_cursor_has_passed(
    service: Service, cursor: int, *, done: bool
) -> None:
    await service.put(7, "r", {"title": "Buy milk"})
    log = service.store.publications
    await log.move("7", await log.cursor("7"), cursor, "")
    publishing = Stories(replace(service.engine, publishes=True), places_to_look())
    story = read(
        await replace(service, stories=publishing).look("story", projectId=7, requestId="r")
    )
    assert steps(story)["published"] == (done, False)


async def test_refused_request_shows_the_refusal(tmp_path: Path) -> None:
    async with opened(INVOICES, tmp_path) as service:
        order = {"year": 2026, "cents": 99_999, "currency": "EUR"}
        for name in ("one", "two"):
            await service.put("C-1", name, order)
        story = read(await service.look("story", customerId="C-1", requestId="two"))
        assert story["entry"]["refused"]["code"] == "credit-limit"
        assert story["payload"] == order


async def test_hub_without_an_answer_leaves_the_order_unknown(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(service, "r")

    async def fail(_: str) -> Order:
        raise HubUnknown("closed")

    monkeypatch.setattr(service.hub, "order", fail)
    story = read(await service.look("story", projectId=7, requestId="r"))
    assert steps(story)["ordered"] == (None, False)
    listed = read(await service.look("pending", projectId=7))
    assert [each["ordered"] for each in listed["pending"]] == [None]


async def test_many_who_look_at_a_hanging_hub_are_answered(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share few calls, and none of them waits for more than its own second."""
    await waiting(service, "r")
    read_order = HangingRead()
    monkeypatch.setattr(service.hub, "order", read_order)
    looks = [service.look("story", projectId=7, requestId="r") for _ in range(40)]
    async with asyncio.timeout(60):
        stories = [read(each) for each in await asyncio.gather(*looks)]
    assert all(steps(each)["ordered"] == (None, False) for each in stories)
    assert (read_order.most, read_order.under_way) == (4, 0)


async def test_pending_shows_the_oldest_first_and_no_place(service: Service) -> None:
    assert read(await service.look("pending", projectId=7)) == {
        "projectId": 7,
        "pending": [],
        "more": False,
    }
    await waiting(service, "z", "a", "m")
    service.hub.works = True
    service.hub.orders["7"] = Order(0, ("a",))
    told = read(await service.look("pending", projectId=7))
    named = [(each["requestId"], each["ordered"]) for each in told["pending"]]
    assert named == [("z", False), ("a", True), ("m", False)]
    validator = jsonschema_rs.validator_for(resolved(document([TODOS]), "TodosPending"))
    validator.validate(told)


async def test_pending_is_cut_and_says_that_there_are_more(service: Service) -> None:
    service.hub.works = False
    items = [{**MILK, "requestId": f"r{i}"} for i in range(SHOWN_MAX + 1)]
    await service.batch(items)
    told = read(await service.look("pending", projectId=7))
    assert (len(told["pending"]), told["more"]) == (SHOWN_MAX, True)


@pytest.mark.parametrize("part", ["inbox", "log"])
async def test_request_that_moves_while_its_story_is_told_is_known(
    service: Service, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    await waiting(service, "r")
    service.hub.works = True
    look = service.store.inbox.waiting if part == "inbox" else service.store.log.find

    async def look_then_move(*args: Any) -> Any:
        seen = await look(*args)
        monkeypatch.undo()
        await service.put(7, "r", {"title": "Buy milk"})
        await service.hub.idle()
        return seen

    where = service.store.inbox if part == "inbox" else service.store.log
    monkeypatch.setattr(where, look.__name__, look_then_move)
    response = await service.look("story", projectId=7, requestId="r")
    assert response.status_code == 200
    assert read(response)["status"] == ("logged" if part == "inbox" else "accepted")


@pytest.mark.parametrize(("call", "route"), [("pending", {}), ("story", {"requestId": "r"})])
async def test_store_without_an_answer_is_to_be_asked_later(
    service: Service, monkeypatch: pytest.MonkeyPatch, call: str, route: dict[str, Any]
) -> None:
    async def fail(*_: Any) -> Any:
        raise Unknown("account name and all")

    for name in ("page", "waiting"):
        monkeypatch.setattr(service.store.inbox, name, fail)
    response = await service.look(call, projectId=7, **route)
    assert response.status_code == 503
    assert b"account" not in response.get_body()
