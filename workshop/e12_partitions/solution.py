"""Debit and message in one partition, credit and memory of the message in the other."""

from contextlib import suppress

from workshop.simulator import Conflict, Insert, Table, Update


async def transfer(name: str, source: str, target: str, cents: int, bank: Table) -> None:
    """Move money from one account to another. `name` is the transfer's id."""
    await add(source, -cents, Insert(f"{source}/out/{name}", (target, cents)), bank)


async def add(account: str, cents: int, beside: Insert, bank: Table) -> None:
    """Change a balance and insert a row beside it. Raises Conflict when that row is there."""
    while True:
        row = await bank.read(f"{account}/balance")
        assert row is not None
        balance = Update(f"{account}/balance", row.value + cents, row.etag)
        try:
            await bank.transaction(beside, balance)
        except Conflict:
            if await bank.get(beside.key):
                raise
            continue
        return


async def deliver(source: str, bank: Table) -> None:
    """Do what transfers from `source` have left to do. Runs from the start and after each crash."""
    while True:
        for key, (target, cents) in (await bank.wait_for_rows(f"{source}/out/")).items():
            name = key.rpartition("/")[2]
            with suppress(Conflict):  # credited before, and the process died before the next line
                await add(target, cents, Insert(f"{target}/in/{name}", cents), bank)
            await bank.delete(key)
