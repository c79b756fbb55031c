"""What must hold at every instant, checked after every step that changed anything."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Protocol

from store.ports.deadletters import FOLD, Name
from store.ports.records import Answered, Entry, Request
from tests.simulation.tables import Rows, Tables

Id = tuple[str, str]
"""Key and request id."""


class Broken(Enum):
    """The promises, by what it is called when they are broken."""

    HOLE = "the log is not exactly 1..n"
    TWICE = "one request owns two places"
    CHANGED = "a written entry changed"
    FOLDED = "an entry is not what the domain function makes of its request"
    INVENTED = "the log holds what nobody sent, or what was turned away"
    OTHER = "the log holds other content than was accepted"
    REFUSED = "the log holds what was refused"
    SHOWN = "somebody was shown an entry that is not in the log"
    LOST = "an accepted request is in none of inbox, log and dead letters"
    BOTH = "a dead letter has a place in the log"
    ORDER = "without faults, the log is not in the order of the entity"
    UNEXPLAINED = "something was read that the entity never was"
    DROPPED = "without faults, the entity is told that something is done which still waits"
    TIME_LIMIT = "a function ran into functionTimeout"
    OUT = "the output hub holds what is not in the log"
    GAP = "the output hub has an event before the one that it follows"
    AHEAD = "the cursor is ahead of the output hub"
    UNMARKED = "the log has what is not published, and no marker says so"
    SLOW = "without faults, an answer took too long"
    COSTLY = "without faults, a request cost too many calls"
    STUCK = "without faults, an accepted request does not get into the log"
    LEFT = "without faults, inbox or outbox are not cleared"
    UNPUBLISHED = "without faults, an entry does not get into the output hub"
    RESTLESS = "without faults, the same events are published again and again"
    ERROR = "the code under test raised what it must not"


class Violation(Exception):
    """A promise was broken."""

    def __init__(self, broken: Broken, detail: str) -> None:
        super().__init__(f"{broken.value}: {detail}")
        self.broken = broken


class Folds(Protocol):
    """What the domain function makes of a request: `domain.decider`."""

    def fold(self, payload: str, place: int, state: str | None) -> "Folded": ...

    def same(self, payload: str, other: str) -> bool: ...


class Folded(Protocol):
    """What comes of it."""

    @property
    def output(self) -> str: ...
    @property
    def refused(self) -> bool: ...
    @property
    def state(self) -> str: ...


class Output(Protocol):
    """The output hub."""

    def check(self, key: str) -> None: ...


class Ledger:
    """Remembers what was sent, promised and shown, and compares it with what is stored."""

    def __init__(
        self, decider: Folds, clock: Callable[[], float], is_dead: Callable[[Id], bool]
    ) -> None:
        """`is_dead` says whether a request has become a dead letter: then its id is free again."""
        self._is_dead = is_dead
        self.output: Output | None = None
        """Where the log is published; None when it is not."""
        self.count: Counter[str] = Counter()
        """What clients did to try the promises."""
        self.promised: dict[str, dict[str, Request]] = {}
        """What was accepted, by key and request id."""
        self.answered_after: dict[Id, float] = {}
        """Seconds of the longest wait of those who wait for an answer, infinite without one."""
        self._decider = decider
        self._clock = clock
        self._names: set[Id] = set()
        self._sent: Counter[Request] = Counter()
        """How often, without the times that it was turned away."""
        self._broken: list[tuple[Broken, object]] = []
        """What no table shows."""
        self._refused: dict[str, set[Request]] = {}
        self._shown: dict[Id, Entry] = {}
        self._written: dict[str, list[Entry]] = {}
        self._states: dict[str, str | None] = {}
        """After the last entry that was checked."""
        self._changed: dict[str, None] = {}
        self._excused: dict[Id, float] = {}
        """What an account fail-over may have lost, and until when somebody acts on having seen it."""

    def changed(self, key: str) -> None:
        self._changed[key] = None

    def broke(self, broken: Broken, detail: object) -> None:
        """Take note of what no table shows."""
        self._broken.append((broken, detail))

    # What clients do and are told

    def sent(self, request: Request) -> None:
        name = (request.key, request.id)
        if name in self._names:
            self.count["client REPEATED" if request in self._sent else "client OTHER_CONTENT"] += 1
        self._names.add(name)
        self._sent[request] += 1

    def turned_away(self, request: Request) -> None:
        """Take note of a 429: nothing may come of this one."""
        self._sent[request] -= 1
        self.changed(request.key)

    def accepted(self, request: Request) -> None:
        if self._is_excused(request):
            return
        name = (request.key, request.id)
        promised = self.promised.setdefault(request.key, {})
        first = promised.setdefault(request.id, request)
        if not self._decider.same(first.payload, request.payload):
            if self._is_dead(name):
                promised[request.id] = request
                self._refused.get(request.key, set()).discard(request)
            else:
                self.broke(Broken.OTHER, (first, request))
        self.changed(request.key)

    def refused(self, request: Request) -> None:
        if not self._is_excused(request):
            self._refused.setdefault(request.key, set()).add(request)
            self.changed(request.key)

    def shown(self, request: Request, entry: Entry) -> None:
        if self._is_excused(request):
            return
        self.accepted(request)
        name = (request.key, request.id)
        if entry != self._shown.setdefault(name, entry):
            self.broke(Broken.SHOWN, (entry, self._shown[name]))

    def waited(self, request: Request, seconds: float) -> None:
        """Take note of how long somebody had to wait for the answer to a POST."""
        name = (request.key, request.id)
        self.answered_after[name] = max(seconds, self.answered_after.get(name, 0.0))

    def _is_excused(self, request: Request) -> bool:
        """Whether somebody may still act on what a fail-over has taken away: a known limit."""
        return self._clock() < self._excused.get((request.key, request.id), 0.0)

    # What is stored

    def check(self, tables: Tables) -> None:
        """Raise Violation if a key that changed since the last check breaks a promise."""
        for broken, detail in self._broken:
            raise Violation(broken, f"{detail}")
        while self._changed:
            key, _ = self._changed.popitem()
            rows = tables.rows(key)
            self._check_log(key, rows)
            self._check_promises(key, rows, tables)
            if self.output is not None:
                self.output.check(key)

    def _check_log(self, key: str, rows: Rows) -> None:
        before = self._written.setdefault(key, [])
        places = range(1, rows.head.place + 1)
        _hold(rows.entries.keys() == set(places), Broken.HOLE, (rows.head, sorted(rows.entries)))
        _hold(len(rows.requests) == len(places), Broken.TWICE, (len(places), list(rows.requests)))
        now = [rows.entries[each] for each in places]
        _hold(now[: len(before)] == before, Broken.CHANGED, (before, now))
        for entry in now[len(before) :]:
            answered = rows.requests.get(entry.request_id)
            _hold(answered is not None and answered.entry == entry, Broken.TWICE, (entry, answered))
            assert answered is not None
            self._check_entry(key, answered)
        if len(now) > len(before):
            head, state = rows.head.state, self._states[key]
            _hold(head == state, Broken.FOLDED, (head, state))
        self._written[key] = now

    def _check_entry(self, key: str, answered: Answered) -> None:
        entry = answered.entry
        request = Request(key, entry.request_id, answered.payload)
        _hold(self._sent[request] > 0, Broken.INVENTED, request)
        refused = request in self._refused.get(key, ()) and not self._is_dead((key, request.id))
        _hold(not refused, Broken.REFUSED, request)
        folded = self._decider.fold(request.payload, entry.place, self._states.get(key))
        made = (entry.output, entry.refused)
        _hold(made == (folded.output, folded.refused), Broken.FOLDED, (entry, folded))
        self._states[key] = folded.state

    def _check_promises(self, key: str, rows: Rows, tables: Tables) -> None:
        for request_id, request in self.promised.get(key, {}).items():
            answered, row = rows.requests.get(request_id), rows.inbox.get(request_id)
            letter = tables.letters.get(Name(FOLD, key, request_id))
            # An id whose request is dead is free: the letter may be about another one by now, and
            # a late write may put it in the place of the one about this.
            buried = tables.buried.get(Name(FOLD, key, request_id), ())
            is_dead = any(self._decider.same(each, request.payload) for each in buried)
            _hold(answered or row or is_dead, Broken.LOST, request)
            both = letter and answered and letter.body == answered.payload.encode()
            _hold(not both, Broken.BOTH, request)
            if letter:
                continue
            stored = answered.payload if answered else row.request.payload if row else None
            same = stored is None or self._decider.same(stored, request.payload)
            _hold(same, Broken.OTHER, (request, stored))
            shown = self._shown.get((key, request_id))
            there = answered.entry if answered else None
            _hold(shown in {None, there}, Broken.SHOWN, (request_id, shown, there))
        for request in self._refused.get(key, ()):
            answered = rows.requests.get(request.id)
            same = answered is not None and answered.payload == request.payload
            _hold(not same or self._is_dead((key, request.id)), Broken.REFUSED, request)

    def check_settled(self, tables: Tables) -> None:
        """Raise Violation unless all that was accepted is in the log, and nothing waits."""
        for key, promised in self.promised.items():
            requests = tables.rows(key).requests
            for request_id in promised.keys() - requests.keys():
                dead = Name(FOLD, key, request_id) in tables.letters
                _hold(dead, Broken.STUCK, promised[request_id])
        for key, rows in tables.keys.items():
            _hold(not rows.inbox, Broken.LEFT, (key, "inbox", list(rows.inbox)))

    def check_order(self, listed: Mapping[str, Sequence[str]], tables: Tables) -> None:
        """Raise Violation unless each log has the order in which the entity first listed ids."""
        for key, rows in tables.keys.items():
            places = [rows.entries[place].request_id for place in sorted(rows.entries)]
            log = [each for each in places if not self._is_dead((key, each))]
            logged = frozenset(log)
            ids = [each for each in listed.get(key, ()) if each in logged]
            _hold(log == ids, Broken.ORDER, (key, log, ids))

    # The account fails over

    def restart(self, tables: Tables, lost: Iterable[Id], excused_until: float) -> None:
        """Take what is stored now for all there ever was: the account failed over to a copy.

        `lost` are requests of which the copy lacks something. Until `excused_until` somebody may
        act on what it saw of them before.
        """
        for name in lost:
            self._excused[name] = excused_until
            key, request_id = name
            self.promised.get(key, {}).pop(request_id, None)
            self._shown.pop(name, None)
            refused = self._refused.get(key, set())
            refused -= {each for each in refused if each.id == request_id}
        self._written.clear()
        self._states.clear()
        for key in tables.keys:
            self.changed(key)


def _hold(holds: object, broken: Broken, detail: object) -> None:
    if not holds:
        raise Violation(broken, f"{detail}")
