"""An order, and a crash or a lost call anywhere in it."""

from typing import Any

from workshop.simulator import Faults, Table, World
from workshop.simulator.explore import Scenario


def scenarios(code: Any) -> list[Scenario]:
    """Everything fine; then with a fault."""

    def build(world: World, *, fine: bool) -> None:
        shop, depot = Table(world, "shop"), Table(world, "depot")
        app = world.process("app")
        world.spawn(app, code.place_order("A7", 3000, shop, depot))

        def promise() -> str | None:
            both = {**shop.rows, **depot.rows}
            paid, parcel = "paid/A7" in both, "parcel/A7" in both
            if paid and not parcel:
                return "Ann has paid 30.00 and nobody sends her parcel"
            if parcel and not paid:
                return "a parcel goes out that nobody has paid"
            if paid and both["paid/A7"].value != 3000:
                return f"Ann has paid {both['paid/A7'].value} cents for a lamp of 3000"
            if fine and not paid:
                return "nothing went wrong, and the order is not there"
            return None

        world.at_end(promise)

    return [
        Scenario("nothing goes wrong", lambda world: build(world, fine=True)),
        Scenario("one fault", lambda world: build(world, fine=False), Faults(crashes=1, lost=1)),
    ]
