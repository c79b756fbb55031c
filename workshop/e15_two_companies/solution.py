"""The key is made once, with the decision, and lives in the shop's own outbox until the end."""

from collections.abc import Callable

from workshop.simulator import Delete, Insert, NoAnswer, Service, Table


async def buy(article: str, pieces: int, db: Table, new_key: Callable[[], str]) -> None:
    """Remember what Ann buys, and the key under which it will be ordered however often."""
    await db.insert(f"wish/{new_key()}", (article, pieces))


async def deliver(db: Table, supplier: Service, new_key: Callable[[], str]) -> None:
    """Order what is wished, for ever. Runs from the start and after each crash."""
    while True:
        for wish, content in (await db.wait_for_rows("wish/")).items():
            key = wish.partition("/")[2]
            number = await order(key, content, supplier)
            if number is not None:
                await db.transaction(Delete(wish), Insert(f"ordered/{key}", number))


async def order(key: str, content: tuple[str, int], supplier: Service) -> int | None:
    """Return the supplier's number, or None when it is not known yet: ask again."""
    try:
        status, number = await supplier.call("POST", key, content)
        if status == 202:
            status, number = await supplier.call("GET", key)
    except NoAnswer:
        return None
    return number if status in {200, 201} else None
