"""Two orders in a queue; the depot crashes, or one of its calls gets lost."""

from functools import partial
from typing import Any

from workshop.simulator import Faults, Queue, Table, World
from workshop.simulator.explore import Scenario


def scenarios(code: Any) -> list[Scenario]:
    """One order, then three."""

    def build(orders: tuple[str, ...], world: World) -> None:
        queue, depot = Queue(world, "orders"), Table(world, "depot")
        for order in orders:
            queue.put(order)
        process = world.process("worker", lambda: code.work(queue, depot))
        queue.comes_back_when_dead(process)

        def promise() -> str | None:
            lost = [each for each in orders if f"parcel/{each}" not in depot.rows]
            return (
                f"order {lost[0]} is in no queue any more, and no parcel was sent" if lost else None
            )

        world.at_end(promise)

    return [
        Scenario("nothing goes wrong", partial(build, ("A7", "B2"))),
        Scenario("one order, one fault", partial(build, ("A7",)), Faults(crashes=1)),
        Scenario("one order", partial(build, ("A7",)), Faults(crashes=1, lost=1)),
        Scenario("the depot is down", partial(build, ("A7",)), Faults(lost=4)),
        Scenario("three orders", partial(build, ("A7", "B2", "C5")), Faults(crashes=1, lost=1)),
    ]
