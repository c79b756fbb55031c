"""What a client gets that asks for entries."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from intake import admission
from store.ports.records import Conflict, Request, Unknown, Unreadable
from store.sqlite.schema import prepare
from tests.triggers.http.service import Service, read

MILK = {"projectId": 7, "title": "Buy milk"}


async def test_a_request_gets_its_entry(service: Service) -> None:
    response = await service.post({"projectId": 7, "title": " Buy milk\ufeff"}, Idempotency_Key="k")
    assert response.status_code == 201
    assert response.get_body() == b'{"projectId":7,"id":1,"title":"Buy milk"}'
    assert response.headers["Location"] == "/api/projects/7/todos/1"
    assert response.headers["Idempotency-Key"] == "k"
    assert "Idempotency-Replayed" not in response.headers
    assert "Preference-Applied" not in response.headers


async def test_a_repeat_gets_the_same_answer_and_is_told_so(service: Service) -> None:
    first = await service.post(MILK, Idempotency_Key="k")
    again = await service.post(MILK | {"title": "Buy milk "}, Idempotency_Key='"k"')
    assert again.status_code == 201
    assert again.get_body() == first.get_body()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(await service.store.log.read("7", 0, 10)) == 1


async def test_the_key_that_was_made_up_repeats_the_request(service: Service) -> None:
    first = await service.post(MILK)
    again = await service.post(MILK, Idempotency_Key=first.headers["Idempotency-Key"])
    assert again.get_body() == first.get_body()
    assert (await service.post(MILK)).get_body() != first.get_body()


async def test_any_key_of_an_answer_repeats_the_request(service: Service) -> None:
    first = await service.post(MILK, Idempotency_Key=r'"\"quoted\""')
    assert first.status_code == 201
    again = await service.post(MILK, Idempotency_Key=first.headers["Idempotency-Key"])
    assert again.get_body() == first.get_body()
    assert again.headers["Idempotency-Key"] == first.headers["Idempotency-Key"]


async def test_the_scope_of_a_request_id_is_its_key(service: Service) -> None:
    for project_id in (7, 8):
        response = await service.post(MILK | {"projectId": project_id}, Idempotency_Key="k")
        assert read(response) == {"projectId": project_id, "id": 1, "title": "Buy milk"}


async def test_put_and_post_with_one_request_id_are_one_request(service: Service) -> None:
    first = await service.put(7, "r", {"title": "Buy milk"}, Idempotency_Key="not looked at")
    assert first.status_code == 201
    assert first.headers["Location"] == "/api/projects/7/todos/1"
    assert "Idempotency-Key" not in first.headers
    again = await service.post(MILK, Idempotency_Key="r")
    assert again.get_body() == first.get_body()
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [("respond-async", "respond-async"), ("wait=0", "wait=0"), ("respond-async, wait=0",) * 2],
)
async def test_a_client_that_does_not_wait_is_told_where_to_ask(
    service: Service, prefer: str, applied: str
) -> None:
    response = await service.post(MILK, Prefer=prefer, Idempotency_Key="a:b&c")
    assert response.status_code == 202
    assert read(response) == {"status": "accepted", "projectId": 7, "requestId": "a:b&c"}
    assert response.headers["Location"] == "/api/projects/7/requests/a%3Ab%26c"
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Idempotency-Key"] == "a:b&c"
    assert response.headers["Preference-Applied"] == applied
    assert service.hub.handed_over == ["7"]
    await service.hub.idle()
    assert (await service.get("request", projectId=7, requestId="a:b&c")).status_code == 200


async def test_a_wait_ends_when_its_time_is_over_and_is_handed_over(service: Service) -> None:
    service.hub.works = False
    before = asyncio.get_running_loop().time()
    response = await service.put(7, "r", {"title": "Buy milk"}, Prefer="respond-async, wait=1")
    assert response.status_code == 202
    assert 1 <= asyncio.get_running_loop().time() - before < 3
    assert response.headers["Preference-Applied"] == "respond-async, wait=1"
    assert service.hub.handed_over == ["7"]


async def test_a_task_hub_that_stands_still_makes_an_answer_slow(service: Service) -> None:
    service.hub.works = False
    response = await service.post(MILK, Prefer="wait=90")
    assert response.status_code == 201
    assert response.headers["Preference-Applied"] == "wait=30"


async def test_one_key_never_stands_for_two_contents(service: Service) -> None:
    service.hub.works = False
    first = await service.post(MILK, Idempotency_Key="k", Prefer="wait=0")
    assert first.status_code == 202
    while_it_waits = await service.post(MILK | {"title": "x"}, Idempotency_Key="k")
    service.hub.works = True
    assert (await service.post(MILK, Idempotency_Key="k", Prefer="wait=30")).status_code == 201
    afterwards = await service.post(MILK | {"title": "x"}, Idempotency_Key="k")
    by_address = await service.put(7, "k", {"title": "x"})
    for response in (while_it_waits, afterwards, by_address):
        assert response.status_code == 422
        assert read(response)["type"] == "/problems/idempotency-key-reused"
        assert read(response)["title"].endswith("with another title")
    assert afterwards.headers["Idempotency-Key"] == "k"


async def test_too_many_at_once_are_turned_away_with_their_key(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "REQUESTS_WAITING_MAX", 1)
    answers = await asyncio.gather(*(service.post(MILK, Idempotency_Key=f"k{i}") for i in range(5)))
    assert sorted(each.status_code for each in answers) == [201, 429, 429, 429, 429]
    for response in answers[1:]:
        assert read(response)["type"] == "/problems/overloaded"
        assert response.headers["Retry-After"] == "1"
        assert response.headers["Idempotency-Key"].startswith("k")
    assert len(await service.store.log.read("7", 0, 10)) == 1


@pytest.mark.parametrize("stored", ["stored", "lost"])
async def test_a_store_that_does_not_answer_means_not_accepted(
    service: Service, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    put, get = service.store.inbox.put, service.store.inbox.get

    async def fail_to_put(requests: Sequence[Request], at: datetime) -> None:
        if stored == "stored":
            await put(requests, at)
        raise Unknown("no answer")

    async def fail_to_get(*_: Any) -> Any:
        raise Unknown("no answer")

    monkeypatch.setattr(service.store.inbox, "put", fail_to_put)
    monkeypatch.setattr(service.store.inbox, "get", fail_to_get)
    response = await service.post(MILK)
    batch = await service.batch([MILK | {"requestId": "b"}])
    for each in (response, batch):
        assert each.status_code == 503
        assert read(each)["type"] == "/problems/not-accepted"
        assert each.headers["Retry-After"] == "2"
    monkeypatch.setattr(service.store.inbox, "put", put)
    monkeypatch.setattr(service.store.inbox, "get", get)
    # Repeated with the key of the answer it is the same request, whatever had happened.
    key = response.headers["Idempotency-Key"]
    again = [await service.post(MILK, Idempotency_Key=key) for _ in range(2)]
    assert len({each.get_body() for each in again}) == 1
    assert {each.status_code for each in again} == {201}


async def test_rows_of_a_newer_release_are_told_as_such(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Any:
        raise Unreadable("version 7 at account secret")

    monkeypatch.setattr(service.store.log, "find", fail)
    response = await service.post(MILK, Idempotency_Key="k")
    assert response.status_code == 503
    assert "newer release" in read(response)["detail"]
    assert b"secret" not in response.get_body()


async def test_store_of_another_domain_says_that_an_operator_must_act(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "others.db"
    prepare(path, "others")
    monkeypatch.setattr(service.store, "_path", path)
    monkeypatch.setattr(service.store, "_file", None)
    answers = [
        await service.post(MILK, Idempotency_Key="k"),
        await service.put(7, "k", {"title": "Buy milk"}),
        await service.batch([MILK | {"requestId": "k"}]),
        await service.get("key", projectId=7),
        await service.get("request", projectId=7, requestId="k"),
    ]
    for each in answers:
        assert (each.status_code, each.headers["Retry-After"]) == (503, "60")
        problem = read(each)
        assert problem["type"] == "/problems/store-unusable"
        assert "operator" in problem["title"]
        assert "safe" not in problem["detail"]
        assert "epeat" not in problem["detail"]
        assert str(tmp_path).encode() not in each.get_body()


async def test_a_fault_of_ours_says_nothing_about_our_insides(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(service.store.inbox, "put", fail)
    monkeypatch.setattr(service.store.log, "head", fail)
    responses = [
        await service.post(MILK, Idempotency_Key="k"),
        await service.put(7, "k", {"title": "Buy milk"}),
        await service.batch([MILK | {"requestId": "k"}]),
        await service.get("key", projectId=7),
    ]
    for response in responses:
        assert response.status_code == 500
        assert read(response)["type"] == "/problems/internal-error"
        assert b"secret" not in response.get_body()
        assert b"ZeroDivision" not in response.get_body()
    assert responses[0].headers["Idempotency-Key"] == "k"
    logged = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert len(logged) == len(responses)
    assert all("ZeroDivisionError: secret" in (each.exc_text or "") for each in logged)


async def test_a_conflict_in_the_inbox_is_not_the_clients_business(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.hub.works = False
    assert (await service.post(MILK, Idempotency_Key="k", Prefer="wait=0")).status_code == 202

    async def conflict(*_: Any) -> None:
        raise Conflict("there already")

    monkeypatch.setattr(service.store.inbox, "put", conflict)
    assert (await service.post(MILK, Idempotency_Key="k", Prefer="wait=0")).status_code == 202
