"""Keys that follow from the request, and rows that are never deleted: nothing else to remember."""

from collections.abc import Callable
from contextlib import suppress

from workshop.e13_remembering.window import Window
from workshop.simulator import Conflict, Table


async def book(
    order: str,
    cents: int,
    window: Window,
    ledger: Table,
    new_id: Callable[[], str],
) -> None:
    """Write two rows for each order, once: the sale and the fee of one per cent."""
    with suppress(Conflict):
        await ledger.insert(f"{order}/sale", ("sale", order, cents))
    with suppress(Conflict):
        await ledger.insert(f"{order}/fee", ("fee", order, cents // 100))
