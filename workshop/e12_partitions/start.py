"""A bank of infinite scale: one account, one partition; a transaction stays in one partition.

The partition is what comes before the slash: "ann/balance" and "ann/out/t1" can be written in one
transaction, "ann/balance" and "bob/balance" cannot. No row holds more than two items.
"""

from workshop.simulator import Conflict, Insert, Table, Update

# await bank.wait_for_rows("ann/out/")   {key: value} of the rows that begin so, once there are any
# await bank.transaction(Insert(...), Update(...), Put(...), Delete(...))


async def transfer(name: str, source: str, target: str, cents: int, bank: Table) -> None:
    """Move money from one account to another. `name` is the transfer's id."""
    await add(source, -cents, bank)
    await add(target, cents, bank)


async def add(account: str, cents: int, bank: Table) -> None:
    """Change a balance."""
    while True:
        row = await bank.read(f"{account}/balance")
        assert row is not None
        try:
            await bank.update(f"{account}/balance", row.value + cents, row.etag)
        except Conflict:
            continue
        return


async def deliver(source: str, bank: Table) -> None:
    """Do what transfers from `source` have left to do. Runs from the start and after each crash."""
