"""Two orders for one entity, whose platform crashes up to twice."""

from typing import Any

from workshop.simulator import Entity, Faults, Table, World
from workshop.simulator.explore import Scenario


def number(state: tuple[str, ...], order: str) -> tuple[tuple[str, ...], int]:
    """Put an order into the list, once; reply with its place."""
    after = state if order in state else (*state, order)
    return after, after.index(order) + 1


def scenarios(code: Any) -> list[Scenario]:
    """No crash, one, two."""

    def build(world: World) -> None:
        counter = Entity(world, "counter", (), number)
        invoices = Table(world, "invoices", local=True)
        for order in ("Ann", "Bob"):
            app = world.process(f"app of {order}", crashes=False)
            world.spawn(app, code.write_invoice(order, counter, invoices))

        def promise() -> str | None:
            written = invoices.values()
            for order in ("Ann", "Bob"):
                if order not in written.values():
                    return f"{order}'s invoice is lost: there is {told(written)}"
            if sorted(written) != ["invoice/1", "invoice/2"]:
                return f"the numbers are not 1 and 2: there is {told(written)}"
            return None

        def lasting() -> str | None:
            values: dict[str, Any] = {}
            for key, value in invoices.written:
                if values.setdefault(key, value) != value:
                    return f"{key} was {values[key]}'s and is overwritten with {value}'s"
            return None

        world.always(lasting)
        world.at_end(promise)

    return [
        Scenario("no crash", build),
        Scenario("one crash", build, Faults(crashes=1), 8000),
        Scenario("two crashes", build, Faults(crashes=2), 1200),
    ]


def told(written: dict[str, Any]) -> str:
    """Say which invoices there are."""
    return ", ".join(f"{key} for {order}" for key, order in written.items()) or "none"
