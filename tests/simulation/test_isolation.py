"""Projects do not wait for each other: some whose every call takes long and fails, and one more."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import pytest

from store.port import Unknown
from tests.simulation.clients import Sending
from tests.simulation.faults import Fault, Written
from tests.simulation.network import NOTHING, Network, T
from tests.simulation.process import SWEEP_AFTER, SWEEP_EVERY_SECONDS
from tests.simulation.world import World, inside
from todos import TodoRequest

BROKEN: Final = range(1, 9)
WELL: Final = 9

CALL_SECONDS: Final = 9.0
"""Until a call for a broken project fails; less than the app's own limits."""

FEW_SECONDS: Final = 3.0


class PartlyBroken(Network):
    """Calls for some projects take long, then fail."""

    async def call(
        self,
        name: str,
        detail: str,
        effect: Callable[[], T],
        instead: Mapping[Fault, Callable[[], T]] = NOTHING,
        error: Callable[[str], Exception] = Unknown,
    ) -> T:
        if (
            detail.split(maxsplit=1)[0] in {str(each) for each in BROKEN}
            and name != "inbox.waiting"
        ):
            answer: Any = self._loop.create_future()
            self.later(CALL_SECONDS, lambda: answer.done() or answer.set_exception(Unknown(name)))
            await answer
        return await super().call(name, detail, effect, instead, error)


def a_world(chance: Random) -> World:
    world = World(chance, Written(), network_of=PartlyBroken)
    world.start_instance()
    return world


def logged(world: World) -> bool:
    return len(world.tables.rows(WELL).todos) == 1


@pytest.mark.parametrize("seed", range(10))
def test_a_request_is_not_held_up_by_broken_projects(seed: int) -> None:
    with inside(a_world(Random(seed))) as world:
        world.send([Sending(0.0, (TodoRequest(each, "r", "t"),)) for each in BROKEN])
        world.send([Sending(1.0, (TodoRequest(WELL, "r", "t"),))])
        world.run(lambda: logged(world) or world.loop.time() > 1.0 + FEW_SECONDS)
        assert logged(world)


@pytest.mark.parametrize("seed", range(10))
def test_a_request_that_only_the_sweeper_knows_is_not_held_up_by_broken_projects(
    seed: int,
) -> None:
    with inside(a_world(Random(seed))) as world:
        for project_id in (*BROKEN, WELL):
            request = TodoRequest(project_id, "r", "t")
            world.ledger.sent(request)
            world.tables.put(project_id, [request], world.now())
        deadline = SWEEP_AFTER.total_seconds() + SWEEP_EVERY_SECONDS + FEW_SECONDS
        world.run(lambda: logged(world) or world.loop.time() > deadline)
        assert logged(world)
