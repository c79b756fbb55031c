"""A ledger is published, entry by entry, to a hub outside. Two processes: `append` and `publish`.

Nobody can look through a million ledgers all the time, so a marker says that this one has something
to publish. (In the exercise there is one ledger.)
"""

from workshop.simulator import Conflict, Insert, Queue, Table, Update

# row = await table.read(key)            row.value, row.etag; None when there is no such row
# await table.update(key, value, etag)   Conflict when it has changed since; a new ETag otherwise
# await table.delete(key, etag)          Conflict when it has changed since


async def append(entry: str, ledger: Table, markers: Table) -> None:
    """Add an entry to the ledger."""
    while True:
        head = await ledger.read("head")
        assert head is not None
        number = head.value + 1
        try:
            await ledger.transaction(
                Insert(f"entry/{number}", entry), Update("head", number, head.etag)
            )
        except Conflict:
            continue
        break
    await markers.put("ledger", "has something to publish")


async def publish(ledger: Table, markers: Table, cursors: Table, hub: Queue) -> None:
    """Send every entry to the hub, in order, for ever. Runs from the start and after each crash."""
    while True:
        await markers.wait_for_rows()
        published = await cursors.get("ledger")
        head = await ledger.read("head")
        assert head is not None
        for number in range(published + 1, head.value + 1):
            await cursors.put("ledger", number)
            await hub.send((number, await ledger.get(f"entry/{number}")))
        await markers.delete("ledger")
