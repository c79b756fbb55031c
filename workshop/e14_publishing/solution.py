"""The marker before the append, the cursor after the send, the fence before the marker goes."""

from workshop.simulator import Conflict, Insert, Queue, Table, Update


async def append(entry: str, ledger: Table, markers: Table) -> None:
    """Add an entry to the ledger."""
    while True:
        head = await ledger.read("head")
        assert head is not None
        await markers.put("ledger", "has something to publish")
        number = head.value + 1
        try:
            await ledger.transaction(
                Insert(f"entry/{number}", entry), Update("head", number, head.etag)
            )
        except Conflict:
            continue
        return


async def publish(ledger: Table, markers: Table, cursors: Table, hub: Queue) -> None:
    """Send every entry to the hub, in order, for ever. Runs from the start and after each crash."""
    while True:
        await markers.wait_for_rows()
        marker = await markers.read("ledger")
        assert marker is not None
        published = await cursors.get("ledger")
        head = await ledger.read("head")
        assert head is not None
        for number in range(published + 1, head.value + 1):
            await hub.send((number, await ledger.get(f"entry/{number}")))
            await cursors.put("ledger", number)
        try:
            # The fence: a process that has read the head before now cannot append any more, and has
            # to set the marker again. Then the marker goes, unless somebody has set it since.
            await ledger.update("head", head.value, head.etag)
            await markers.delete("ledger", marker.etag)
        except Conflict:
            continue
