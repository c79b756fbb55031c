"""Invoices are numbered 1, 2, 3 ... by an entity: state that changes by one operation at a time.

The platform may crash and run operations again, on the state that was committed last.
"""

from workshop.simulator import Entity, Table

# number = await counter.call(order)   puts `order` into the list that is the entity's state, unless
#                                      it is there, and replies with its place: 1, 2, 3 ...
# await counter.signal(order)          the same, without waiting for a reply
# orders = await counter.read(until=lambda orders: ...)
#                                      the committed list, read until the condition holds


async def write_invoice(order: str, counter: Entity, invoices: Table) -> None:
    """Write the invoice of an order under the next number."""
    number = await counter.call(order)
    await invoices.put(f"invoice/{number}", order)
