"""What goes wrong, and when: drawn from a seed, or written down call by call.

Every call that has an effect outside the process has two sides, and both are made to fail.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Final, Protocol


class Fault(Enum):
    """How one call fails."""

    NONE = "none"
    BEFORE = "it does not happen, and the caller gets an error"
    AFTER = "it happens, and the answer is lost"
    LATER = "the caller gets an error, and it happens long after"
    SWALLOWED = "the caller is told that it happened, and it does not"
    TWICE = "it happens, and happens once more later"
    CANCELLED = "the caller sees a cancellation that nobody asked for, as SDK and aiohttp make them"
    STALE = "the answer shows an earlier moment"
    DIRTY = "the answer shows work that is never committed"


READ: Final = (Fault.BEFORE,)
WRITE: Final = (Fault.BEFORE, Fault.AFTER, Fault.LATER)
MESSAGE: Final = (*WRITE, Fault.SWALLOWED, Fault.TWICE, Fault.CANCELLED)
"""What client and queue may do to a message, besides delaying and reordering it."""
STATE: Final = (Fault.BEFORE, Fault.STALE, Fault.DIRTY, Fault.CANCELLED)
ACTIVITY: Final = (Fault.BEFORE, Fault.AFTER, Fault.TWICE)
"""The worker died before or after the work (the orchestration sees a failure); ran twice."""

KINDS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "inbox.put": WRITE,
    "inbox.get": READ,
    "inbox.remove": WRITE,
    "inbox.count": READ,
    "inbox.waiting": READ,
    "log.head": READ,
    "log.append": WRITE,
    "log.find": READ,
    "log.get": READ,
    "log.read": READ,
    "hub.create": MESSAGE,
    "hub.settle": MESSAGE,
    "hub.start": MESSAGE,
    "hub.project": STATE,
    "outbox.emit": ACTIVITY,
    "outbox.signal": (Fault.SWALLOWED, Fault.TWICE),
    "outbox.timer": (Fault.SWALLOWED,),
}
"""Every kind of call, and all its ways to fail. `outbox.timer` swallowed: the orchestration is
never heard of again, as when the worker process dies in the middle of an episode."""

Rates = tuple[tuple[str, Fault, float], ...]
"""Call, its fault, and the share of calls with it, from 0 to 1."""


class Faults(Protocol):
    """Decides about each call as it is made."""

    def of(self, call: str) -> Fault: ...


@dataclass(slots=True)
class Written:
    """Faults by the running number of the call; notes which calls there are."""

    at: Mapping[int, Fault] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def of(self, call: str) -> Fault:
        self.calls.append(call)
        return self.at.get(len(self.calls) - 1, Fault.NONE)


class Drawn:
    """Faults drawn from a seed. Each history leaves some kinds out and makes others frequent:
    trouble of one kind at a time finds what a little of everything hides."""

    def __init__(self, chance: Random, rates: Rates | None = None) -> None:
        """Draw the rates as well, unless they are given: then all others are zero."""
        self.count: Counter[str] = Counter()
        self._chance = chance
        self._rates = _draw(chance) if rates is None else {(c, f): rate for c, f, rate in rates}
        self._on = True

    def stop(self) -> None:
        """From now on all goes well."""
        self._on = False

    def of(self, call: str) -> Fault:
        if not self._on:
            return Fault.NONE
        for fault in KINDS[call]:
            if self._chance.random() < self._rates.get((call, fault), 0.0):
                self.count[f"{call} {fault.name}"] += 1
                return fault
        return Fault.NONE


def _draw(chance: Random) -> dict[tuple[str, Fault], float]:
    kinds = [(call, fault) for call, faults in KINDS.items() for fault in faults]
    return {kind: chance.choice((0.0, 0.0, 0.02, 0.1, 0.4)) for kind in kinds}
