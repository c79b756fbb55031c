"""The learner's oracle judges a right program and seven wrong ones, after every history.

It is compared with the oracle of the solution: what that one sees must be seen, and no more.
"""

from functools import partial
from typing import Any

from workshop.e10_oracle import programs, solution
from workshop.e10_oracle.programs import Sell
from workshop.e10_oracle.start import Seen
from workshop.simulator import Faults, Put, Table, World
from workshop.simulator.explore import Scenario


def build(code: Any, sell: Sell, stock: int, buyers: tuple[str, ...], world: World) -> None:
    """Let the buyers buy, then ask both oracles."""
    shop = Table(world, "shop", local=True)
    shop.apply([Put("shelf", stock)])
    told: dict[str, str | None] = dict.fromkeys(buyers)

    async def buy(buyer: str) -> None:
        answer = await sell(buyer, shop)
        await world.note(f"tells {buyer}: {answer}")
        told[buyer] = answer

    for n, buyer in enumerate(buyers, 1):
        main = partial(buy, buyer)
        if sell is programs.sold_again:
            world.process(f"till {n}", main)  # after a crash it tries again
        else:
            world.spawn(world.process(f"till {n}"), main())

    def promise() -> str | None:
        sales = tuple(shop.values("sale/").values())
        seen = Seen(stock, shop.rows["shelf"].value, sales, told)
        mine, truth = code.oracle(seen), solution.oracle(seen)
        if truth and not mine:
            return f"your oracle says nothing to {shown(seen)} -- but {truth}"
        if mine and not truth:
            return f"your oracle says '{mine}' to {shown(seen)} -- and nothing is wrong there"
        return None

    world.at_end(promise)


def scenarios(code: Any) -> list[Scenario]:
    """The right program first: a false alarm costs the trust in every later one."""
    one_each = partial(build, code, programs.right, 2, ("Ann", "Bob"))
    too_few = partial(build, code, programs.right, 1, ("Ann", "Bob"))
    wrong = [
        (programs.without_etag, 2),
        (programs.told_too_early, 2),
        (programs.gives_up, 2),
        (programs.two_writes, 2),
        (programs.sold_again, 3),
        (programs.looks_once, 1),
        (programs.told_what_is_left, 1),
    ]
    return [
        Scenario("right, enough for all", one_each, Faults(crashes=1), 1500),
        Scenario("right, one too few", too_few, Faults(crashes=1), 1500),
        *[
            Scenario(
                sell.__name__,
                partial(build, code, sell, stock, ("Ann", "Bob")),
                Faults(crashes=1),
                1500,
            )
            for sell, stock in wrong
        ],
    ]


def shown(seen: Seen) -> str:
    """Say in a line what was seen."""
    told = ", ".join(f"{buyer} {answer or 'nothing'}" for buyer, answer in seen.told.items())
    return f"stock {seen.stock}, left {seen.left}, sales {list(seen.sales)}, told {told}"
