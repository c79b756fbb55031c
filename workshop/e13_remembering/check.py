"""Orders that are sent again after a minute, and after a month."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from workshop.e13_remembering.window import Window
from workshop.simulator import Faults, NoAnswer, Service, Table, World
from workshop.simulator.explore import Scenario

MONTH = 30 * 86_400


def scenarios(code: Any) -> list[Scenario]:
    """One customer who comes back, then two with the same price."""

    def build(orders: tuple[str, ...], world: World) -> None:
        ledger, window = Table(world, "ledger"), Window(world)
        till = world.process("till")
        new_id = made_up()

        async def book(order: str) -> str:
            await code.book(order, 3000, window, ledger, new_id)
            return "booked"

        service = Service(world, till, book=book)
        booked: list[str] = []

        async def customer(order: str) -> None:
            for pause in (0, 60, MONTH):
                if pause:
                    await world.sleep(pause)
                try:
                    await service.call("book", order)
                except NoAnswer:
                    continue
                booked.append(order)
                return

        for order in orders:
            world.person(f"customer {order}", partial(customer, order))

        def twice() -> str | None:
            for (kind, order), times in found(ledger).items():
                if times > 1:
                    return f"{order} has {times} rows '{kind}'"
            return None

        def missing() -> str | None:
            rows = found(ledger)
            for order in booked:
                if lacking := [kind for kind in ("sale", "fee") if not rows[kind, order]]:
                    return f"{order} was answered 'booked' and has no row '{lacking[0]}'"
            for kind, order, cents in ledger.values().values():
                if cents != {"sale": 3000, "fee": 30}[kind]:
                    return f"the {kind} of {order} is {cents} cents"
            return None

        world.always(twice)
        world.at_end(missing)

    return [
        Scenario("nothing goes wrong", partial(build, ("A7", "B2")), runs_max=300),
        Scenario("one order", partial(build, ("A7",)), Faults(crashes=1)),
        Scenario("one order, two faults", partial(build, ("A7",)), Faults(crashes=1, lost=1)),
        Scenario("two orders", partial(build, ("A7", "B2")), Faults(lost=1), 1000),
    ]


def found(ledger: Table) -> Counter[tuple[str, str]]:
    """Count the rows of each kind and order."""
    return Counter((kind, order) for kind, order, _cents in ledger.values().values())


def made_up() -> Callable[[], str]:
    """Return a function that never returns the same id twice, as uuid4 does."""
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"
