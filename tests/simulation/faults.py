"""What goes wrong, and when: drawn from a seed, or written down call by call.

Every call that has an effect outside the process has two sides, and both are made to fail.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Final, Protocol


class Fault(Enum):
    """How one call, or one piece of work of the hub, fails."""

    __hash__ = object.__hash__  # that of Enum is written in Python, and asked for at every call

    NONE = "none"
    BEFORE = "it does not happen, and the caller gets an error"
    AFTER = "it happens, and the answer is lost"
    LATER = "the caller gets an error, and it happens after that, soon or long after"
    REFUSED = "409 or 412: it does not happen, and what was in its way is gone again"
    REPEATED = "409 or 412: it happens, and the client library repeats it and meets its own work"
    SWALLOWED = "the caller is told that it happened, and it does not"
    TWICE = "it happens, and happens once more later"
    PARTLY = "the first part of it happens, and the caller gets an error"
    CANCELLED = "the caller sees a cancellation that nobody asked for, as SDK and aiohttp make them"
    HANGING = "it does not happen, and there is no answer until the caller or the port gives up"
    STALE = "the answer shows an earlier moment"
    DIRTY = "the answer shows work that is never committed"
    UNSENT = "the host dies before it sends anything: it runs again"
    UNCOMMITTED = "the host dies between sending and commit: it runs again, and sends again"
    UNDELETED = "the host dies between commit and deleting the input: the input comes again"
    RIVAL = "two workers run it; both send, and one of them loses its commit"
    WORKER_DIED = "the worker process dies alone, which fails an orchestration for good"


READ: Final = (Fault.BEFORE, Fault.HANGING)
WRITE: Final = (Fault.BEFORE, Fault.AFTER, Fault.LATER, Fault.HANGING)
GUARDED: Final = (*WRITE, Fault.REFUSED, Fault.REPEATED)
"""A write that is made only if nothing is in its way."""
MESSAGE: Final = (*WRITE, Fault.SWALLOWED, Fault.TWICE, Fault.CANCELLED)
"""What client and queue may do to a message, besides delaying and reordering it."""
STATE: Final = (Fault.BEFORE, Fault.STALE, Fault.DIRTY, Fault.CANCELLED, Fault.HANGING)
ACTIVITY: Final = (Fault.BEFORE, Fault.AFTER, Fault.TWICE)
"""The worker died before or after the work (the orchestration sees a failure); ran twice."""
SEND: Final = (Fault.BEFORE, Fault.AFTER, Fault.LATER, Fault.PARTLY, Fault.TWICE)
WORK: Final = (Fault.UNSENT, Fault.UNCOMMITTED, Fault.UNDELETED, Fault.RIVAL)
"""Work items of the hub: `docs/change/host-protocol.md` 7.2."""
EPISODE: Final = (*WORK, Fault.WORKER_DIED)
"""And those of orchestrations: 7.10."""

KINDS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "inbox.put": GUARDED,
    "inbox.get": READ,
    "inbox.remove": WRITE,
    "inbox.page": READ,
    "inbox.count": READ,
    "inbox.overdue": READ,
    "letter.put": WRITE,
    "letter.get": READ,
    "log.head": READ,
    "log.append": GUARDED,
    "log.tail": READ,
    "log.find": READ,
    "log.get": READ,
    "log.read": READ,
    "log.fence": GUARDED,
    "marker.set": WRITE,
    "marker.list": READ,
    "marker.remove": GUARDED,
    "cursor.get": READ,
    "cursor.move": GUARDED,
    "output.send": SEND,
    "hub.create": MESSAGE,
    "hub.hand_over": MESSAGE,
    "hub.order": STATE,
    "entity.batch": WORK,
    "outbox.episode": EPISODE,
    "outbox.emit": ACTIVITY,
}
"""Every kind of call and of work, and all its ways to fail."""

UNUSED: Final = frozenset({"inbox.count", "log.get", "letter.get"})
"""Calls that hardly any history makes: those of readers and operators."""

ABOUT: Final[tuple[tuple[float, tuple[str, ...]], ...]] = (
    (0.09, ("cursor.move",)),
    (0.04, ("output",)),
    (0.04, ("cursor.get", "log.read")),
    (0.055, ("log.fence",)),
    (0.03, ("log.head",)),
    (0.12, ("marker.remove",)),
    (0.03, ("marker.set", "marker.list")),
    (0.045, ("outbox",)),
    (0.07, ("hub.hand_over",)),
    (0.03, ("log.append LATER", "cursor.move LATER", "marker.remove LATER")),
    (0.065, ("log.append",)),
    (0.02, ("log.tail",)),
    (0.03, ("inbox.remove",)),
    (0.02, ("inbox.page",)),
    (0.025, ("inbox.overdue",)),
    (0.05, ("entity.batch", "hub.create")),
    (0.055, ("letter.put",)),
    (0.05, ("inbox.put", "hub.order")),
    (0.03, ("inbox.get", "log.find")),
)
"""Calls of which a history has few. Some histories are about them: only they fail, and often. The
share of histories, and what they are about."""

FEW: Final = 5
"""Kinds of calls that a history is about, at most."""

SELDOM: Final = frozenset(
    {
        *("log.append", "log.fence", "log.tail", "log.head", "letter.put", "letter.get"),
        *("marker.set", "marker.remove", "cursor.move", "output.send", "inbox.page"),
        *("inbox.remove", "inbox.overdue", "hub.hand_over", "outbox.emit", "outbox.episode"),
    }
)
"""Calls that fail more often than others where everything may."""

NOW_AND_THEN: Final = (0.0, 0.0, 0.02, 0.1, 0.4)
OFTEN: Final = (0.0, 0.1, 0.3, 0.5)
MOSTLY: Final = (0.3, 0.5)
"""From which the rates of a history are drawn."""

SELDOM_HANGING: Final = {Fault.HANGING: 0.6}
"""Where everything may fail: what hangs keeps all behind it from failing in other ways."""

Rates = tuple[tuple[str, Fault, float], ...]
"""Call, its fault, and the share of calls with it, from 0 to 1."""


class Faults(Protocol):
    """Decides about each call as it is made."""

    def of(self, call: str) -> Fault: ...

    def happened(self, what: str) -> bool:
        """Take note of trouble of another kind; say whether it is to happen at all."""

    def came_to_nothing(self, what: str) -> None:
        """Take back such a note: it was meant to happen, and something was in its way."""


@dataclass(slots=True)
class Written:
    """Faults by the running number of the call; notes which calls there are."""

    at: Mapping[int, Fault] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def of(self, call: str) -> Fault:
        self.calls.append(call)
        return self.at.get(len(self.calls) - 1, Fault.NONE)

    def happened(self, _what: str) -> bool:
        return True

    def came_to_nothing(self, what: str) -> None:
        """Nothing is counted."""


Atom = tuple[str, int]
"""A thing that went wrong, and that a shorter history does without: its kind, and its number
among those of its kind in this history."""


class Drawn:
    """Faults drawn from a seed. Each history leaves some kinds out and makes others frequent:
    trouble of one kind at a time finds what a little of everything hides.

    Each kind has a chance of its own, so that leaving one out changes little of the others.
    """

    def __init__(
        self, seed: object, rates: Rates | None = None, without: Collection[Atom] = ()
    ) -> None:
        """Draw the rates as well, unless they are given: then all others are zero."""
        self.count: Counter[str] = Counter()
        self.atoms: list[Atom] = []
        self._drawn: Counter[str] = Counter()
        self._without = frozenset(without)
        drawn = _draw(Random(f"{seed} rates")) if rates is None else rates
        self.kinds = frozenset(call for call, _, _ in drawn)
        """The calls that may fail."""
        self.is_focused = 0 < len(self.kinds) <= FEW
        self._rates: dict[str, list[tuple[Fault, float, Random]]] = {}
        for call, fault, rate in drawn:
            chance = Random(f"{seed} {call} {fault.name}")
            self._rates.setdefault(call, []).append((fault, rate, chance))
        self._on = True

    def stop(self) -> None:
        """From now on all goes well."""
        self._on = False

    def of(self, call: str) -> Fault:
        if self._on:
            for fault, rate, chance in self._rates.get(call, ()):
                if chance.random() < rate and self.happened(f"{call} {fault.name}"):
                    return fault
        return Fault.NONE

    def happened(self, what: str) -> bool:
        atom = (what, self._drawn[what])
        self._drawn[what] += 1
        if atom in self._without:
            return False
        self.atoms.append(atom)
        self.count[what] += 1
        return True

    def came_to_nothing(self, what: str) -> None:
        self.count[what] -= 1


def _draw(chance: Random) -> Rates:
    """In any order: of two faults of one call, the one that is asked first happens more often."""
    everything: tuple[float, tuple[str, ...]] = (1 - sum(share for share, _ in ABOUT), ())
    shares, subjects = zip(*ABOUT, everything, strict=True)
    (about,) = chance.choices(subjects, shares)
    seldom = {} if about else SELDOM_HANGING
    rates = [
        (call, fault, chance.choice(_shares(call, about)) * seldom.get(fault, 1.0))
        for call, faults in KINDS.items()
        for fault in faults
        if f"{call} {fault.name}".startswith(about or "")
    ]
    chance.shuffle(rates)
    return tuple(each for each in rates if each[2])


def _shares(call: str, about: tuple[str, ...]) -> tuple[float, ...]:
    if about:
        return MOSTLY
    return OFTEN if call in SELDOM else NOW_AND_THEN
