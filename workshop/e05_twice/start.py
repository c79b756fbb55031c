"""A bank books payments from a queue that delivers at least once. Two workers share it."""

from workshop.simulator import Conflict, Insert, Queue, Table, Update

# row = await bank.read("balance")       row.value, row.etag
# await bank.put("balance", cents)       whatever is there
# await bank.transaction(                all of it at one moment, or Conflict and nothing:
#     Insert("key", value),              there must be no such row yet
#     Update("balance", cents, etag),    nobody has written it since it was read
# )


async def work(payments: Queue, bank: Table) -> None:
    """Book every payment once, for ever. Runs again after each crash."""
    while True:
        message = await payments.receive()
        name, cents = message.body
        await book(name, cents, bank)
        await payments.acknowledge(message)


async def book(name: str, cents: int, bank: Table) -> None:
    """Add the payment `name` to the balance."""
    balance = await bank.read("balance")
    assert balance is not None
    await bank.put("balance", balance.value + cents)
