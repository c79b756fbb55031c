"""What a request does, as a model: the steps of README.md, the round of `activities/emit.py`.

Left out: repeats, failures, the sweeper, drains, publishing. The times are in `Times`.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from activities.emit import GIVE_WAY_APPENDS, GIVE_WAY_SECONDS_MAX
from bench.scale.clock import Clock, Server, Task
from store.ports.records import INBOX_ROWS_MAX, LOG_ENTRIES_MAX


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds."""

    request: float = 0.001
    """CPU of a host, for reading and answering."""
    call: float = 0.001
    """CPU of a host, for a call to a table or the hub. With the above: 1.4 ms for a request that
    shares its calls and 7 for one that shares none, as bench/README.md has them for the worker."""
    row: float = 0.010
    """Latency of a call for one row, or of a query. Assumed, as in `bench neighbours`."""
    transaction: float = 0.025
    """Latency of a transaction. Assumed in the same way."""
    listing: float = 0.050
    """From a signal until the entity has committed a batch of them. Assumed: one process with its
    hub beside it takes 20 ms."""
    table_row: float = 1 / 2_000
    """Of a partition of a table, for each row of a call: Microsoft's 2,000 entities a second."""
    account_call: float = 1 / 20_000
    """Of an account, for each call: Microsoft's 20,000 requests a second."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is simulated: closed loops of clients, each with a request under way at any time."""

    hosts: int
    keys: int
    clients: int
    """Of each host; a client takes a host and a key by chance for each request."""
    accounts: int = 1
    """For the log; a key belongs to one of them."""


@dataclass(slots=True)
class Outcome:
    """What was counted after the warm-up."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    appends: int = 0
    conflicts: int = 0
    calls: int = 0
    """To the tables."""
    account_busy: float = 0.0
    """Share of the time of the busiest account."""
    cpu_busy: float = 0.0
    """Share of the time of all hosts."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


@dataclass(slots=True, eq=False)
class Waiting:
    """A request on its way."""

    host: int
    began: float
    is_logged: bool = False
    is_known: bool = False
    """Whether its own host has seen that it is logged."""


class Key:
    """What the store and the entity have of a key."""

    def __init__(self, clock: Clock, account: Server) -> None:
        self.account = account
        self.inbox = Server(clock)
        self.log = Server(clock)
        self.version = 0
        self.outbox: list[Waiting] = []
        self.signalled: list[Waiting] = []
        self.entity_runs = False


@dataclass(slots=True)
class Lane:
    """A key in a host."""

    accepting: list[Waiting] = field(default_factory=list)
    is_accepting: bool = False
    unsignalled: list[Waiting] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    runs: bool = False
    version: int = -1
    """Of the head, as this host knows it."""


WARM_UP_SECONDS: Final = 2.0


class Simulation:
    """One run. Deterministic for a seed."""

    def __init__(self, shape: Shape, times: Times, seed: int = 1) -> None:
        """Begin with idle hosts and empty logs."""
        self._shape, self._times, self._random = shape, times, Random(seed)  # noqa: S311
        self.clock = Clock()
        self._accounts = [Server(self.clock) for _ in range(shape.accounts)]
        self._cpus = [Server(self.clock) for _ in range(shape.hosts)]
        self._keys: dict[int, Key] = {}
        self._lanes: defaultdict[tuple[int, int], Lane] = defaultdict(Lane)
        self._outcome = Outcome(0.0)

    def run(self, seconds: float) -> Outcome:
        """Run for so long behind the warm-up, and return what was counted."""
        for _ in range(self._shape.hosts * self._shape.clients):
            self.clock.start(self._client())
        self.clock.run(WARM_UP_SECONDS)
        self._outcome = Outcome(seconds)
        before = self._busy()
        self.clock.run(WARM_UP_SECONDS + seconds)
        pairs = zip(before, self._busy(), strict=True)
        accounts, cpus = ([b - a for a, b in zip(*pair, strict=True)] for pair in pairs)
        self._outcome.account_busy = max(accounts) / seconds
        self._outcome.cpu_busy = sum(cpus) / len(cpus) / seconds
        return self._outcome

    def _busy(self) -> tuple[list[float], list[float]]:
        return [each.busy for each in self._accounts], [each.busy for each in self._cpus]

    def _key(self, number: int) -> Key:
        if number not in self._keys:
            self._keys[number] = Key(self.clock, self._accounts[number % len(self._accounts)])
        return self._keys[number]

    # Steps

    def _cpu(self, host: int, seconds: float) -> float:
        return self._cpus[host].use(seconds)

    def _call(self, key: Key, table: Server, rows: int) -> float:
        """Have a table do something with so many rows; return when the answer is there."""
        self._outcome.calls += 1
        latency = self._times.row if rows == 1 else self._times.transaction
        served = max(
            key.account.use(self._times.account_call), table.use(rows * self._times.table_row)
        )
        return max(served, self.clock.now + latency * self._random.uniform(0.5, 1.5))

    def _client(self) -> Task:
        """Send one request after the other."""
        yield self._random.random()
        while True:
            host, number = (
                self._random.randrange(self._shape.hosts),
                self._random.randrange(self._shape.keys),
            )
            lane, request = self._lanes[host, number], Waiting(host, self.clock.now)
            yield self._cpu(host, self._times.request)
            lane.accepting.append(request)
            if not lane.is_accepting:
                self.clock.start(self._accept(host, number, lane))
            while not request.is_known:
                yield self.clock.now + 0.005
            self._outcome.latencies.append(self.clock.now - request.began)

    def _accept(self, host: int, number: int, lane: Lane) -> Task:
        """Insert inbox rows, as many as came together; their ids were made here."""
        lane.is_accepting, key = True, self._key(number)
        while lane.accepting:
            taken, lane.accepting = lane.accepting[:INBOX_ROWS_MAX], lane.accepting[INBOX_ROWS_MAX:]
            yield self._cpu(host, self._times.call)
            yield self._call(key, key.inbox, len(taken))
            lane.unsignalled += taken
            lane.waiting += taken
            if not lane.runs:
                self.clock.start(self._rounds(host, number, lane))
        lane.is_accepting = False

    def _entity(self, key: Key) -> Task:
        """Commit batch after batch of what was signalled."""
        key.entity_runs = True
        while key.signalled:
            taken, key.signalled = key.signalled, []
            yield self.clock.now + self._times.listing * self._random.uniform(0.5, 1.5)
            key.outbox = [e for e in key.outbox if not e.is_logged] + [
                e for e in taken if not e.is_logged
            ]
        key.entity_runs = False

    def _rounds(self, host: int, number: int, lane: Lane) -> Task:
        lane.runs, key, times = True, self._key(number), self._times
        while lane.waiting:
            if lane.unsignalled:
                yield self._cpu(host, times.call)
                key.signalled += lane.unsignalled
                lane.unsignalled = []
                if not key.entity_runs:
                    self.clock.start(self._entity(key))
                yield self.clock.now + times.listing * 0.7
            yield self._cpu(host, times.call)
            yield self.clock.now + times.row  # reads the state
            rest = [each for each in key.outbox if not each.is_logged][:LOG_ENTRIES_MAX]
            yield from self._give_way(host, key, lane, rest)
            rest = [each for each in rest if not each.is_logged]
            if rest:
                yield from self._append(host, key, lane, rest)
            else:
                yield from self._look(host, key, lane)
                yield self.clock.now + times.listing * 0.3
        lane.runs = False

    def _give_way(self, host: int, key: Key, lane: Lane, rest: list[Waiting]) -> Iterator[float]:
        """Leave the next id to the host that waits for it, as long as an append takes."""
        if all(each.host == host for each in rest):
            return
        yield from self._look(host, key, lane)
        left = [each for each in rest if not each.is_logged]
        if left and left[0].host != host:
            pause = GIVE_WAY_APPENDS * self._times.transaction
            yield self.clock.now + min(pause, GIVE_WAY_SECONDS_MAX)
            yield from self._look(host, key, lane)

    def _look(self, host: int, key: Key, lane: Lane) -> Iterator[float]:
        """Read the tail of the log."""
        yield self._cpu(host, self._times.call)
        version, logged = key.version, [each for each in lane.waiting if each.is_logged]
        yield self._call(key, key.log, 1)
        lane.version = version
        self._known(lane, logged)

    def _append(self, host: int, key: Key, lane: Lane, rest: list[Waiting]) -> Iterator[float]:
        """Give them their places, if the head is still the one that this host knows."""
        if lane.version < 0:
            yield from self._look(host, key, lane)
            rest = [each for each in rest if not each.is_logged]
        yield self._cpu(host, self._times.call)
        answered = self._call(key, key.log, 2 * len(rest) + 1)
        yield (self.clock.now + answered) / 2  # it is decided on the way
        self._outcome.appends += 1
        is_current = lane.version == key.version
        if is_current:
            key.version += 1
            lane.version = key.version
            for each in rest:
                each.is_logged = True
        yield answered
        if not is_current:
            self._outcome.conflicts += 1
            yield from self._look(host, key, lane)
            return
        self._known(lane, [each for each in rest if each.host == host])
        yield self._cpu(host, self._times.call)
        self._call(key, key.inbox, len(rest))  # removes the rows; nobody waits for that

    @staticmethod
    def _known(lane: Lane, logged: list[Waiting]) -> None:
        for each in logged:
            each.is_known = True
        lane.waiting = [each for each in lane.waiting if not each.is_known]
