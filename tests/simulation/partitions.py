"""Which host runs the entities and orchestrations of a partition, and when nobody does.

A control queue is leased to one host at a time. After the kill of a host, or while it stands
still, nobody serves its partitions for up to 40 seconds (host-protocol 7.1).
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final
from zlib import crc32

from tests.simulation.host import Host

PARTITIONS: Final = 4
LEASE_SECONDS: Final = (1.0, 40.0)


class Partitions:
    """The leases of one task hub."""

    def __init__(
        self, chance: Random, time: Callable[[], float], hosts: Callable[[], Sequence[Host]]
    ) -> None:
        """`hosts` returns those that run, and that run durable functions."""
        self._chance, self._time, self._hosts = chance, time, hosts
        self._owners: dict[int, Host] = {}
        self._free_at: dict[int, float] = {}

    def owner(self, instance: str) -> Host | None:
        """Return the host that may work on this instance now, if there is one."""
        number = crc32(instance.encode()) % PARTITIONS
        owner = self._owners.get(number)
        if owner is not None and owner.runs:
            return owner
        if owner is not None and number not in self._free_at:
            self._free_at[number] = self._time() + self._chance.uniform(*LEASE_SECONDS)
        if self._free_at.get(number, 0.0) > self._time() or not (hosts := self._hosts()):
            return None
        self._free_at.pop(number, None)
        self._owners[number] = self._chance.choice(list(hosts))
        return self._owners[number]
