"""The OpenAPI document that is made from declarations."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from domain import sizes
from domain.addresses import check_client_id
from domain.domain import AnyDomain
from examples.invoices import INVOICES
from tests.domain.domains import parrots
from todos import TODOS
from todos.model import TITLE_LENGTH_MAX
from triggers.http import kinds, parameters
from triggers.http.openapi.document import document
from triggers.http.reading import PENDING_MAX

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ALL: list[AnyDomain] = [TODOS, INVOICES, parrots()]
CASES = [*([each] for each in ALL), ALL]


@pytest.mark.parametrize("domains", CASES)
def test_the_document_is_openapi_3_1(domains: list[AnyDomain]) -> None:
    made = document(domains)
    schemathesis.openapi.from_dict(made).validate()
    # That stops at the schemas, which are JSON Schema 2020-12.
    for schema in made["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema | {"$schema": DIALECT})


@pytest.mark.parametrize("domains", CASES)
def test_every_call_has_a_name_of_its_own(domains: list[AnyDomain]) -> None:
    calls = [call for path in document(domains)["paths"].values() for call in path.values()]
    names = [each["operationId"] for each in calls if isinstance(each, dict)]
    assert len(set(names)) == len(names) == 9 * len(domains) + 5


@pytest.mark.parametrize("domains", CASES)
def test_every_reference_leads_somewhere(domains: list[AnyDomain]) -> None:
    made = document(domains)
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(made)))
    components = {
        f"#/components/{kind}/{name}"
        for kind in ("headers", "parameters", "responses", "schemas")
        for name in made["components"][kind]
    }
    assert references <= components
    unused = {each.rpartition("/")[2] for each in components - references}
    assert unused <= {"Refusal"}  # where no domain refuses


def resolved(made: Any, name: str) -> dict[str, Any]:
    """Make a schema of the document one that stands alone."""
    text = json.dumps(made["components"]["schemas"]).replace("#/components/schemas/", "#/$defs/")
    return {"$schema": DIALECT, "$ref": f"#/$defs/{name}", "$defs": json.loads(text)}


@pytest.mark.parametrize(
    ("domain", "name", "good"),
    [
        (TODOS, "TodoRequest", {"projectId": 7, "title": " Buy milk\n"}),
        (TODOS, "Todo", {"projectId": 7, "id": 1, "title": "Buy milk"}),
        (TODOS, "TodoItem", {"projectId": 7, "title": "x", "requestId": "r"}),
        (INVOICES, "InvoicePayload", {"year": 2026, "cents": 5, "currency": "EUR"}),
        (INVOICES, "CustomerSummary", {"customerId": "C-1", "last": 0, "pending": 3}),
        (
            INVOICES,
            "LoggedInvoice",
            {"customerId": "C-1", "id": 2, "refused": {"code": "credit-limit", "detail": "x"}},
        ),
    ],
)
def test_schemas_say_what_is_sent_and_answered(
    domain: AnyDomain, name: str, good: dict[str, Any]
) -> None:
    validator = jsonschema_rs.validator_for(resolved(document([domain]), name))
    assert validator.is_valid(good)
    for member, value in good.items():
        assert not validator.is_valid({k: v for k, v in good.items() if k != member})
        assert not validator.is_valid({**good, member: [value]})


def test_schemas_of_requests_refuse_unknown_members() -> None:
    made = document(ALL)
    for name in ("TodoRequest", "TodoPayload", "TodoItem", "InvoiceRequest"):
        assert made["components"]["schemas"][name]["additionalProperties"] is False


def test_examples_are_what_the_domain_declares() -> None:
    schemas = document([INVOICES])["components"]["schemas"]
    assert schemas["InvoiceRequest"]["examples"] == [
        {"customerId": "C-1042", "year": 2026, "cents": 4200, "currency": "EUR"}
    ]
    assert schemas["Invoice"]["examples"] == [
        {
            "customerId": "C-1042",
            "id": 1,
            "number": "2026-000001",
            "cents": 4200,
            "currency": "EUR",
            "total": {"EUR": 4200},
        }
    ]


def test_only_a_domain_that_refuses_documents_409() -> None:
    invoices = document([INVOICES])["paths"]["/api/invoices"]["post"]["responses"]
    assert "`/problems/credit-limit`" in invoices["409"]["description"]
    assert "409" not in document([TODOS])["paths"]["/api/todos"]["post"]["responses"]


@pytest.mark.parametrize(("status", "other"), [("422", "500"), ("500", "422")])
def test_a_fold_that_fails_is_documented_as_declared(status: str, other: str) -> None:
    made = document([parrots(fold_failure=int(status))])["paths"]["/api/replies"]["post"]
    assert "fold-failed" in made["responses"][status]["description"]
    assert "fold-failed" not in made["responses"][other]["description"]


def test_all_kinds_of_problems_are_explained_with_their_status() -> None:
    for domain in ALL:
        made = document([domain])
        explained = ""
        for path in made["paths"].values():
            for call in path.values():
                for status, response in call["responses"].items() if "responses" in call else ():
                    named = response.get("$ref", "").rpartition("/")[2]
                    told = made["components"]["responses"][named] if named else response
                    explained += f"{status} {told['description']}\n"
        for kind in (*kinds.SHARED, kinds.key_reused(domain), kinds.fold_failed(domain)):
            assert re.search(rf"^{kind.status} .*`{kind.type}`", explained, re.MULTILINE), kind


def test_the_limits_are_those_of_the_code() -> None:
    made = document([TODOS])
    schemas, paths = made["components"]["schemas"], made["paths"]
    assert schemas["ProjectKey"]["maximum"] == 2_147_483_647
    assert schemas["Todo"]["properties"]["title"]["maxLength"] == TITLE_LENGTH_MAX
    assert schemas["ProjectSummary"]["properties"]["pending"]["maximum"] == PENDING_MAX
    assert schemas["TodosBatch"]["maxItems"] == sizes.BATCH_ITEMS_MAX
    single = paths["/api/todos"]["post"]["description"]
    assert f"at most {sizes.BODY_BYTES_MAX // 1024} KiB" in single
    limit = made["components"]["parameters"]["Limit"]["schema"]
    assert (limit["maximum"], limit["default"]) == (parameters.LIMIT_MAX, parameters.LIMIT_DEFAULT)
    assert "0 to 30, 5 by default" in made["components"]["parameters"]["Prefer"]["description"]


def test_request_ids_published_are_those_clients_may_choose() -> None:
    pattern = document([TODOS])["components"]["schemas"]["ClientRequestId"]["pattern"]
    for code in range(0x100):
        for text in (chr(code), f"a{chr(code)}", f"{chr(code)}b", f"event:{chr(code)}"):
            try:
                check_client_id(text)
            except ValueError:
                assert re.fullmatch(pattern, text) is None, repr(text)
            else:
                assert re.fullmatch(pattern, text), repr(text)
