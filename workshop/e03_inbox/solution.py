"""The inbox row is written before 202 is answered, and goes after the parcel."""

from workshop.simulator import Memory, Table


async def accept(order: str, memory: Memory, inbox: Table) -> int:
    """Answer an order, with 202 when it will be carried out whatever happens."""
    await inbox.put(order, "accepted")
    return 202


async def work(memory: Memory, inbox: Table, depot: Table) -> None:
    """Carry orders out, for ever. Runs from the start of the process, and after each crash."""
    while True:
        for order in await inbox.wait_for_rows():
            await depot.put(f"parcel/{order}", "sent")
            await inbox.delete(order)
