"""The contract, held by every domain with requests drawn from its own examples.

Each answer is checked against the OpenAPI document that is made from the same declaration.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from domain.samples import Samples, key_of
from examples.invoices import INVOICES
from tests.domain.domains import parrots
from tests.measurements.model import MEASUREMENTS
from tests.triggers.http.service import Service, opened, read
from todos import TODOS
from triggers.http.openapi.document import document
from triggers.http.openapi.domain_schemas import Names, named

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOMAINS = [TODOS, INVOICES, MEASUREMENTS, parrots()]


class Subject:
    """A domain that is served, its requests, and its schemas."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.domain = service.domain
        self.samples = Samples(self.domain, Random(3))
        self.names: Names = named(self.domain)
        self.key = key_of(self.domain, 4)
        schemas = json.dumps(document([self.domain])["components"]["schemas"])
        self.schemas = json.loads(schemas.replace("#/components/schemas/", "#/$defs/"))

    def check(self, value: Any, name: str) -> None:
        schema = {"$schema": DIALECT, "$ref": f"#/$defs/{name}", "$defs": self.schemas}
        jsonschema_rs.validator_for(schema).validate(value)

    async def get(self, call: str, **route: object) -> Any:
        return await self.service.get(call, **{self.domain.key.name: self.key, **route})  # type: ignore[arg-type]


@pytest.fixture(params=DOMAINS, ids=lambda domain: domain.plural)
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    async with opened(request.param, tmp_path) as service:
        yield Subject(service)


async def test_requests_are_answered_as_documented_and_replayed(subject: Subject) -> None:
    for number in range(1, 21):
        body = subject.samples.body(subject.key)
        subject.check(body, subject.names.request)
        first = await subject.service.post(body, Idempotency_Key=f"k{number}")
        assert first.status_code in {201, 409}, first.get_body()
        answer = read(first)
        subject.check(answer, subject.names.entry if first.status_code == 201 else "Problem")
        assert answer[subject.domain.place] == number
        again = await subject.service.post(body, Idempotency_Key=f"k{number}")
        assert (again.status_code, again.get_body()) == (first.status_code, first.get_body())
        assert again.headers["Idempotency-Replayed"] == "true"


async def test_other_content_under_one_request_id_is_refused(subject: Subject) -> None:
    bodies = [subject.samples.body(subject.key) for _ in range(2)]
    await subject.service.post(bodies[0], Idempotency_Key="k")
    other = await subject.service.post(bodies[1], Idempotency_Key="k")
    assert other.status_code == 422
    subject.check(read(other), "Problem")


async def test_batch_and_log_hold_the_same_entries(subject: Subject) -> None:
    items = [subject.samples.item(subject.key, f"r{each}") for each in range(60)]
    subject.check(items, subject.names.batch)
    subject.check(read(await subject.service.batch(items)), subject.names.results)
    await subject.service.hub.idle()
    results = read(await subject.service.batch(items))
    subject.check(results, subject.names.results)
    shown = await subject.get("log")
    page = read(shown)
    subject.check(page, subject.names.page)
    entries = page[subject.domain.plural]
    assert [each[subject.domain.place] for each in entries] == list(range(1, 61))
    created = [each for each in results["results"] if each["status"] == "created"]
    kept = {json.dumps(each) for each in entries}
    assert all(json.dumps(each[subject.domain.name]) in kept for each in created)
    assert len(created) == sum("refused" not in each for each in entries)


async def test_a_request_is_put_and_asked_for_at_its_address(subject: Subject) -> None:
    payload = json.loads(subject.samples.payload())
    subject.check(payload, subject.names.payload)
    put = await subject.service.put(subject.key, "r", payload)
    found = await subject.get("request", **{subject.domain.request_id: "r"})
    assert (found.status_code, found.get_body()) == (200, put.get_body())
    summary = await subject.get("key")
    subject.check(read(summary), subject.names.summary)


async def test_a_request_that_waits_is_told_as_documented(subject: Subject) -> None:
    subject.service.hub.works = False
    body = subject.samples.body(subject.key)
    waiting = await subject.service.post(body, Prefer="respond-async", Idempotency_Key="k")
    assert waiting.status_code == 202
    subject.check(read(waiting), subject.names.accepted)
    assert read(waiting)[subject.domain.request_id] == "k"


async def test_every_member_left_out_is_told_with_its_pointer(subject: Subject) -> None:
    body = subject.samples.body(subject.key)
    required = subject.schemas[subject.names.request]["required"]
    for member in required:
        rest = {name: value for name, value in body.items() if name != member}
        response = await subject.service.post(rest)
        assert response.status_code == 400
        assert read(response)["errors"] == [{"pointer": f"#/{member}", "detail": "is missing"}]
    nothing = read(await subject.service.post({}))["errors"]
    assert [each["pointer"] for each in nothing] == [f"#/{each}" for each in required]
