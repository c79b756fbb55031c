"""What `GET /api/health` says, and how little it can be used to load the store."""

import asyncio
from collections.abc import Mapping
from typing import Any

import azure.functions as func
import pytest

from store.port import Unknown
from tests.triggers.service import Service, read, request
from triggers import http_health
from triggers.http_health import Health
from triggers.http_reading import guarded


class Patient:
    """A store of which only the health is asked, and a clock."""

    def __init__(self) -> None:
        self.wrong: Mapping[str, str] | Exception = {}
        self.checks = 0
        self.seconds = 100.0
        self.health = Health(self, clock=lambda: self.seconds)  # type: ignore[arg-type]

    async def check(self) -> Mapping[str, str]:
        self.checks += 1
        await asyncio.sleep(0)
        if isinstance(self.wrong, Exception):
            raise self.wrong
        return self.wrong

    async def get(self) -> func.HttpResponse:
        return await guarded(self.health.get, request("GET"))


async def test_a_service_whose_store_answers_is_well(service: Service) -> None:
    response = await guarded(Health(service.store, clock=lambda: 0.0).get, request("GET"))
    assert response.status_code == 200
    assert read(response) == {"status": "ok"}
    assert response.headers["Cache-Control"] == "no-store"


async def test_the_answer_says_what_is_wrong() -> None:
    patient = Patient()
    patient.wrong = {"log": "not there", "inbox": "slow"}
    response = await patient.get()
    assert response.status_code == 503
    body = read(response)
    assert body["type"] == "/problems/unhealthy"
    assert body["parts"] == {"log": "not there", "inbox": "slow"}
    assert body["detail"] == "log: not there; inbox: slow"
    assert response.headers["Retry-After"] == "2"


@pytest.mark.parametrize("error", [Unknown("key=secret"), ValueError("key=secret")])
async def test_a_check_that_fails_is_a_fault_without_its_text(error: Exception) -> None:
    patient = Patient()
    patient.wrong = error
    response = await patient.get()
    assert response.status_code == 503
    assert "store" in read(response)["parts"]
    assert b"secret" not in response.get_body()


async def test_a_store_that_hangs_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang() -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(http_health, "CHECK_SECONDS_MAX", 0.01)
    patient = Patient()
    patient.check = hang  # type: ignore[method-assign]
    response = await patient.get()
    assert response.status_code == 503
    assert "no answer" in read(response)["parts"]["store"]


async def test_however_many_ask_the_store_is_asked_once_a_second() -> None:
    patient = Patient()
    await asyncio.gather(*(patient.get() for _ in range(50)))
    patient.seconds += 0.9
    await patient.get()
    assert patient.checks == 1
    patient.wrong = {"log": "gone"}
    patient.seconds += 0.2
    assert (await patient.get()).status_code == 503
    assert patient.checks == 2
