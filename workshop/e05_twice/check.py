"""Payments in a queue, workers that crash, messages that come twice."""

from functools import partial
from typing import Any

from workshop.simulator import Faults, Put, Queue, Table, World
from workshop.simulator.explore import Scenario


def scenarios(code: Any) -> list[Scenario]:
    """One payment and one worker, then more of each."""

    def build(payments: dict[str, int], workers: int, world: World) -> None:
        queue, bank = Queue(world, "payments"), Table(world, "bank")
        bank.apply([Put("balance", 0)])
        for payment in payments.items():
            queue.put(payment)
        for n in range(workers):
            process = world.process(f"worker {n + 1}", lambda: code.work(queue, bank))
            queue.comes_back_when_dead(process)

        def promise() -> str | None:
            expected, found = sum(payments.values()), bank.rows["balance"].value
            if found == expected:
                return None
            what = "made out of nothing" if found > expected else "gone"
            return f"the balance is {found} and not {expected}: money is {what}"

        world.at_end(promise)

    one, two = {"p1": 500}, {"p1": 500, "p2": 300}
    return [
        Scenario("nothing goes wrong", partial(build, two, 1)),
        Scenario("equal amounts", partial(build, {"p1": 500, "p2": 500}, 1)),
        Scenario("one payment", partial(build, one, 1), Faults(crashes=1, duplicates=1)),
        Scenario("two workers", partial(build, two, 2)),
        Scenario("three payments", partial(build, {"p1": 500, "p2": 300, "p3": 200}, 2)),
        Scenario(
            "all of it", partial(build, two, 2), Faults(crashes=1, lost=1, duplicates=1), 1500
        ),
    ]
