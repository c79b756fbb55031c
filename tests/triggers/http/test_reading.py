"""What a client sees that looks."""

from pathlib import Path
from typing import Any

import pytest

from examples.invoices import INVOICES
from store.ports.records import Unknown
from tests.triggers.http.service import Service, opened, pointers, read

MILK = {"projectId": 7, "title": "Buy milk"}


async def test_unused_key_is_empty(service: Service) -> None:
    response = await service.get("key", projectId=7)
    assert response.status_code == 200
    assert read(response) == {"projectId": 7, "last": 0, "pending": 0}


async def test_a_key_says_how_far_it_is_and_how_much_is_waiting(service: Service) -> None:
    await service.post(MILK)
    service.hub.works = False
    for _ in range(2):
        await service.post(MILK, Prefer="wait=0")
    response = await service.get("key", projectId=7)
    assert read(response) == {"projectId": 7, "last": 1, "pending": 2}
    assert response.headers["Cache-Control"] == "no-store"


async def test_an_entry_stays_and_a_place_beyond_the_last_is_not(service: Service) -> None:
    created = await service.post(MILK)
    response = await service.get("entry", projectId=7, id=1)
    assert response.status_code == 200
    assert response.get_body() == created.get_body()
    assert response.headers["Cache-Control"] == "private, max-age=3600, immutable"
    for project_id, place in ((7, 2), (8, 1), (7, 2**31 - 1)):
        missing = await service.get("entry", projectId=project_id, id=place)
        assert missing.status_code == 404
        assert read(missing)["type"] == "/problems/not-found"


async def test_a_reader_that_follows_next_gets_each_entry_once(service: Service) -> None:
    items = [{"projectId": 7, "title": f"t{i}", "requestId": f"r{i}"} for i in range(25)]
    await service.batch(items)
    await service.hub.idle()
    ids: list[int] = []
    query: dict[str, str] | None = {"limit": "10"}
    for _ in range(9):
        page = read(await service.get("log", query, projectId=7))
        ids += [each["id"] for each in page["todos"]]
        if page["next"] is None:
            break
        path, _, text = page["next"].partition("?")
        assert path == "/api/projects/7/todos"
        query = dict(pair.split("=") for pair in text.split("&"))
    assert ids == list(range(1, 26))


async def test_a_reader_that_remembers_one_number_resumes_there(service: Service) -> None:
    for _ in range(3):
        await service.post(MILK)
    page = read(await service.get("log", {"after": "2"}, projectId=7))
    assert page == {"todos": [{"projectId": 7, "id": 3, "title": "Buy milk"}], "next": None}
    for after in ("3", str(2**31 - 1)):
        empty = read(await service.get("log", {"after": after, "limit": "1000"}, projectId=7))
        assert empty == {"todos": [], "next": None}
    full = read(await service.get("log", {"after": "1", "limit": "2"}, projectId=7))
    assert full["next"] == "/api/projects/7/todos?after=3&limit=2"


async def test_unknown_parameters_are_ignored(service: Service) -> None:
    assert (await service.get("log", {"code": "x"}, projectId=7)).status_code == 200


@pytest.mark.parametrize("query", [{"after": ""}, {"limit": ""}])
async def test_an_empty_cursor_does_not_start_over(service: Service, query: dict[str, str]) -> None:
    response = await service.get("log", query, projectId=7)
    assert response.status_code == 400
    assert list(pointers(response)) == [f"query:{next(iter(query))}"]


async def test_a_refusal_is_shown_at_its_place(tmp_path: Path) -> None:
    async with opened(INVOICES, tmp_path) as service:
        order = {"customerId": "C-1042", "year": 2026, "cents": 99_999, "currency": "EUR"}
        await service.post(order)
        await service.post(order)
        page = read(await service.get("log", customerId="C-1042"))
        assert [each["id"] for each in page["invoices"]] == [1, 2]
        assert page["invoices"][1] == {
            "customerId": "C-1042",
            "id": 2,
            "refused": {
                "code": "credit-limit",
                "detail": "The customer would owe more than 1,000 EUR.",
            },
        }
        alone = await service.get("entry", customerId="C-1042", id=2)
        assert (alone.status_code, read(alone)) == (200, page["invoices"][1])


async def test_a_request_is_first_unknown_then_accepted_then_there(service: Service) -> None:
    unknown = await service.get("request", projectId=7, requestId="a:b")
    assert unknown.status_code == 404
    assert read(unknown)["type"] == "/problems/not-found"
    service.hub.works = False
    await service.put(7, "a:b", {"title": "Buy milk"}, Prefer="respond-async")
    waiting = await service.get("request", projectId=7, requestId="a:b")
    assert waiting.status_code == 202
    assert read(waiting) == {"status": "accepted", "projectId": 7, "requestId": "a:b"}
    assert waiting.headers["Retry-After"] == "1"
    assert waiting.headers["Location"] == "/api/projects/7/requests/a%3Ab"
    service.hub.works = True
    created = await service.put(7, "a:b", {"title": "Buy milk"})
    done = await service.get("request", projectId=7, requestId="a:b")
    assert done.status_code == 200
    assert done.get_body() == created.get_body()
    elsewhere = await service.get("request", projectId=8, requestId="a:b")
    assert elsewhere.status_code == 404


async def test_the_request_of_an_event_can_be_asked_for(service: Service) -> None:
    response = await service.get("request", projectId=7, requestId="event:hub:0:17")
    assert response.status_code == 404
    assert "errors" not in read(response)


@pytest.mark.parametrize("part", ["inbox", "log"])
async def test_a_request_that_moves_between_two_reads_is_never_unknown(
    service: Service, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    service.hub.works = False
    await service.put(7, "r", {"title": "Buy milk"}, Prefer="respond-async")
    service.hub.works = True
    look = service.store.inbox.get if part == "inbox" else service.store.log.find

    async def look_then_move(*args: Any) -> Any:
        seen = await look(*args)
        monkeypatch.undo()
        await service.put(7, "r", {"title": "Buy milk"})  # the log gets it, the inbox loses it
        await service.hub.idle()
        return seen

    where = service.store.inbox if part == "inbox" else service.store.log
    monkeypatch.setattr(where, look.__name__, look_then_move)
    response = await service.get("request", projectId=7, requestId="r")
    assert response.status_code == (200 if part == "inbox" else 202)


@pytest.mark.parametrize(
    ("call", "route"),
    [("key", {}), ("log", {}), ("entry", {"id": 1}), ("request", {"requestId": "r"})],
)
async def test_a_store_that_does_not_answer_is_to_be_asked_later(
    service: Service, monkeypatch: pytest.MonkeyPatch, call: str, route: dict[str, Any]
) -> None:
    async def fail(*_: Any) -> Any:
        raise Unknown("account name and all")

    for name in ("head", "read", "get", "find"):
        monkeypatch.setattr(service.store.log, name, fail)
    response = await service.get(call, projectId=7, **route)
    assert response.status_code == 503
    assert read(response)["type"] == "/problems/store-unavailable"
    assert response.headers["Retry-After"] == "2"
    assert b"account" not in response.get_body()
