"""What requests cost, and how long they take, when nothing goes wrong."""

from typing import Final

import pytest

from store.ports.records import Request
from tests.simulation import neighbours
from tests.simulation.clients import Sending, Way
from tests.simulation.history import QUIET, History
from tests.simulation.placements import APART, PLACEMENTS, TOGETHER, Placement
from tests.simulation.world import World, inside

STORE_LONE_MAX: Final = 3
STORE_LONE_WITH_KEY_MAX: Final = 4
HUB_LONE_MAX: Final = 3

CALLERS: Final = 32
STORE_SHARED_MAX: Final = 0.6

CONFLICTS_SHARE_MAX: Final = 0.15

by_placement = pytest.mark.parametrize("placement", PLACEMENTS, ids=lambda each: each.name)


def requests_of(world: World, *rooms: str) -> int:
    """Return how many requests were made to these parts of the store or the hub."""
    return sum(
        count
        for name, count in world.network.requests.items()
        if name.partition(".")[0] in rooms and name != "inbox.overdue"
    )


def one_by_one(world: World, count: int, *, made_here: bool) -> list[Sending]:
    payload = world.variant.samples.payloads[0]
    return [
        Sending(n * 1.0, (Request("7", f"r{n}", payload),), Way.POST, 5.0, made_here)
        for n in range(count)
    ]


@pytest.mark.parametrize("placement", [TOGETHER, APART], ids=lambda each: each.name)
@pytest.mark.parametrize(
    ("made_here", "most"), [(True, STORE_LONE_MAX), (False, STORE_LONE_WITH_KEY_MAX)]
)
def test_lone_request_on_a_quiet_key(placement: Placement, most: int, *, made_here: bool) -> None:
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.start(world, placement)
        world.settle(world.send(one_by_one(world, 5, made_here=made_here)), 10.0)
        world.network.requests.clear()
        count = 20
        more = [
            Sending(each.at, (Request("7", f"more{n}", each.requests[0].payload),), *rest(each))
            for n, each in enumerate(one_by_one(world, count, made_here=made_here))
        ]
        world.settle(world.send(more), 30.0)
        world.pass_time(1.0)
        assert requests_of(world, "inbox", "log") <= most * count
        assert requests_of(world, "hub") <= HUB_LONE_MAX * count
        assert world.orchestrations.started == 0


def rest(sending: Sending) -> tuple[Way, float, bool]:
    return sending.way, sending.seconds, sending.made_here


def closed_loop(world: World, callers: int, each: int) -> None:
    """Have callers of one key send one request after the other."""
    payload = world.variant.samples.payloads[0]

    async def caller(number: int) -> None:
        for n in range(each):
            request = Request("7", f"c{number}-{n}", payload)
            (call,) = world.send([Sending(0.0, (request,), Way.POST, 30.0, made_here=True)])
            await call

    tasks = [world.loop.create_task(caller(n)) for n in range(callers)]
    world.run(lambda: all(task.done() for task in tasks))
    world.settle((), 10.0)


@pytest.mark.parametrize("placement", [TOGETHER, APART], ids=lambda each: each.name)
def test_callers_of_one_key_share_what_they_cost(placement: Placement) -> None:
    world = neighbours.a_world(placement)
    with inside(world):
        neighbours.start(world, placement)
        closed_loop(world, CALLERS, 20)
        entries = len(world.tables.rows("7").entries)
        assert entries == CALLERS * 20
        assert requests_of(world, "inbox", "log") <= STORE_SHARED_MAX * entries


@pytest.mark.parametrize("placement", [TOGETHER, APART], ids=lambda each: each.name)
def test_two_processes_on_one_key_seldom_meet(placement: Placement) -> None:
    """In their appends, of several histories together: a single one has few."""
    appends = conflicts = 0
    for seed in range(6):
        world = neighbours.a_world(placement, seed)
        with inside(world):
            neighbours.start(world, placement)
            world.start(placement.hosts[0])
            closed_loop(world, 16, 20)
            appends += world.network.requests["log.append"]
            conflicts += world.told["append_not_confirmed"]
    assert conflicts <= CONFLICTS_SHARE_MAX * appends


@pytest.mark.parametrize("seed", range(60))
def test_quiet_history_keeps_its_budgets(seed: int) -> None:
    """In whatever placement: each answer in time, and each log in the order of its entity."""
    History(seed, profile=QUIET).run()
