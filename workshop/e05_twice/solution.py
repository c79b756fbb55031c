"""The effect and the memory of it are one transaction."""

from workshop.simulator import Conflict, Insert, Queue, Table, Update


async def work(payments: Queue, bank: Table) -> None:
    """Book every payment once, for ever. Runs again after each crash."""
    while True:
        message = await payments.receive()
        name, cents = message.body
        await book(name, cents, bank)
        await payments.acknowledge(message)


async def book(name: str, cents: int, bank: Table) -> None:
    """Add the payment `name` to the balance."""
    while not await bank.get(f"booked/{name}"):
        balance = await bank.read("balance")
        assert balance is not None
        try:
            await bank.transaction(
                Insert(f"booked/{name}", cents),
                Update("balance", balance.value + cents, balance.etag),
            )
        except Conflict:
            continue  # somebody was faster, with this payment or with another: look again
