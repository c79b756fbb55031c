"""Refusals of the domain, functions that fail, content that was erased."""

import asyncio
from pathlib import Path

import pytest

from examples.invoices import INVOICES
from store.ports.records import Answered, Entry, Head
from tests.domain.domains import Ask, Reply, parrots
from tests.triggers.http.service import Service, opened, read

MILK = {"projectId": 7, "title": "Buy milk"}


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
