"""Eight ways to sell the pieces on a shelf. One of them is right."""

from collections.abc import Awaitable, Callable

from workshop.simulator import Conflict, Insert, Put, Row, Table, Update

Sell = Callable[[str, Table], Awaitable[str]]
"""(buyer, shop) -> "sold" or "sold out"; the row "shelf" has the pieces left."""


async def shelf(shop: Table) -> Row:
    """Read how many pieces are left."""
    row = await shop.read("shelf")
    assert row is not None
    return row


async def right(buyer: str, shop: Table) -> str:
    """One transaction, guarded by the ETag of the shelf; after a conflict it looks again."""
    while True:
        row = await shelf(shop)
        if row.value == 0:
            return "sold out"
        try:
            await shop.transaction(
                Update("shelf", row.value - 1, row.etag), Insert(f"sale/{buyer}", buyer)
            )
        except Conflict:
            continue
        return "sold"


async def without_etag(buyer: str, shop: Table) -> str:
    """Two buyers read 1, and both write 0."""
    row = await shelf(shop)
    if row.value == 0:
        return "sold out"
    await shop.transaction(Put("shelf", row.value - 1), Insert(f"sale/{buyer}", buyer))
    return "sold"


async def told_too_early(buyer: str, shop: Table) -> str:
    """The loser of a race is told sold."""
    row = await shelf(shop)
    if row.value == 0:
        return "sold out"
    try:
        await shop.transaction(
            Update("shelf", row.value - 1, row.etag), Insert(f"sale/{buyer}", buyer)
        )
    except Conflict:
        return "sold"
    return "sold"


async def gives_up(buyer: str, shop: Table) -> str:
    """The loser of a race is told sold out."""
    row = await shelf(shop)
    if row.value == 0:
        return "sold out"
    try:
        await shop.transaction(
            Update("shelf", row.value - 1, row.etag), Insert(f"sale/{buyer}", buyer)
        )
    except Conflict:
        return "sold out"
    return "sold"


async def two_writes(buyer: str, shop: Table) -> str:
    """A crash between the two takes a piece off the shelf that nobody has bought."""
    while True:
        row = await shelf(shop)
        if row.value == 0:
            return "sold out"
        try:
            await shop.update("shelf", row.value - 1, row.etag)
        except Conflict:
            continue
        await shop.put(f"sale/{buyer}", buyer)
        return "sold"


async def sold_again(buyer: str, shop: Table) -> str:
    """As the right one, but a sale is a row with a number: a second try sells again."""
    while True:
        row = await shelf(shop)
        if row.value == 0:
            return "sold out"
        try:
            await shop.transaction(
                Update("shelf", row.value - 1, row.etag), Insert(f"sale/{row.value}", buyer)
            )
        except Conflict:
            continue
        return "sold"


async def looks_once(buyer: str, shop: Table) -> str:
    """After a conflict it does not look again whether there is a piece."""
    row = await shelf(shop)
    if row.value == 0:
        return "sold out"
    while True:
        try:
            await shop.transaction(
                Update("shelf", row.value - 1, row.etag), Insert(f"sale/{buyer}", buyer)
            )
        except Conflict:
            row = await shelf(shop)
            continue
        return "sold"


async def told_what_is_left(buyer: str, shop: Table) -> str:
    """The buyer of the last piece is told sold out."""
    answer = await right(buyer, shop)
    row = await shelf(shop)
    return "sold out" if row.value == 0 else answer
