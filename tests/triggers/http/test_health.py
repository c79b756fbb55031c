"""What `GET /api/health` says, and how little it can be used to load the store."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func
import pytest

from examples.invoices import INVOICES
from store.ports.records import Unknown
from tests.triggers.http.service import Service, read, request
from triggers.http import health
from triggers.http.health import Health
from triggers.http.reading import guarded

PERIOD = timedelta(seconds=30)


class Patient:
    """A store of which only the health is asked, and its clocks."""

    def __init__(self, service: Service) -> None:
        self.wrong: Mapping[str, str] | Exception = {}
        self.swept: datetime | Exception | None = None
        self.checks = 0
        self.seconds = 100.0
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        store: Any = self
        self.engine = replace(service.engine, store=store)
        self.health = self.health_of(1)

    def health_of(self, engines: int) -> Health:
        all_engines = [self.engine, replace(self.engine, domain=INVOICES)][:engines]
        return Health(all_engines, PERIOD, lambda: self.seconds, lambda: self.time)

    async def check(self) -> Mapping[str, str]:
        self.checks += 1
        await asyncio.sleep(0)
        if isinstance(self.wrong, Exception):
            raise self.wrong
        return self.wrong

    async def last_sweep(self) -> datetime | None:
        if isinstance(self.swept, Exception):
            raise self.swept
        return self.swept

    def later(self, seconds: float) -> None:
        self.seconds += seconds
        self.time += timedelta(seconds=seconds)

    async def get(self) -> func.HttpResponse:
        return await guarded(self.health.get, request("GET"))


@pytest.fixture
def patient(service: Service) -> Patient:
    return Patient(service)


async def test_a_service_whose_store_takes_writes_is_well(service: Service) -> None:
    made = Health([service.engine], PERIOD, lambda: 0.0, lambda: datetime.now(UTC))
    response = await guarded(made.get, request("GET"))
    assert response.status_code == 200
    assert read(response) == {"status": "ok"}
    assert response.headers["Cache-Control"] == "no-store"


async def test_the_answer_says_what_is_wrong(patient: Patient) -> None:
    patient.wrong = {"log": "not there", "inbox": "full"}
    response = await patient.get()
    assert response.status_code == 503
    body = read(response)
    assert body["type"] == "/problems/unhealthy"
    assert body["parts"] == {"log": "not there", "inbox": "full"}
    assert body["detail"] == "log: not there; inbox: full"
    assert response.headers["Retry-After"] == "2"


@pytest.mark.parametrize("error", [Unknown("host=secret"), ValueError("key=secret")])
async def test_a_check_that_fails_is_a_fault_without_its_text(
    patient: Patient, error: Exception
) -> None:
    patient.wrong = error
    response = await patient.get()
    assert response.status_code == 503
    assert read(response)["parts"] == {"store": "no answer; the reason is in the log"}
    assert b"secret" not in response.get_body()


async def test_a_store_that_hangs_is_a_fault(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "CHECK_SECONDS_MAX", 0.01)
    monkeypatch.setattr(patient, "check", hang)
    response = await patient.get()
    assert response.status_code == 503
    assert "no answer" in read(response)["parts"]["store"]


async def test_however_many_ask_a_write_is_tried_every_ten_seconds(patient: Patient) -> None:
    await asyncio.gather(*(patient.get() for _ in range(50)))
    patient.later(9.9)
    await patient.get()
    assert patient.checks == 1
    patient.wrong = {"log": "gone"}
    patient.later(0.2)
    assert (await patient.get()).status_code == 503
    assert patient.checks == 2


async def test_a_sweeper_that_is_silent_for_three_periods_is_a_fault(patient: Patient) -> None:
    patient.swept = patient.time
    patient.later(90)
    assert (await patient.get()).status_code == 200
    patient.later(11)
    response = await patient.get()
    assert response.status_code == 503
    assert read(response)["parts"] == {"sweeper": "has not run for 101 s"}
    patient.swept = patient.time
    patient.later(11)
    assert (await patient.get()).status_code == 200


async def test_a_sweeper_that_never_ran_gets_three_periods_first(patient: Patient) -> None:
    patient.later(89)
    assert (await patient.get()).status_code == 200
    patient.later(11)
    assert (await patient.get()).status_code == 503


async def test_a_short_period_makes_no_slow_sweep_a_fault(patient: Patient) -> None:
    second = timedelta(seconds=1)
    patient.health = Health([patient.engine], second, lambda: patient.seconds, lambda: patient.time)
    patient.swept = patient.time
    patient.later(59)
    assert (await patient.get()).status_code == 200
    patient.later(11)
    assert (await patient.get()).status_code == 503


async def test_of_several_domains_the_parts_say_whose_they_are(patient: Patient) -> None:
    patient.health = patient.health_of(2)
    patient.wrong = {"log": "gone"}
    assert read(await patient.get())["parts"] == {"todos.log": "gone", "invoices.log": "gone"}
