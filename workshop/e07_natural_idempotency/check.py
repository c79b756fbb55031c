"""Scans in a queue without order, delivered at least once."""

from functools import partial
from typing import Any

from workshop.simulator import Effect, Faults, Put, Queue, Table, World
from workshop.simulator.effect import once
from workshop.simulator.explore import Scenario
from workshop.simulator.table import copied, told

SCANS = ((2, "Rome"), (9, "Bern"), (10, "Rome"))


def merged(code: Any, parcels: Table, scan: tuple[int, str]) -> Any:
    """Merge a scan into the parcel's row, in one transaction."""
    row = code.merge(parcels.values().get("parcel") or copied(code.EMPTY), scan)
    parcels.apply([Put("parcel", row)])
    return row


def scenarios(code: Any) -> list[Scenario]:
    """Two scans, then three, out of order and twice."""

    def build(scans: tuple[tuple[int, str], ...], world: World) -> None:
        queue = Queue(world, "scans", ordered=not world.duplicates)
        parcels = Table(world, "parcels", local=True)
        for scan in scans:
            queue.put(scan)

        async def work() -> None:
            while True:
                message = await queue.receive()
                merge = partial(merged, code, parcels, message.body)
                await Effect("parcels", "merges", once(merge), tell=told, remote=False)
                await queue.acknowledge(message)

        queue.comes_back_when_dead(world.process("tracker", work))

        def promise() -> str | None:
            expected = (len(scans), scans[-1][1])
            found = code.report(parcels.values()["parcel"])
            if found == expected:
                return None
            if not isinstance(found, tuple) or len(found) != 2:
                return f"report returns {found}, and not a number and a place"
            (count, place), (true_count, true_place) = found, expected
            return (
                f"the report says {count} scans, now in {place}; "
                f"true is {true_count} scans, now in {true_place}"
            )

        world.at_end(promise)

    return [
        Scenario("nothing goes wrong", partial(build, SCANS)),
        Scenario("two scans", partial(build, SCANS[:2]), Faults(crashes=1)),
        Scenario("two scans in any order", partial(build, SCANS[:2]), Faults(duplicates=1)),
        Scenario("three scans", partial(build, SCANS), Faults(crashes=1, duplicates=2), 1200),
    ]
