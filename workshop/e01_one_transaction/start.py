"""A shop takes an order: the money is in one database, the parcel in another."""

from workshop.simulator import Put, Table


async def place_order(order: str, cents: int, shop: Table, depot: Table) -> None:
    """Take the money and order the parcel: both, or neither."""
    await shop.put(f"paid/{order}", cents)
    await depot.put(f"parcel/{order}", "to be sent")
