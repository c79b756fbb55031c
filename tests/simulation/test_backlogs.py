"""What waits in the inbox at start is worked off at once, and by one run per row."""

from typing import Final

import pytest

from tests.simulation import neighbours
from tests.simulation.placements import APART, TOGETHER, Placement
from tests.simulation.world import inside

SECONDS_MAX: Final = 15.0

BACKLOGS: Final = [(100, 100), (1, 3_000), (1_000, 1)]

APPENDS_MORE: Final = 1.05
"""Times as many transactions as the rows need: what is under way is not taken up again."""


@pytest.mark.parametrize("placement", [TOGETHER, APART], ids=lambda each: each.name)
@pytest.mark.parametrize(("keys", "rows"), BACKLOGS)
def test_backlog_is_worked_off_at_once(placement: Placement, keys: int, rows: int) -> None:
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.backlog(keys, rows)(world)
        neighbours.start(world, placement)

        world.pass_time(SECONDS_MAX)
        assert sum(len(each.entries) for each in world.tables.keys.values()) == keys * rows
        needed = keys * -(-rows // 49)
        assert world.network.requests["log.append"] <= APPENDS_MORE * needed
        assert not any(each.inbox for each in world.tables.keys.values())
