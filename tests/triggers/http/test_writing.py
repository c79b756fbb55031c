"""What a client gets that asks for entries."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from examples.invoices import INVOICES
from intake import admission
from store.ports.records import Answered, Conflict, Entry, Head, Request, Unknown, Unreadable
from tests.domain.domains import Ask, Reply, parrots
from tests.triggers.http.service import Service, opened, read

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


async def test_one_key_that_fails_leaves_the_others_of_a_batch(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = service.store.inbox.put

    async def fail_for_8(requests: Sequence[Request], at: datetime) -> None:
        if requests[0].key == "8":
            raise Unknown("no answer")
        await put(requests, at)

    monkeypatch.setattr(service.store.inbox, "put", fail_for_8)
    items = [MILK | {"requestId": "a"}, MILK | {"requestId": "b", "projectId": 8}]
    one, two = read(await service.batch(items))["results"]
    assert one == {"status": "accepted", "projectId": 7, "requestId": "a"}
    assert (two["status"], two["reason"]) == ("not-accepted", "not-accepted")


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


async def test_a_batch_has_a_result_for_each_item_in_order(service: Service) -> None:
    await service.post(MILK, Idempotency_Key="old")
    items = [
        MILK | {"requestId": "new"},
        MILK | {"requestId": "old"},
        MILK | {"title": "other", "requestId": "old"},
        MILK,
        {"projectId": 8, "title": "x", "requestId": "new"},
        MILK | {"requestId": "new"},
        MILK | {"title": "other", "requestId": "new"},
    ]
    response = await service.batch(items)
    assert response.status_code == 202
    results = read(response)["results"]
    assert results[0] == {"status": "accepted", "projectId": 7, "requestId": "new"}
    assert results[1] == {
        "status": "created",
        "projectId": 7,
        "requestId": "old",
        "todo": {"projectId": 7, "id": 1, "title": "Buy milk"},
    }
    assert results[2]["status"] == "refused"
    assert results[2]["reason"] == "idempotency-key-reused"
    assert results[2]["detail"]
    assert results[3] == {
        "status": "invalid",
        "errors": [{"pointer": "#/3/requestId", "detail": "is missing"}],
    }
    assert results[4] == {"status": "accepted", "projectId": 8, "requestId": "new"}
    assert results[5] == results[0]
    assert results[6]["status"] == "refused"
    await service.hub.idle()
    assert [each.place for each in await service.store.log.read("7", 0, 10)] == [1, 2]


async def test_a_thousand_items_become_a_thousand_entries(service: Service) -> None:
    items = [{"projectId": 7 + i % 3, "title": f"t{i}", "requestId": f"r{i}"} for i in range(1_000)]
    for status in ("accepted", "created"):
        results = read(await service.batch(items))["results"]
        assert [each["status"] for each in results] == [status] * 1_000
        await service.hub.idle()
    counts = [len(await service.store.log.read(project, 0, 1_000)) for project in ("7", "8", "9")]
    assert counts == [334, 333, 333]


async def test_a_batch_being_read_lets_others_have_their_turn(service: Service) -> None:
    """One of 4 MB that is refused item by item (security H1)."""
    bad = b'{"' + b'":0,"'.join(b"%d" % each for each in range(550)) + b'":0}'
    body = b"[" + b",".join([bad] * 900) + b"]"
    turns, done = 0, asyncio.Event()

    async def count() -> None:
        nonlocal turns
        while not done.is_set():
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    response = await service.batch(body)
    done.set()
    await counting
    assert response.status_code == 202
    assert turns > 5


async def test_a_conflict_in_the_inbox_is_not_the_clients_business(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.hub.works = False
    assert (await service.post(MILK, Idempotency_Key="k", Prefer="wait=0")).status_code == 202

    async def conflict(*_: Any) -> None:
        raise Conflict("there already")

    monkeypatch.setattr(service.store.inbox, "put", conflict)
    assert (await service.post(MILK, Idempotency_Key="k", Prefer="wait=0")).status_code == 202


# Refusals of the domain

ORDER = {"customerId": "C-1042", "year": 2026, "cents": 60_000, "currency": "EUR"}


async def test_a_refusal_has_its_place_and_is_replayed(tmp_path: Path) -> None:
    async with opened(INVOICES, tmp_path) as service:
        assert (await service.post(ORDER, Idempotency_Key="a")).status_code == 201
        refused = await service.post(ORDER, Idempotency_Key="b")
        assert refused.status_code == 409
        assert read(refused) == {
            "type": "/problems/credit-limit",
            "title": "The invoice was refused: credit limit",
            "status": 409,
            "detail": "The customer would owe more than 1,000 EUR.",
            "customerId": "C-1042",
            "id": 2,
        }
        for again in (
            await service.post(ORDER, Idempotency_Key="b"),
            await service.put("C-1042", "b", {k: v for k, v in ORDER.items() if k != "customerId"}),
            await service.get("request", customerId="C-1042", requestId="b"),
        ):
            assert again.status_code == 409
            assert again.get_body() == refused.get_body()
        (item,) = read(await service.batch([ORDER | {"requestId": "b"}]))["results"]
        assert (item["status"], item["reason"]) == ("refused", "credit-limit")
        other = await service.post(ORDER | {"cents": 1}, Idempotency_Key="b")
        assert other.status_code == 422
        assert read(other)["title"].endswith("with another year, cents or currency")
        # The next one goes on behind it.
        third = read(await service.post(ORDER | {"cents": 1}, Idempotency_Key="c"))
        assert (third["id"], third["number"]) == (3, "2026-000002")


# Functions that fail


def _failing(ask: Ask, last: int) -> tuple[Reply, int]:
    if ask.words == "bad":
        raise KeyError("secret of the function")
    return Reply(last + 1, ask.words), last + 1


@pytest.mark.parametrize(("status", "told"), [(500, False), (422, True)])
async def test_a_failed_fold_is_answered_as_declared(
    tmp_path: Path, status: int, *, told: bool
) -> None:
    domain = parrots(
        versions={1: _failing}, examples=[(Ask("a"), Reply(1, "a"))], fold_failure=status
    )
    async with opened(domain, tmp_path) as service:
        bad = {"shopId": 7, "words": "bad"}
        first = await service.post(bad, Idempotency_Key="k")
        looked_up = await service.get("request", shopId=7, requestId="k")
        while looked_up.status_code == 202:  # its inbox row goes after the answer
            await asyncio.sleep(0)
            looked_up = await service.get("request", shopId=7, requestId="k")
        for response in (first, looked_up):
            assert response.status_code == status
            assert read(response)["type"] == "/problems/fold-failed"
            assert ("KeyError" in read(response)["detail"]) is told
        good = await service.post({"shopId": 7, "words": "good"})
        assert read(good) == {"shopId": 7, "id": 1, "words": "good"}


# Erased entries


async def test_an_erased_entry_is_gone_wherever_it_is_asked_for(service: Service) -> None:
    erased = Answered(Entry(1, "k", 1, '"erased"'), '"erased"')
    await service.store.log.append(
        "7", await service.store.log.head("7"), Head(1, "1", None), [erased]
    )
    for response in (
        await service.post(MILK, Idempotency_Key="k"),
        await service.get("request", projectId=7, requestId="k"),
        await service.get("entry", projectId=7, id=1),
    ):
        assert response.status_code == 410
        assert read(response)["type"] == "/problems/erased"
    page = read(await service.get("log", projectId=7))
    assert page["todos"] == [{"projectId": 7, "id": 1, "erased": True}]
    (result,) = read(await service.batch([MILK | {"requestId": "k"}]))["results"]
    assert (result["status"], result["reason"]) == ("refused", "erased")


async def test_an_empty_batch_of_good_items_asks_the_store_for_nothing(service: Service) -> None:
    results = read(await service.batch([{}, 7]))["results"]
    assert [each["status"] for each in results] == ["invalid", "invalid"]
    assert await service.is_empty(7)
