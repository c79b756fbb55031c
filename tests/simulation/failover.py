"""The storage account fails over to a copy that lacks the last moments, log and inbox alike.

No protocol keeps R1 or R6 across that. What must still work is that whoever sends a lost request
again gets its TODO, though the entity has seen it, numbered it and settled it.
"""

from random import Random

from tests.simulation.clients import Sending
from tests.simulation.faults import Written
from tests.simulation.world import Variant, World, inside
from todos import TodoRequest

REQUESTS = 8
SECONDS = 2.0
"""In which all requests come; the copy is of some moment within."""


def fail_over(seed: int, variant: Variant) -> int:
    """Run it; return how many TODOs the copy lacked. Raises Violation."""
    chance = Random(seed)
    world = World(chance, Written(), variant)
    requests = [TodoRequest(7, f"r{n}", f"title {n}") for n in range(REQUESTS)]
    with inside(world):
        world.start_instance()
        first = world.send([Sending(chance.uniform(0, SECONDS), (each,)) for each in requests])
        copied_at = chance.uniform(0, SECONDS)
        world.run(lambda: world.loop.time() >= copied_at)
        copy = {project_id: rows.copy() for project_id, rows in world.tables.projects.items()}
        world.settle(first)
        lost = sum(len(rows.todos) for rows in world.tables.projects.values())
        world.tables.projects = copy
        lost -= sum(len(rows.todos) for rows in copy.values())
        world.ledger.restart(world.tables)
        again = world.send([Sending(0.0, (each,)) for each in requests])
        world.run(lambda: all(call.done() for call in again))
        world.settle(again)
    return lost
