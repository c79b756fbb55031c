"""Both rows in one database, in one transaction: the monolith."""

from workshop.simulator import Put, Table


async def place_order(order: str, cents: int, shop: Table, depot: Table) -> None:
    """Take the money and order the parcel: both, or neither."""
    await shop.transaction(
        Put(f"paid/{order}", cents),
        Put(f"parcel/{order}", "to be sent"),
    )
