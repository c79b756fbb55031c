"""Entries are appended while others are published; either process may die."""

from functools import partial
from typing import Any

from workshop.simulator import Faults, Put, Queue, Table, World
from workshop.simulator.explore import Scenario


def scenarios(code: Any) -> list[Scenario]:
    """One entry, then two, with a crash."""

    def build(entries: tuple[str, ...], world: World) -> None:
        ledger, markers = Table(world, "ledger", local=True), Table(world, "markers", local=True)
        cursors, hub = Table(world, "cursors", local=True), Queue(world, "hub")
        ledger.apply([Put("head", 0)])
        cursors.apply([Put("ledger", 0)])

        for n, entry in enumerate(entries, 1):
            world.spawn(world.process(f"emitter {n}"), code.append(entry, ledger, markers))
        world.process("publisher", lambda: code.publish(ledger, markers, cursors, hub))

        def true() -> str | None:
            for number, entry in hub.sent:
                if ledger.values().get(f"entry/{number}") != entry:
                    return f"published as number {number} is {entry}, which the ledger has not"
            first = list(dict.fromkeys(number for number, _entry in hub.sent))
            return f"published in the order {first}" if first != sorted(first) else None

        def complete() -> str | None:
            missing = set(range(1, ledger.rows["head"].value + 1)) - {n for n, _ in hub.sent}
            return (
                f"entry {min(missing)} is in the ledger and is never published" if missing else None
            )

        world.always(true)
        world.at_end(complete)

    return [
        Scenario("nothing goes wrong", partial(build, ("+100",)), runs_max=300),
        Scenario("one entry", partial(build, ("+100",)), Faults(crashes=1), 1200),
        Scenario("two entries", partial(build, ("+100", "+200")), Faults(crashes=1), 1200),
    ]
