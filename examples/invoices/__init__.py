"""Invoices: the second domain, numbered without a gap for each customer."""

from examples.invoices.declaration import INVOICES
from examples.invoices.model import Books, Invoice, Order, invoice

__all__ = ["INVOICES", "Books", "Invoice", "Order", "invoice"]
