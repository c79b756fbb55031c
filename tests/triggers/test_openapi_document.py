"""The OpenAPI document is valid and says the same as the code."""

import json
import re
from typing import Any, Final

import jsonschema_rs
import pytest
import schemathesis

from todos import ID_MAX, wire
from triggers import http, http_reading, parameters, preferences

DOCUMENT: Final[dict[str, Any]] = json.loads(http.OPENAPI_DOCUMENT.read_bytes())
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS: Final = DOCUMENT["components"]["schemas"]


def test_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    # That stops at the schemas, which are JSON Schema 2020-12.
    for schema in SCHEMAS.values():
        jsonschema_rs.meta.validate(schema | {"$schema": DIALECT})


def test_every_call_has_a_name_of_its_own() -> None:
    calls = [call for path in DOCUMENT["paths"].values() for call in path.values()]
    names = [each["operationId"] for each in calls if isinstance(each, dict)]
    assert len(set(names)) == len(names) == 9


def test_every_reference_leads_somewhere_and_everything_is_referred_to() -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)))
    components = {
        f"#/components/{kind}/{name}"
        for kind in ("headers", "parameters", "responses", "schemas")
        for name in DOCUMENT["components"][kind]
    }
    assert references == components


def test_the_limits_are_those_of_the_code() -> None:
    assert SCHEMAS["Int32"]["maximum"] == wire.PROJECT_ID_MAX == ID_MAX
    assert SCHEMAS["Title"]["maxLength"] == wire.TITLE_CHARACTERS_MAX
    assert SCHEMAS["RequestId"]["maxLength"] == wire.REQUEST_ID_CHARACTERS_MAX
    assert SCHEMAS["Errors"]["maxItems"] == wire.ERRORS_MAX
    assert SCHEMAS["Project"]["properties"]["pending"]["maximum"] == http_reading.PENDING_MAX
    batch = DOCUMENT["paths"]["/api/todos/batch"]["post"]
    schema = batch["requestBody"]["content"]["application/json"]["schema"]
    assert schema["maxItems"] == wire.BATCH_ITEMS_MAX
    assert f"at most {parameters.BATCH_BODY_BYTES_MAX // 2**20} MiB" in batch["description"]
    single = DOCUMENT["paths"]["/api/todos"]["post"]["description"]
    assert f"at most {parameters.BODY_BYTES_MAX // 2**10} KiB" in single
    after, limit = DOCUMENT["paths"]["/api/projects/{projectId}/todos"]["get"]["parameters"]
    assert limit["schema"]["maximum"] == parameters.LIMIT_MAX
    assert limit["schema"]["default"] == parameters.LIMIT_DEFAULT
    assert after["schema"]["maximum"] == ID_MAX
    prefer = DOCUMENT["components"]["parameters"]["Prefer"]["description"]
    assert f"0 to {preferences.WAIT_SECONDS_MAX}, {preferences.WAIT_SECONDS_DEFAULT} by" in prefer


@pytest.mark.parametrize("name", ["Title", "RequestId"])
def test_the_patterns_let_through_what_the_code_lets_through(name: str) -> None:
    schema = SCHEMAS[name]
    check = {"Title": wire.check_title, "RequestId": wire.check_request_id}[name]
    candidates = [
        prefix + chr(code) + suffix
        for code in range(0x300)
        for prefix in ("", "a")
        for suffix in ("", "b")
    ]
    for candidate in candidates:
        if candidate != candidate.strip():
            continue  # a control character at an end is white space first, and is trimmed
        try:
            check(candidate)
        except ValueError:
            accepted = False
        else:
            accepted = True
        assert (re.search(schema["pattern"], candidate) is not None) == accepted, repr(candidate)
