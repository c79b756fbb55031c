"""A shop answers 202 Accepted at once and sends the parcel later."""

from workshop.simulator import Memory, Table

# memory.append(order)                remembers it until the process dies
# order = await memory.take()         the oldest one, once there is one
# await inbox.put(key, value)         writes a row that outlives the process
# rows = await inbox.wait_for_rows()  {key: value}, once there is at least one row
# await inbox.delete(key)


async def accept(order: str, memory: Memory, inbox: Table) -> int:
    """Answer an order, with 202 when it will be carried out whatever happens."""
    memory.append(order)
    return 202


async def work(memory: Memory, inbox: Table, depot: Table) -> None:
    """Carry orders out, for ever. Runs from the start of the process, and after each crash."""
    while True:
        order = await memory.take()
        await depot.put(f"parcel/{order}", "sent")
