"""Writers that append at the same time, one of which may die."""

from functools import partial
from typing import Any

from workshop.simulator import Faults, Put, Table, World
from workshop.simulator.explore import Scenario


def scenarios(code: Any) -> list[Scenario]:
    """One writer, two, three."""

    def build(writers: int, world: World) -> None:
        ledger = Table(world, "ledger", local=True)
        ledger.apply([Put("head", 0)])
        told: dict[str, int] = {}
        budget = world.crashes

        async def write(entry: str) -> None:
            told[entry] = await code.append(entry, ledger)
            await world.note(f"is told: {entry} is number {told[entry]}")

        entries = [f"+{n}00" for n in range(1, writers + 1)]
        for n, entry in enumerate(entries, 1):
            world.spawn(world.process(f"writer {n}"), write(entry))

        def dense() -> str | None:
            rows = ledger.values("entry/")
            head = ledger.rows["head"].value
            if set(rows) != {f"entry/{n}" for n in range(1, head + 1)}:
                return f"the head says {head}, and there is {', '.join(rows) or 'no entry'}"
            return None

        def immutable() -> str | None:
            values: dict[str, Any] = {}
            for key, value in ledger.written:
                if key.startswith("entry/") and values.setdefault(key, value) != value:
                    return f"{key} was {values[key]} and has become {value}"
            return None

        def kept() -> str | None:
            for entry, number in told.items():
                if ledger.values().get(f"entry/{number}") != entry:
                    return f"{entry} was told to be number {number}, and is not"
            missing = len(entries) - len(told)
            if missing > budget - world.crashes:
                return f"writers that never come to an end: {missing}"
            return None

        world.always(dense)
        world.always(immutable)
        world.at_end(kept)

    return [
        Scenario("nothing goes wrong", partial(build, 1)),
        Scenario("one writer", partial(build, 1), Faults(crashes=1)),
        Scenario("two writers", partial(build, 2), Faults(crashes=1)),
        Scenario("three writers", partial(build, 3), Faults(crashes=1), 1200),
    ]
