"""A till books orders. Its broker remembers for a while which orders it has seen."""

from collections.abc import Callable

from workshop.e13_remembering.window import Window
from workshop.simulator import Conflict, Table

# await window.remembers(order)            whether it was told of `order` and has not forgotten
# await window.remember(order, seconds)    at most 7 days
# await ledger.insert(key, value)          Conflict when there is a row


async def book(
    order: str, cents: int, window: Window, ledger: Table, new_id: Callable[[], str]
) -> None:
    """Write two rows for each order, once: the sale and the fee of one per cent."""
    if await window.remembers(order):
        return
    await ledger.insert(new_id(), ("sale", order, cents))
    await ledger.insert(new_id(), ("fee", order, cents // 100))
    await window.remember(order, 600)
