"""The page follows the domain: with invoices it shows invoices."""

import json

import pytest

from domain.checks import written_payload
from page.tests.browser import Page
from page.tests.service import Site
from tests.measurements.model import MEASUREMENTS

ORDER = {"customerId": "C-77", "year": 2026, "cents": 99_999, "currency": "EUR"}


def test_form_of_invoices_is_made_of_their_schema(page: Page) -> None:
    page.open(domain="invoice")
    assert page.text("item-key-label") == "customer id"
    labels = page.script(
        "return [...document.querySelectorAll('#fields label')].map((e) => e.textContent)"
    )
    assert labels == ["customer id", "year", "cents", "currency"]
    assert page.by_id("field-currency").tag_name in {"select", "input"}


def test_invoice_and_refusal_are_shown_at_their_places(page: Page, site: Site) -> None:
    site.post("invoices", ORDER, "i-1")
    page.open(domain="invoice", key="C-77")
    page.fill("field-customerId", "C-77")
    page.fill("field-cents", "99999")
    page.fill("request-id", "i-2")
    page.submit("create")
    page.until_text("answer", "409 The invoice was refused: credit limit")
    page.until(
        lambda: [each[:2] for each in page.rows("log")] == [["2", "refused"], ["1", "created"]]
    )
    assert "2026-000001" in page.rows("log")[1][2]
    assert page.rows("log")[0][2].startswith("credit-limit: ")
    page.choose("status", "refused")
    page.submit("filter")
    page.until(lambda: [each[0] for each in page.rows("log")] == ["2"])
    page.until_text("invariant", "1..2 dense, no duplicates")


def test_other_domain_can_be_chosen(page: Page, project: int) -> None:
    page.open(domain="todo", key=project)
    page.choose("domain", "invoice")
    page.until_text("item-key-label", "customer id")
    page.until(lambda: "domain=invoice" in page.driver.current_url)
    assert "Function of invoices" in page.text("service")
    assert "Function of todos" in page.text("service")


def test_fields_of_every_type_are_sent_as_they_are(page: Page) -> None:
    """Names that others use, objects, lists, null: the form starts with the domain's example."""
    page.open(domain="measurement")
    page.requests()
    page.submit("create")
    page.until_text("answer", "201 created: position 1")
    [post] = [each for each in page.requests() if each["method"] == "POST"]
    (request, _), *_ = MEASUREMENTS.examples
    asked = json.loads(post["postData"])
    assert asked.pop("stationName") == MEASUREMENTS.key.example
    assert asked == json.loads(written_payload(MEASUREMENTS, request))
    page.until(lambda: [each[:2] for each in page.rows("log")] == [["1", "created"]])
    page.fill("field-requestId", "[1.5]")
    page.submit("create")
    page.until_text("field-requestId-error", "integer")


@pytest.mark.parametrize("key", ["nonsense", "C-"])
def test_key_that_cannot_be_is_told_and_not_shown(page: Page, key: str) -> None:
    page.open(domain="invoice", key=key)
    page.until_text("failure", "400 The request is invalid")
