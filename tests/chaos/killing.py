"""Kills hosts with -9 at moments that a seed decides: while they work, and while they start."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Final

from tests.e2e.server import LOOK_SECONDS, TAKE_OVER_SECONDS_MAX, LocalhostProcess, lose_task_hub

WORKING_SECONDS_MAX: Final = 1.4
"""A host that serves is killed at a random time up to this."""

STARTING_SECONDS_MAX: Final = 0.8
"""One that starts, up to this: about as long as it takes to start."""

STARTING_SHARE: Final = 0.2
"""Of the kills, those that do not wait until the host serves."""

STANDBY_SHARE: Final = 0.25
"""Of the kills beside a standby, those that hit the standby: it has accepted, and told nobody."""

Counts = Counter[str]
"""What was done, by a name to print."""


def kill_again_and_again(
    host: LocalhostProcess, chance: Random, kills: int, hub_losses: int, deadline: float
) -> Counts:
    """Kill one host and start it, `kills` times; with some of the kills its task hub is lost."""
    counts: Counts = Counter()
    losses = set(chance.sample(range(kills), min(hub_losses, kills)))
    for kill in range(kills):
        assert time.monotonic() < deadline, f"only {kill} of {kills} kills in time"
        _let_live([host], chance, counts)
        host.kill9()
        if kill in losses:
            lose_task_hub(host.data)
            counts["task hubs lost"] += 1
        host.spawn()
    host.wait_until_it_serves()
    return counts


def kill_in_turn(
    hosts: Sequence[LocalhostProcess], chance: Random, kills: int, deadline: float
) -> Counts:
    """Kill whoever owns the data folder and start it again as the standby of the other one.

    Some are killed before the other one has started: then nobody is there for a moment. And
    sometimes it is the standby.
    """
    counts: Counts = Counter()
    dying = hosts[0]
    for kill in range(kills):
        assert time.monotonic() < deadline, f"only {kill} of {kills} kills in time"
        if _let_live(hosts, chance, counts):
            dying = _owner_of(hosts)
            if chance.random() < STANDBY_SHARE:
                dying = _other(hosts, dying)
                counts["standbys killed"] += 1
            else:
                counts["owners killed beside a standby"] += 1
        dying.kill9()
        dying.spawn()
        dying = _other(hosts, dying)
    for each in hosts:
        each.wait_until_it_serves()
    return counts


def _other(hosts: Sequence[LocalhostProcess], host: LocalhostProcess) -> LocalhostProcess:
    return next(each for each in hosts if each is not host)


def _owner_of(hosts: Sequence[LocalhostProcess]) -> LocalhostProcess:
    """Return the host that owns the data folder, once there is one."""
    pause, deadline = threading.Event(), time.monotonic() + TAKE_OVER_SECONDS_MAX
    while time.monotonic() < deadline:
        for each in hosts:
            if each.role() == "owner":
                return each
        pause.wait(LOOK_SECONDS)
    raise AssertionError(f"nobody takes over:\n{hosts[0].printed()[-3000:]}")


def _let_live(hosts: Sequence[LocalhostProcess], chance: Random, counts: Counts) -> bool:
    """Wait for a random moment: after all of them serve, or else while they may be starting."""
    starting = chance.random() < STARTING_SHARE
    seconds = chance.uniform(0, STARTING_SECONDS_MAX if starting else WORKING_SECONDS_MAX)
    if not starting:
        for each in hosts:
            each.wait_until_it_serves()
    else:
        counts["killed while starting"] += 1
    threading.Event().wait(seconds)
    return not starting
