"""One small history that is the same every time, to be broken at each of its calls in turn.

Two requests of one key, a repeat of the first at once and another later in a batch, and somebody
who uses its request id for something else; two hosts, and the log is published.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Final

from store.ports.records import Request
from tests.simulation.clients import Sending, Way
from tests.simulation.faults import GUARDED, KINDS, WRITE, Fault, Written
from tests.simulation.history import CALM_SECONDS_MAX
from tests.simulation.placements import ALL
from tests.simulation.samples import SAMPLES
from tests.simulation.world import Rounds, World, inside

KEY: Final = SAMPLES.keys[0]
FIRST: Final = Request(KEY, "first", SAMPLES.payloads[0])
SECOND: Final = Request(KEY, "second", SAMPLES.payloads[1])
OTHER: Final = Request(KEY, "first", SAMPLES.other(FIRST.payload))

SENDINGS: Final = (
    Sending(0.0, (FIRST,)),
    Sending(0.0, (SECOND,)),
    Sending(0.001, (FIRST,)),
    Sending(0.03, (OTHER,)),
    Sending(0.5, (OTHER, FIRST, SECOND), Way.BATCH),
)

HOSTS: Final = 2

ENTRIES: Final = {"first", "second"}
"""Requests that have an entry at the end, whichever content is accepted for the first."""

Faults = Mapping[int, Fault]
"""By the running number of the call."""

PAIRED: Final = (Fault.AFTER, Fault.LATER, Fault.REPEATED)
"""Ways in which a write happens and nobody knows. Single faults try the others: that something
does not happen leaves a state that other histories have as well."""


def play(schedule: int, faults: Faults | None = None) -> Written:
    """Run it on one of its schedules; return which calls there were. Raises Violation, and
    AssertionError when not every request has its entry.
    """
    written = Written(faults or {})
    rounds = Rounds(2.0, timedelta(seconds=1))
    world = World(Random(schedule), written, publishing=rounds, is_traced=False)
    with inside(world):
        for _ in range(HOSTS):
            world.start(ALL)
        world.start_timers()
        world.settle(world.send(SENDINGS), CALM_SECONDS_MAX)
        entries = world.tables.rows(KEY).entries.values()
        assert {each.request_id for each in entries} == ENTRIES
    return written


def single_faults(schedule: int) -> Iterator[Faults]:
    """Every call of it with each of its ways to fail."""
    for place, call in enumerate(play(schedule).calls):
        for fault in KINDS[call]:
            yield {place: fault}


def pairs(schedule: int) -> Iterator[Faults]:
    """Every two writes of it, each of which happens and nobody knows.

    The second is one of those that there are once the first has failed.
    """
    for place, fault in _writes(play(schedule).calls):
        after = play(schedule, {place: fault}).calls
        for later_place, later_fault in _writes(after, place + 1):
            yield {place: fault, later_place: later_fault}


def _writes(calls: Iterable[str], start: int = 0) -> Iterator[tuple[int, Fault]]:
    for place, call in enumerate(calls):
        if place >= start and KINDS[call] in (WRITE, GUARDED):
            yield from ((place, fault) for fault in PAIRED if fault in KINDS[call])
