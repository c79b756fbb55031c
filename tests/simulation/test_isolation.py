"""Keys do not wait for each other, with every shared resource as small as it really is."""

from functools import cache
from typing import Final

import pytest

from activities.drain import DRAIN_SECONDS_MAX, DRAINS_MAX
from store.ports.records import Request
from tests.simulation import neighbours
from tests.simulation.neighbours import Burden, beside
from tests.simulation.placements import APART, PLACEMENTS, TOGETHER, Placement
from tests.simulation.world import SWEEP_AFTER, SWEEP_EVERY_SECONDS, inside

CROWD: Final = 400
CROWD_SECONDS_MAX: Final = CROWD / DRAINS_MAX * DRAIN_SECONDS_MAX + 5.0
"""For which a crowd that hangs holds up those behind it in the sweeper."""


READS: Final = ("log.tail", "log.find", "log.head", "log.read", "inbox.get", "inbox.page")

BURDENS: Final[dict[str, Burden]] = {
    **{f"{each} requests a second": neighbours.posts(each) for each in (10, 20, 50, 100)},
    "3,000 requests in a second": neighbours.posts(3_000, seconds=1.0),
    "appends that hang": neighbours.hanging("log.append"),
    "many appends that hang": neighbours.hanging("log.append", per_second=50.0),
    "reads that hang": neighbours.hanging(*READS),
    "store calls that hang": neighbours.hanging("log", "inbox", per_second=50.0),
    "hub calls that hang": neighbours.hanging("hub", per_second=50.0),
    "rows that nobody can read": neighbours.unreadable,
    "400 keys that hang": neighbours.crowd_that_hangs(CROWD),
    "one id with many contents": neighbours.one_id_with_many_contents,
    "batches over new keys": neighbours.batches_over_new_keys,
}

TIMES_ALONE_MAX: Final = 2.0


@cache
def alone(placement: Placement) -> float:
    """Return the p95 of a lone key that has no neighbours."""
    return beside(neighbours.nobody, placement).p95


@pytest.mark.parametrize("placement", PLACEMENTS, ids=lambda each: each.name)
@pytest.mark.parametrize("burden", BURDENS.values(), ids=BURDENS)
def test_lone_key_keeps_its_latency(placement: Placement, burden: Burden) -> None:
    assert beside(burden, placement).p95 <= TIMES_ALONE_MAX * alone(placement)


@pytest.mark.parametrize("placement", [TOGETHER, APART], ids=lambda each: each.name)
def test_lone_key_keeps_its_latency_beside_a_full_sweep(placement: Placement) -> None:
    burden = neighbours.backlog(2_000, 1)
    seen = beside(burden, placement, requests=10, first_at=0.2)
    assert seen.p95 <= TIMES_ALONE_MAX * alone(placement)


@pytest.mark.parametrize("placement", PLACEMENTS, ids=lambda each: each.name)
def test_sweeper_finds_lone_key_behind_a_crowd_that_hangs(placement: Placement) -> None:
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.crowd_that_hangs(CROWD)(world)
        request = Request(neighbours.LONE, "old", world.variant.samples.payloads[0])
        world.ledger.sent(request)
        world.tables.put(request.key, [request], world.now())
        neighbours.start(world, placement)
        end = SWEEP_AFTER.total_seconds() + SWEEP_EVERY_SECONDS + CROWD_SECONDS_MAX
        rows = world.tables.rows(neighbours.LONE)
        world.run(lambda: bool(rows.entries) or world.loop.time() > end)
        assert [each.request_id for each in rows.entries.values()] == ["old"]
