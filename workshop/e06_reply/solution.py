"""Act on what was committed, never on a reply."""

from workshop.simulator import Entity, Table


async def write_invoice(order: str, counter: Entity, invoices: Table) -> None:
    """Write the invoice of an order under the next number."""
    await counter.signal(order)
    orders = await counter.read(until=lambda orders: order in orders)
    await invoices.put(f"invoice/{orders.index(order) + 1}", order)
