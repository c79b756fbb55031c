"""The running service does what its OpenAPI document says, for good requests and for bad ones."""

from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.config import SchemathesisConfig

from tests.domain_under_test import DOMAIN
from tests.e2e.client import BATCH, WAIT_SECONDS, Client
from triggers.http.openapi.document import document, document_bytes

EXAMPLES_MAX: Final = 25
"""Per call and storage, besides those that schemathesis derives from the bounds of the schemas."""

CONFIG: Final = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "checks": {
            # Keys are the platform's: Core Tools and localhost ask for none unless told to.
            "ignored_auth": {"enabled": False},
            # A method without a route is 404 on the Functions host; it knows no 405.
            "unsupported_method": {"enabled": False},
            # Refused, however valid it looks: a request id that was used with other content, and what
            # the domain itself refuses.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]},
        },
        "operations": [
            {
                # Its bad items are told one by one in a 202; the schema of the results says so.
                "include-path": BATCH,
                "checks": {"negative_data_rejection": {"enabled": False}},
            }
        ],
    }
)

SCHEMA: Final = schemathesis.openapi.from_dict(document([DOMAIN]), config=CONFIG)


def test_document_served_is_made_from_the_declaration(base_url: str) -> None:
    served = Client(base_url).get("/api/openapi.json")
    assert served.content == document_bytes([DOMAIN])


@pytest.mark.slow
@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES_MAX,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_service_keeps_to_its_document(case: Any, base_url: str) -> None:
    # To JSON Schema 7.0 is an integer; here it is not, and no schema can say so.
    assume(not holds_fraction(case.body))
    case.call_and_validate(base_url=base_url, timeout=WAIT_SECONDS)


def holds_fraction(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(holds_fraction, value.values()))
    if isinstance(value, list):
        return any(map(holds_fraction, value))
    return isinstance(value, float)
