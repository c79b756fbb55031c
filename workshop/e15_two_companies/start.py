"""A shop orders from a supplier, another company, over HTTP.

Ann clicks once: `buy` is called once. What she bought must be ordered once, and the shop must get
to know the supplier's number of it.
"""

from collections.abc import Callable

from workshop.simulator import Delete, Insert, NoAnswer, Service, Table

# status, body = await supplier.call("POST", key, (article, pieces))     key: Idempotency-Key
#     202, None    accepted; the number comes later
#     201, number  ordered; a repeat with the same key and content gets the same answer again
#     422, None    this key came before with other content
#     503, None    not accepted, try again
# status, body = await supplier.call("GET", key)
#     200, number  ordered     202, None  accepted, no number yet     404, None  no such key
# Each call may raise NoAnswer.


async def buy(article: str, pieces: int, db: Table, new_key: Callable[[], str]) -> None:
    """Remember what Ann buys."""
    await db.insert(f"wish/{new_key()}", (article, pieces))


async def deliver(db: Table, supplier: Service, new_key: Callable[[], str]) -> None:
    """Order what is wished, for ever. Runs from the start and after each crash.

    An order with the supplier's number becomes a row "ordered/..." = number, and its wish goes.
    """
    while True:
        for wish, (article, pieces) in (await db.wait_for_rows("wish/")).items():
            try:
                _status, number = await supplier.call("POST", new_key(), (article, pieces))
            except NoAnswer:
                continue
            await db.transaction(Delete(wish), Insert(f"ordered/{new_key()}", number))
