"""The third domain, over HTTP and on both stores: what its author may rely on."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from domain.decider import Decider
from domain.lock import differences, write
from domain.lock import read as read_lock
from domain.samples import Samples, key_of
from domain.sizes import JSON_CHARACTERS_MAX
from domain.story import given
from examples.invoices import INVOICES
from store.open import open_store
from tests.measurements.model import MEASUREMENTS, WINDOW_MAX, Comparison
from tests.triggers.http.service import Service, over, read
from todos import TODOS
from triggers.http.openapi.document import document

DIALECT = "https://json-schema.org/draft/2020-12/schema"
STATION = "Ostsee:3!(a)"


@pytest.fixture(params=["sqlite", pytest.param("tables", marks=pytest.mark.azurite)])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    if request.param == "sqlite":
        spec, environ = f"sqlite:{tmp_path / 'store.db'}", {}
    else:
        spec, environ = "tables", {"EO_TABLES": request.getfixturevalue("tables_account")}
    async with over(MEASUREMENTS, open_store(spec, MEASUREMENTS.plural, environ)) as made:
        yield made


@pytest.fixture
def samples() -> Samples:
    return Samples(MEASUREMENTS, Random(1))


def valid(value: Any, name: str) -> bool:
    schemas = document([MEASUREMENTS])["components"]["schemas"]
    text = json.dumps(schemas).replace("#/components/schemas/", "#/$defs/")
    schema = {"$schema": DIALECT, "$ref": f"#/$defs/{name}", "$defs": json.loads(text)}
    return bool(jsonschema_rs.validator_for(schema).is_valid(value))


async def test_every_field_comes_back_whatever_its_name(service: Service, samples: Samples) -> None:
    body = samples.body(STATION)
    assert valid(body, "MeasurementRequest")
    first = await service.post(body, Idempotency_Key="k")
    assert first.status_code == 201, first.get_body()
    made = read(first)
    assert valid(made, "Measurement")
    assert (made["stationName"], made["position"], made["id"]) == (
        STATION,
        1,
        body["id"]["serialNumber"],
    )
    assert made["place"] == body.get("RowKey")
    again = await service.post(body, Idempotency_Key="k")
    assert again.get_body() == first.get_body()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await service.post({**body, "v": body["v"] + 1}, Idempotency_Key="k")
    assert other.status_code == 422
    assert read(other)["title"].endswith("with other content")


async def test_addresses_lead_to_what_they_name(service: Service, samples: Samples) -> None:
    created = await service.post(samples.body(STATION), Idempotency_Key="k")
    assert created.headers["Location"] == "/api/stations/Ostsee%3A3%21%28a%29/measurements/1"
    entry = await service.get("entry", stationName=STATION, position=1)
    request = await service.get("request", stationName=STATION, requestName="k")
    assert entry.get_body() == request.get_body() == created.get_body()
    summary = read(await service.get("key", stationName=STATION))
    assert (summary["stationName"], summary["last"]) == (STATION, 1)


async def test_state_of_ten_kilobytes_is_carried_on(service: Service, samples: Samples) -> None:
    items = [samples.item(STATION, f"r{each}") for each in range(WINDOW_MAX + 20)]
    results = read(await service.batch(items))["results"]
    assert {each["status"] for each in results} == {"accepted"}
    assert results[0]["requestName"] == "r0"
    await service.hub.idle()
    head = await service.store.log.head(STATION)
    assert head.place == WINDOW_MAX + 20
    assert head.state is not None
    assert 10_000 < len(head.state) < JSON_CHARACTERS_MAX
    page = read(await service.get("log", {"limit": "1000"}, stationName=STATION))
    assert [each["position"] for each in page["measurements"]] == list(range(1, WINDOW_MAX + 21))
    assert valid(page, "MeasurementsPage")


async def test_log_folded_again_gives_what_it_holds(service: Service, samples: Samples) -> None:
    ids = [f"r{each}" for each in range(60)]
    await service.batch([samples.item(STATION, each) for each in ids])
    await service.hub.idle()
    answered = await service.store.log.find(STATION, ids)
    decider, state = Decider(MEASUREMENTS), None
    for each in sorted(answered.values(), key=lambda found: found.entry.place):
        folded = decider.fold_with(each.entry.version, each.payload, each.entry.place, state)
        assert folded.output == each.entry.output
        state = folded.state
    assert state == (await service.store.log.head(STATION)).state


async def test_keys_do_not_meet(service: Service, samples: Samples) -> None:
    keys = ["a", "A", "a.", "a:", "ab", STATION, key_of(MEASUREMENTS, 3), "'", '"', "x" * 40]
    for key in keys:
        assert read(await service.post(samples.body(key)))["position"] == 1
    for key in keys:
        assert read(await service.get("key", stationName=key))["last"] == 1


async def test_sweeper_finds_requests_without_an_emitter(
    service: Service, samples: Samples
) -> None:
    service.hub.works = False
    await service.post(samples.body(STATION), Prefer="respond-async", Idempotency_Key="k")
    waiting = [
        each async for each in service.store.inbox.overdue(datetime.now(UTC) + timedelta(days=1))
    ]
    assert [row.request.key for rows in waiting for row in rows] == [STATION]
    assert await service.engine.drains.drain(STATION, service.hub, 20.0)
    assert (await service.get("request", stationName=STATION, requestName="k")).status_code == 200


def test_document_of_three_domains_is_one(tmp_path: Path) -> None:
    made = document([TODOS, INVOICES, MEASUREMENTS])
    assert "/api/stations/{stationName}/requests/{requestName}" in made["paths"]
    write(MEASUREMENTS, tmp_path / "released.json")
    assert list(differences(MEASUREMENTS, read_lock(tmp_path / "released.json"))) == []


def test_story_is_told_in_the_words_of_the_domain() -> None:
    (first, made), (second, _) = MEASUREMENTS.examples
    assert isinstance(made, Comparison)
    given(MEASUREMENTS).when(first).then(made)
    assert len(given(MEASUREMENTS, first).when(second).state.samples) == 2
