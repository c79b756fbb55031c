"""What is invoiced, and how the next invoice of a customer follows from the books.

Money is in cents. The year is in the request: a function that asked a clock would make another
invoice of the same order tomorrow.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from domain import Meta, Refused

CREDIT_LIMIT_CENTS: Final = 100_000
"""What a customer may owe in one currency."""

Cents = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Currency = Literal["CHF", "EUR", "GBP", "USD"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for."""

    year: Annotated[int, Meta(ge=2000, le=2999)]
    cents: Cents
    currency: Currency


@dataclass(frozen=True, slots=True)
class Invoice:
    """In the books for ever."""

    number: str
    cents: Cents
    currency: Currency
    total: dict[str, int]
    """Cents that the customer owes after this invoice, by currency."""


@dataclass(frozen=True, slots=True)
class Books:
    """Of one customer: as large as there are currencies, never as there are invoices."""

    last: int = 0
    totals: dict[str, int] = field(default_factory=dict)


def invoice(order: Order, books: Books) -> tuple[Invoice | Refused, Books]:
    """Number an invoice; above the credit limit the books stay as they are."""
    owed = books.totals.get(order.currency, 0) + order.cents
    if owed > CREDIT_LIMIT_CENTS:
        limit = f"{CREDIT_LIMIT_CENTS // 100:,} {order.currency}"
        return Refused("credit-limit", f"The customer would owe more than {limit}."), books
    totals = {**books.totals, order.currency: owed}
    number = f"{order.year}-{books.last + 1:06}"
    return Invoice(number, order.cents, order.currency, totals), Books(books.last + 1, totals)
