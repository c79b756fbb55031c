"""A ledger that only grows: entries 1, 2, 3 ..., and a head that says how many there are.

Several processes append to it at the same time. Any of them may die at any point.
"""

from workshop.simulator import Conflict, Insert, Put, Table, Update

# row = await ledger.read("head")     row.value, row.etag
# await ledger.transaction(...)       Insert(key, value), Put(key, value), Update(key, value, etag):
#                                     all of them at one moment, or Conflict and nothing


async def append(entry: str, ledger: Table) -> int:
    """Add an entry to the end of the ledger; return its number."""
    head = await ledger.read("head")
    assert head is not None
    number = int(head.value) + 1
    await ledger.put(f"entry/{number}", entry)
    await ledger.put("head", number)
    return number
