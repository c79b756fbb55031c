"""Kills hosts, workers and instances when a seed says so: while they work, and while they start."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from tests.e2e.server import TAKE_OVER_SECONDS_MAX, LocalhostProcess, wait_until

WORKING_SECONDS_MAX: Final = 1.4
"""A host that serves is killed at a random time up to this."""

STARTING_SECONDS_MAX: Final = 0.8
"""One that starts, up to this: about as long as it takes to start."""

STARTING_SHARE: Final = 0.2
"""Of the kills, those that do not wait until the host serves."""

WORKER_SHARE: Final = 0.3
"""Of the kills of a host that serves, those that hit its worker process alone."""

WORKER_KILLS_MAX: Final = 2
"""In one life of a host: with the third it ends by itself, as the real one does."""

STANDBY_SHARE: Final = 0.25
"""Of the kills beside a standby, those that hit the standby: it has accepted, and told nobody."""

ENDS_SHARE: Final = 0.5
"""Of the kills of functions that are apart, those that end an instance, not its worker alone."""

GROUPS: Final = ("http", "durable")

Counts = Counter[str]
"""What was done, by a name to print."""


class Killer:
    """Kills a number of times."""

    def __init__(
        self, chance: Random, kills: int, deadline: float, progress: Callable[[int, str], None]
    ) -> None:
        """Kill until `deadline` at the latest; tell `progress` of each."""
        self.counts: Counts = Counter()
        self._chance = chance
        self._kills = kills
        self._deadline = deadline
        self._progress = progress
        self._workers_killed: Counter[LocalhostProcess] = Counter()

    def kill_again_and_again(self, host: LocalhostProcess, hub_losses: int) -> Counts:
        """Kill one host or its worker; with some of the kills of the host its task hub is lost."""
        losses = set(self._chance.sample(range(self._kills), min(hub_losses, self._kills)))
        for kill in range(self._kills):
            serves = self._let_live([host])
            if kill not in losses and self._kills_worker(host, serves=serves):
                self._tell("workers killed")
                continue
            host.kill9()
            if kill in losses:
                lose_the_task_hub(host)
                self.counts["task hubs lost"] += 1
            self._spawn(host)
            self._tell("hosts killed")
        host.wait_until_it_serves()
        return self.counts

    def kill_in_turn(self, hosts: Sequence[LocalhostProcess]) -> Counts:
        """Kill the owner of the data folder and start it again as the standby of the other one.

        Some are killed before the other one has started: then nobody is there for a moment. And
        sometimes it is the standby, or the worker of the owner.
        """
        dying = hosts[0]
        for _ in range(self._kills):
            what = "killed while one of them starts"
            if self._let_live(hosts):
                dying, what = self._chosen(hosts)
                if self._kills_worker(dying, serves=True):
                    self._tell("workers killed")
                    continue
            dying.kill9()
            self._spawn(dying)
            self._tell(what)
            dying = _other(hosts, dying)
        for each in hosts:
            each.wait_until_it_serves()
        return self.counts

    def kill_apart(self, host: LocalhostProcess) -> Counts:
        """Kill the worker, or end the instance, of HTTP and of durable functions in turn."""
        for kill in range(self._kills):
            self._let_live([host])
            group = GROUPS[kill % len(GROUPS)]
            if self._chance.random() < ENDS_SHARE:
                host.end_instance(group)
                self._tell(f"instances of {group} functions ended")
            else:
                host.kill9_worker_of(group)
                self._tell(f"workers of {group} functions killed")
        host.wait_until_it_serves()
        return self.counts

    def _chosen(self, hosts: Sequence[LocalhostProcess]) -> tuple[LocalhostProcess, str]:
        owner = _owner_of(hosts)
        if self._chance.random() < STANDBY_SHARE:
            return _other(hosts, owner), "standbys killed"
        return owner, "owners killed beside a standby"

    def _kills_worker(self, host: LocalhostProcess, *, serves: bool) -> bool:
        """Kill the worker of a host, some times; tell whether it was."""
        drawn = self._chance.random() < WORKER_SHARE
        if not (drawn and serves) or self._workers_killed[host] == WORKER_KILLS_MAX:
            return False
        self._workers_killed[host] += 1
        host.kill9_worker()
        return True

    def _spawn(self, host: LocalhostProcess) -> None:
        self._workers_killed[host] = 0
        host.spawn()

    def _tell(self, what: str) -> None:
        self.counts[what] += 1
        self._progress(1, what)

    def _let_live(self, hosts: Sequence[LocalhostProcess]) -> bool:
        """Wait for a random moment: after all of them serve, or else while they may be starting."""
        assert time.monotonic() < self._deadline, f"only {self.counts.total()} kills in time"
        starting = self._chance.random() < STARTING_SHARE
        seconds = self._chance.uniform(0, STARTING_SECONDS_MAX if starting else WORKING_SECONDS_MAX)
        if not starting:
            for each in hosts:
                each.wait_until_it_serves()
        threading.Event().wait(seconds)
        return not starting


def lose_the_task_hub(host: LocalhostProcess) -> None:
    """Begin without a task hub next time, if the host has ever got as far as to make one."""
    if list(host.data.glob("taskhub.db*")):
        host.lose_task_hub()


def _other(hosts: Sequence[LocalhostProcess], host: LocalhostProcess) -> LocalhostProcess:
    return next(each for each in hosts if each is not host)


def _owner_of(hosts: Sequence[LocalhostProcess]) -> LocalhostProcess:
    """Return the host that owns the data folder, once there is one."""
    owners: list[LocalhostProcess] = []

    def is_there() -> bool:
        owners[:] = [each for each in hosts if each.role() == "owner"]
        return bool(owners)

    wait_until(is_there, "nobody takes over", TAKE_OVER_SECONDS_MAX)
    return owners[0]
