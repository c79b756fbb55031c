"""A lone key beside others that flood, hang or fail, with the limits and the latency of the real
platform. The same for every placement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from random import Random
from typing import Final

from store.ports.records import Request
from tests.simulation.clients import Sending, Way
from tests.simulation.faults import Written
from tests.simulation.placements import Placement
from tests.simulation.world import World, inside

ROWS_SECONDS: Final = 0.010
TRANSACTIONS_SECONDS: Final = 0.025
STATE_SECONDS: Final = 0.025
MESSAGES_SECONDS: Final = 0.010

SECONDS: Final = {
    **dict.fromkeys(("inbox.put", "inbox.remove", "log.append"), TRANSACTIONS_SECONDS),
    **dict.fromkeys(("inbox.get", "inbox.page", "inbox.overdue"), ROWS_SECONDS),
    **dict.fromkeys(("log.head", "log.tail", "log.find", "log.read"), ROWS_SECONDS),
    **dict.fromkeys(("hub.create", "hub.hand_over", "entity.batch"), MESSAGES_SECONDS),
    "hub.order": STATE_SECONDS,
}
"""Between a process and what it calls, there and back."""

BUSY: Final = "1"
"""The neighbour."""

LONE: Final = "2"

LONE_FROM_SECONDS: Final = 2.0
LONE_EVERY_SECONDS: Final = 0.4
LONE_REQUESTS: Final = 20

SHARE: Final = 0.95

Burden = Callable[[World], None]
"""Makes others do something to the platform."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the lone key saw."""

    seconds: Sequence[float]
    """Until each answer 201, sorted; infinite where there was none."""

    @property
    def p95(self) -> float:
        """Seconds within which 95 of 100 were answered."""
        return self.seconds[round(SHARE * len(self.seconds)) - 1]


def beside(
    burden: Burden,
    placement: Placement,
    requests: int = LONE_REQUESTS,
    first_at: float = LONE_FROM_SECONDS,
) -> Seen:
    """Send lone requests, one by one, while others do their worst. Raises Violation."""
    world = a_world(placement)
    with inside(world):
        burden(world)
        start(world, placement)
        calls = world.send([_lone(n, world, first_at) for n in range(requests)])
        end = first_at + requests * LONE_EVERY_SECONDS + 30.0
        world.run(lambda: all(call.done() for call in calls) or world.loop.time() > end)
        world.ledger.check(world.tables)
        answered = world.ledger.answered_after
        names = [(LONE, f"lone{n}") for n in range(requests)]
        return Seen(sorted(answered.get(each, inf) for each in names))


def a_world(placement: Placement, seed: int = 0) -> World:
    """Make a world without faults and with the latency of a real one."""
    world = World(Random(f"{placement.name} {seed}"), Written(), is_traced=False, check_every=2_000)
    world.network.seconds = SECONDS
    return world


def start(world: World, placement: Placement) -> None:
    """Start its hosts and timers."""
    for roles in placement.hosts:
        world.start(roles)
    world.start_timers()


def _lone(number: int, world: World, first_at: float) -> Sending:
    at = first_at + number * LONE_EVERY_SECONDS
    request = Request(LONE, f"lone{number}", world.variant.samples.payloads[0])
    return Sending(at, (request,), Way.POST, 30.0, made_here=True)


# What others do.


def nobody(_: World) -> None:
    """Leave the platform alone."""


def posts(per_second: float, seconds: float = 12.0) -> Burden:
    """One key with so many requests a second."""

    def burden(world: World) -> None:
        payload = world.variant.samples.payloads[0]
        requests = [Request(BUSY, f"b{n}", payload) for n in range(round(per_second * seconds))]
        world.send(
            [Sending(n / per_second, (each,), made_here=True) for n, each in enumerate(requests)]
        )

    return burden


def hanging(*calls: str, per_second: float = 5.0) -> Burden:
    """One key, calls of which are never answered."""

    def burden(world: World) -> None:
        world.network.is_hanging = lambda name, key: key == BUSY and name.startswith(calls)
        posts(per_second)(world)

    return burden


def unreadable(world: World) -> None:
    """One key whose rows cannot be read."""
    world.tables.rows(BUSY).unreadable = True
    posts(5.0)(world)


def crowd_that_hangs(keys: int) -> Burden:
    """So many keys, every store call of which hangs; they wait in the inbox and come in anew."""

    def burden(world: World) -> None:
        crowd = [f"9{n:04}" for n in range(keys)]
        payload = world.variant.samples.payloads[0]
        requests = [Request(key, "old", payload) for key in crowd]
        for each in requests:
            world.ledger.sent(each)
            world.tables.put(each.key, [each], world.now())
        names = frozenset(crowd)
        world.network.is_hanging = lambda name, key: key in names and not name.startswith("hub")
        sendings = [
            Sending(n * 10.0 / keys, (Request(key, "new", payload),), Way.POST, 5.0)
            for n, key in enumerate(crowd)
        ]
        world.send(sendings)

    return burden


def one_id_with_many_contents(world: World) -> None:
    """Batches that use one request id for everything."""
    payloads = world.variant.samples.payloads
    batch = tuple(Request(BUSY, "one", payloads[n % len(payloads)]) for n in range(1_000))
    world.send([Sending(n * 0.5, batch, Way.BATCH) for n in range(20)])


def batches_over_new_keys(world: World) -> None:
    """Batches of which every request belongs to another key, each of them new."""
    payload = world.variant.samples.payloads[0]
    for n in range(4):
        batch = tuple(Request(f"9{n}{each:04}", "r", payload) for each in range(1_000))
        world.send([Sending(n * 2.0, batch, Way.BATCH)])


def backlog(keys: int, rows: int) -> Burden:
    """So many keys with so many requests each, which wait in the inbox from the beginning."""

    def burden(world: World) -> None:
        payload, old = world.variant.samples.payloads[0], world.now() - timedelta(minutes=1)
        for n in range(keys):
            requests = [Request(f"7{n:05}", f"old{each}", payload) for each in range(rows)]
            for each in requests:
                world.ledger.sent(each)
            world.tables.put(requests[0].key, requests, old)

    return burden
