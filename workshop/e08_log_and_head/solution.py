"""One transaction, guarded by the version of the head."""

from workshop.simulator import Conflict, Insert, Table, Update


async def append(entry: str, ledger: Table) -> int:
    """Add an entry to the end of the ledger; return its number."""
    while True:
        head = await ledger.read("head")
        assert head is not None
        number = int(head.value) + 1
        try:
            await ledger.transaction(
                Insert(f"entry/{number}", entry),
                Update("head", number, head.etag),
            )
        except Conflict:
            continue
        return number
