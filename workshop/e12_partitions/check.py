"""Transfers from Ann to Bob; a crash or a lost call anywhere."""

from functools import partial
from typing import Any

from workshop.simulator import Faults, Put, Table, World
from workshop.simulator.explore import Scenario

ANN, BOB = 10_00, 5_00


def scenarios(code: Any) -> list[Scenario]:
    """One transfer, then three."""

    def build(transfers: dict[str, int], world: World, back: int = 0) -> None:
        bank = Table(world, "bank", partitioned=True, items_max=2)
        bank.apply([Put("ann/balance", ANN)])
        bank.apply([Put("bob/balance", BOB)])
        told: list[str] = []

        async def app() -> None:
            for name, cents in transfers.items():
                await code.transfer(name, "ann", "bob", cents, bank)
                told.append(name)

        world.spawn(world.process("app"), app())
        world.process("courier", lambda: code.deliver("ann", bank))
        if back:
            world.spawn(world.process("app of Bob"), code.transfer("u1", "bob", "ann", back, bank))
            world.process("courier of Bob", lambda: code.deliver("bob", bank))

        def none_made() -> str | None:
            total = balance(bank, "ann") + balance(bank, "bob")
            return f"there are {total} cents, of {ANN + BOB}" if total > ANN + BOB else None

        def none_lost() -> str | None:
            ann, bob = balance(bank, "ann"), balance(bank, "bob")
            if ann + bob != ANN + BOB:
                return f"Ann has {ann} and Bob {bob} cents: {ANN + BOB - ann - bob} are gone"
            moved = sum(transfers[name] for name in told)
            if bob < BOB + moved - back:
                return f"{moved} cents were transferred, and Bob has {bob}"
            return None

        world.always(none_made)
        world.at_end(none_lost)

    one, three = {"t1": 300}, {"t1": 100, "t2": 200, "t3": 300}
    return [
        Scenario("nothing goes wrong", partial(build, three), runs_max=500),
        Scenario("one transfer, a crash", partial(build, one), Faults(crashes=1)),
        Scenario("one transfer", partial(build, one), Faults(crashes=1, lost=1)),
        Scenario("both ways", partial(build, one, back=50)),
        Scenario("equal amounts", partial(build, {"t2": 100, "t1": 100}), Faults(crashes=1)),
        Scenario("three transfers", partial(build, three), Faults(crashes=1, lost=1)),
    ]


def balance(bank: Table, account: str) -> int:
    """Return the cents of an account."""
    return int(bank.rows[f"{account}/balance"].value)
