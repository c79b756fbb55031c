"""Ann buys, once or twice; calls get lost, the shop crashes, the supplier is busy."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from workshop.simulator import Effect, Faults, Service, Table, World
from workshop.simulator.effect import once
from workshop.simulator.explore import Scenario

Content = tuple[str, int]
Answer = tuple[int, int | None]


class Supplier:
    """Keeps every key, for ever; has the number of an order from the second time it is asked."""

    def __init__(self, busy: int) -> None:
        """`busy` times it may answer 503."""
        self.orders: dict[str, Content] = {}
        self.numbers: dict[str, int] = {}
        self._busy = busy

    async def post(self, key: str, content: Content) -> Answer:
        """Accept an order, or answer a repeat."""
        ways: list[Callable[[], Answer]] = [partial(self._post, key, content)]

        def faults() -> list[Callable[[], Answer]]:
            return [self._refuse] if self._busy else []

        return await Effect("", "", lambda: ways, faults=faults, remote=False)

    async def get(self, key: str) -> Answer:
        """Say how an order is."""
        return await Effect("", "", once(lambda: self._get(key)), remote=False)

    def _post(self, key: str, content: Content) -> Answer:
        if key not in self.orders:
            self.orders[key] = content
            return 202, None
        if self.orders[key] != content:
            return 422, None
        return 201, self._number(key)

    def _get(self, key: str) -> Answer:
        return (200, self._number(key)) if key in self.orders else (404, None)

    def _refuse(self) -> Answer:
        self._busy -= 1
        return 503, None

    def _number(self, key: str) -> int:
        return self.numbers.setdefault(key, 70 + len(self.numbers))


def scenarios(code: Any) -> list[Scenario]:
    """One purchase, then two of the same article."""

    def build(
        purchases: tuple[Content, ...], busy: int, world: World, *, local: bool = True
    ) -> None:
        db = Table(world, "db", local=local)
        supplier = Supplier(busy)
        process = world.process("supplier", crashes=False)
        service = Service(world, process, POST=supplier.post, GET=supplier.get)
        numbers = count(1)

        def new_key() -> str:
            return f"k{next(numbers)}"

        shop = world.process("shop", lambda: code.deliver(db, service, new_key))
        bought: list[Content] = []

        async def buy(article: str, pieces: int) -> None:
            await code.buy(article, pieces, db, new_key)
            bought.append((article, pieces))

        for what in purchases:  # when the shop crashes she does not click again
            world.spawn(shop, buy(*what))

        def once_each() -> str | None:
            for what in supplier.orders.values():
                ordered = list(supplier.orders.values()).count(what)
                if ordered > purchases.count(what):
                    return (
                        f"{what}: bought {times(purchases.count(what))}, ordered {times(ordered)}"
                    )
            return None

        def all_known() -> str | None:
            for what in bought:
                if list(supplier.orders.values()).count(what) < bought.count(what):
                    return f"{what} was bought and is not ordered"
            known = sorted(map(str, db.values("ordered/").values()))
            true = sorted(map(str, supplier.numbers.values()))
            if known != true or len(true) != len(supplier.orders):
                return f"the shop knows the numbers {known}, the supplier has {len(supplier.orders)} orders"
            return None

        world.always(once_each)
        world.at_end(all_known)

    one, two = (("lamp", 1),), (("lamp", 1), ("lamp", 2))
    again = (("lamp", 1), ("lamp", 1))
    return [
        Scenario("nothing goes wrong", partial(build, one, 0), runs_max=300),
        Scenario("one purchase", partial(build, one, 0), Faults(lost=1)),
        Scenario("the db call is lost", partial(build, one, 0, local=False), Faults(lost=1)),
        Scenario("a crash", partial(build, one, 1), Faults(crashes=1, lost=1)),
        Scenario("two contents", partial(build, two, 0), Faults(lost=1), 700),
        Scenario("the same again", partial(build, again, 0), Faults(lost=1), 700),
    ]


def times(number: int) -> str:
    """Say how often."""
    return "once" if number == 1 else f"{number} times"
