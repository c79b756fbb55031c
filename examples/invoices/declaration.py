"""The declaration of invoices: everything that the service has to be told."""

from typing import Annotated, Final

from domain import Domain, Key, Meta, Refused
from examples.invoices.model import Books, Invoice, Order, invoice

CustomerId = Annotated[str, Meta(pattern="^C-[0-9]{1,9}$", examples=["C-1042"])]

INVOICES: Final[Domain[Order, Invoice, Books]] = Domain(
    name="invoice",
    key=Key("customerId", CustomerId),
    empty=Books(),
    versions={1: invoice},
    examples=[
        (Order(2026, 4_200, "EUR"), Invoice("2026-000001", 4_200, "EUR", {"EUR": 4_200})),
        (Order(2026, 500, "USD"), Invoice("2026-000002", 500, "USD", {"EUR": 4_200, "USD": 500})),
        (
            Order(2026, 99_000, "EUR"),
            Refused("credit-limit", "The customer would owe more than 1,000 EUR."),
        ),
        (
            Order(2027, 95_800, "EUR"),
            Invoice("2027-000003", 95_800, "EUR", {"EUR": 100_000, "USD": 500}),
        ),
    ],
)
