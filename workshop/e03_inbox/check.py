"""Two customers order; the shop's process crashes anywhere."""

from functools import partial
from typing import Any

from workshop.simulator import Faults, Memory, NoAnswer, Service, Table, World
from workshop.simulator.explore import Scenario


def scenarios(code: Any) -> list[Scenario]:
    """One order, then two, with up to two crashes."""

    def build(customers: tuple[str, ...], world: World) -> None:
        inbox, depot = Table(world, "inbox"), Table(world, "depot")
        shop = world.process("shop")
        memory = Memory(shop)
        shop.mains = (lambda: code.work(memory, inbox, depot),)
        world.spawn(shop, code.work(memory, inbox, depot))
        service = Service(world, shop, order=lambda order: code.accept(order, memory, inbox))
        answers: dict[str, Any] = {}

        async def order(name: str) -> None:
            try:
                answers[name] = await service.call("order", name)
            except NoAnswer:
                return  # it may be carried out or not: nothing was promised

        for name in customers:
            world.person(name, partial(order, name))

        def promise() -> str | None:
            for name, answer in answers.items():
                if answer != 202:
                    return f"{name} is answered {answer} instead of 202"
                if f"parcel/{name}" not in depot.rows:
                    return f"{name} was answered 202, and no parcel is ever sent"
            return None

        world.at_end(promise)

    return [
        Scenario("nothing goes wrong", partial(build, ("Ann", "Bob")), runs_max=200),
        Scenario("one order, one crash", partial(build, ("Ann",)), Faults(crashes=1)),
        Scenario("one order, a lost call", partial(build, ("Ann",)), Faults(crashes=1, lost=1)),
        Scenario("two orders, two crashes", partial(build, ("Ann", "Bob")), Faults(crashes=2)),
    ]
