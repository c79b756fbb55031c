"""What becomes of orders."""

import pytest

from domain.story import given
from examples.invoices import INVOICES, Books, Invoice, Order, invoice


def order(cents: int, currency: str = "EUR", year: int = 2026) -> Order:
    return Order(year, cents, currency)  # type: ignore[arg-type]


def test_first_invoice_of_a_customer_is_number_one() -> None:
    made = Invoice("2026-000001", 4_200, "EUR", {"EUR": 4_200})
    given(INVOICES).when(order(4_200)).then(made)


def test_numbers_go_on_over_the_turn_of_the_year() -> None:
    made = Invoice("2027-000003", 5, "EUR", {"EUR": 15})
    given(INVOICES, order(5), order(5)).when(order(5, year=2027)).then(made)


def test_each_currency_has_a_total_of_its_own() -> None:
    story = given(INVOICES, order(60_000), order(60_000, "USD"))
    story.when(order(1, "USD")).leaves(Books(3, {"EUR": 60_000, "USD": 60_001}))


def test_order_up_to_the_limit_is_granted_and_above_it_refused() -> None:
    given(INVOICES, order(60_000)).when(order(40_000)).leaves(Books(2, {"EUR": 100_000}))
    given(INVOICES, order(60_000)).when(order(40_001)).refused("credit-limit")


def test_refusal_uses_up_no_number() -> None:
    story = given(INVOICES, order(60_000), order(60_000))
    story.when(order(1)).then(Invoice("2026-000002", 1, "EUR", {"EUR": 60_001}))


@pytest.mark.parametrize("place", [1, 999, 1_000_000])
def test_number_has_six_digits_and_more_when_needed(place: int) -> None:
    made, _ = invoice(order(1), Books(place - 1))
    assert isinstance(made, Invoice)
    assert made.number == f"2026-{place:06}"
