"""What happens to hosts, hub and store between any two steps of a history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log1p
from random import Random
from typing import TYPE_CHECKING, Final

from store.ports.records import Request
from tests.simulation.host import Host
from tests.simulation.tables import Rows
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.ledger import Id

CALL_SECONDS_MAX: Final = 30.0
"""Within which everything ends that was under way: whoever looked before a fail-over acts by then."""

PAUSES_SECONDS: Final = (0.5, 5.0, 45.0, 400.0)
"""How long a process stands still: also longer than leases, and than messages are invisible."""

PAUSED: Final = "host PAUSED"

RESTART_SECONDS_MAX: Final = 3.0

TAIL_MAX: Final = 5
"""Appends of a key that a fail-over takes away, at most."""

SHARE_BACK: Final = 0.5
"""Of inbox rows that the copy has or lacks though the account did not."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that may happen between any two steps."""

    name: str
    happen: Callable[[], None]
    can: Callable[[], object] = lambda: True
    """Whether there is anything that it could happen to; what happens to nothing is not counted."""


class Recurring:
    """Trouble that comes in a share of the moments, each of which it may come in."""

    def __init__(self, trouble: Trouble, share: float, chance: Random) -> None:
        self.trouble = trouble
        self.at = 0
        """The moment of the next time."""
        self._never, self._chance = log1p(-share), chance
        self.again()

    def again(self) -> None:
        """Draw how many moments pass until then: one drawing, in place of one for each."""
        self.at += 1 + int(log1p(-self._chance.random()) / self._never)


@dataclass(frozen=True, slots=True)
class Troubles:
    """All of them, in one history."""

    world: World
    chance: Random

    def all(self) -> Iterator[Trouble]:
        entities = self.world.entities
        yield Trouble("host KILLED", self._kill, self._running)
        yield Trouble("worker KILLED", self._kill_worker, self._running)
        yield Trouble(PAUSED, self._pause, self._running)
        yield Trouble("entity LOST", self._lose, entities.committed)
        yield Trouble("entity ROLLED_BACK", self._roll_back, entities.committed)
        yield Trouble("hub WIPED", self._wipe, entities.committed)
        yield Trouble("hub WENT_BACK", self._go_back, entities.committed)
        yield Trouble("hub STANDS_STILL", self._stand_still, lambda: not self.world.is_hub_still)
        yield Trouble("hub HUNG", self._hang)
        yield Trouble("hub WITHOUT_TABLES", self._take_tables, self._has_tables)
        yield Trouble("store OUT", self._throttle)
        yield Trouble("rows UNREADABLE", self._damage, lambda: self.world.tables.keys)

    def _running(self) -> list[Host]:
        return [each for each in self.world.hosts if each.runs]

    def _kill(self) -> None:
        victim = self.chance.choice(self._running())
        if victim.activities_running:
            self.world.faults.happened("activity KILLED")
        self.world.kill(victim, self.chance.uniform(0.0, RESTART_SECONDS_MAX))

    def _kill_worker(self) -> None:
        victim = self.chance.choice(self._running())
        if victim.activities_running:
            self.world.faults.happened("activity KILLED")
        self.world.kill_worker(victim)

    def _pause(self) -> None:
        self.world.pause(self.chance.choice(self._running()), self.chance.choice(PAUSES_SECONDS))

    def _lose(self) -> None:
        self._put_back(lost=True)

    def _roll_back(self) -> None:
        self._put_back(lost=False)

    def _put_back(self, *, lost: bool) -> None:
        key = self.chance.choice(self.world.entities.committed())
        self.world.entities.roll_back(key, lost=lost)
        self.world.note("roll back", key)

    def _wipe(self) -> None:
        """The whole hub is lost: states, queues, orchestrations."""
        self.world.entities.wipe()
        self.world.orchestrations.wipe()
        self.world.note("wipe", "the whole task hub")

    def _go_back(self) -> None:
        """Its storage goes back in time: all entities, which then stand still for a while."""
        for key in self.world.entities.committed():
            self.world.entities.roll_back(key)
        self._stand_still()

    def _stand_still(self) -> None:
        seconds = self.chance.choice((0.5, 6.0, 60.0))
        self.world.stand_still(seconds)

    def _hang(self) -> None:
        seconds = self.chance.choice((0.5, 6.0, 60.0))
        self.world.network.hub_hangs_until = self.world.loop.time() + seconds
        self.world.note("hang", f"the task hub, for {seconds} s")

    def _has_tables(self) -> bool:
        return self.world.network.hub_has_tables

    def _take_tables(self) -> None:
        """Until its hosts are restarted, reads and starts fail, and signals are lost (13.7)."""
        world = self.world
        world.note("tables", "of the task hub are gone")
        self._wipe()
        world.network.hub_has_tables = False
        world.network.later(self.chance.choice((0.5, 6.0, 60.0)), world.restore_hub)

    def _throttle(self) -> None:
        seconds = self.chance.choice((0.05, 0.5, 3.0))
        self.world.network.out_until = self.world.loop.time() + seconds
        self.world.note("throttle", f"the store, for {seconds} s")

    def _damage(self) -> None:
        """A newer release wrote rows, and was rolled back; later somebody deploys it again."""
        key, seconds = (
            self.chance.choice(sorted(self.world.tables.keys)),
            self.chance.choice((0.3, 5)),
        )
        rows = self.world.tables.rows(key)
        rows.unreadable = True
        self.world.note("unreadable", f"{key}, for {seconds} s")
        self.world.network.later(seconds, lambda: setattr(rows, "unreadable", False))


def fail_over(world: World, chance: Random) -> list[Request]:
    """Have the storage account fail over to a copy; return the requests that had been promised and
    of which it lacks something.

    The copy lacks the last entries of logs; of the inbox it lacks rows, or still has some that were
    removed. Processes live on, their calls under way die. Whoever has looked before and acts after
    it may act wrongly, for as long as a call takes: that is a known limit.
    """
    world.network.epoch += 1
    lost: list[Id] = []
    for key, rows in sorted(world.tables.keys.items()):
        lost += [(key, each) for each in _cut(key, rows, world, chance)]
    until = world.loop.time() + CALL_SECONDS_MAX
    ledger = world.ledger.promised
    promised = [ledger[key][i] for key, i in lost if i in ledger.get(key, ())]
    world.ledger.restart(world.tables, lost, until)
    world.output.went_back()
    world.note("fail over", f"without {lost}")
    return promised


def _cut(key: str, rows: Rows, world: World, chance: Random) -> list[str]:
    """Cut between two appends, as a transaction is copied whole."""
    ends = sorted({0, *rows.states})[-TAIL_MAX:]
    before = sorted(rows.inbox)
    place = min(chance.choice(ends), rows.head.place)
    lost = world.tables.cut(key, place, lambda _id: chance.random() < SHARE_BACK)
    for request_id in before:
        if chance.random() < SHARE_BACK:
            del rows.inbox[request_id]
            lost.append(request_id)
    return lost
