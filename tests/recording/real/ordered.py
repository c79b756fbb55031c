"""One order of everything that the processes of a run have done, from what each of them, and the
store's file, have written down.

The file orders its effects, each process its own lines, and the states of an entity name each
other. What joins them is known and needs no clock:

- an effect comes after what its process had done when it asked for it, and before it heard of it
- a read of the file comes after as many effects as it saw, and before the next one
- a state of an entity comes after the signals that made it, and is read before the next state
- what takes time (a read of an entity, a sending, a refusal) comes between the line before it
  began and the one after it ended

All of these are so in real time. So there is an order that keeps them all, and each such order is
as good as any other: nobody could have seen the difference. Clocks only choose among them.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import groupby
from typing import Any, Final

from tests.recording.real.effects import Effect
from tests.recording.real.journal import EXECUTED
from tests.recording.real.timeline import timeline

Line = Mapping[str, Any]

EFFECTS: Final = "effects"
DIED: Final = "process.died"


class NoOrder(Exception):
    """What was written down contradicts itself."""


@dataclass(eq=False, slots=True)
class Event:
    """Something that happened at one moment."""

    at: float
    """Milliseconds since 1970, by the clock of whoever wrote it down."""
    process: str
    kind: str
    key: str = ""
    what: Line = field(default_factory=dict)
    """The line of a journal."""
    effects: Sequence[Effect] = ()
    """Those of one call."""
    is_heard: bool = True
    """Whether the process has learned of them."""
    after: list["Event"] = field(default_factory=list)


def in_order(effects: Sequence[Effect], journals: Mapping[str, Sequence[Line]]) -> list[Event]:
    """Return everything in an order in which it may have happened. Raises NoOrder."""
    calls = _Calls(effects)
    chains = {process: _Chain(process, lines, calls) for process, lines in journals.items()}
    calls.tie(chains)
    everything = list(calls.events)
    for chain in chains.values():
        everything += chain.events
        everything.append(_death(chain, calls))
    return _sorted(everything + _entities(journals, chains))


class _Calls:
    """The effects on the file, call by call."""

    def __init__(self, effects: Sequence[Effect]) -> None:
        self.events: list[Event] = []
        self._ends: list[int] = []
        self._of_call: dict[tuple[str, int], Event] = {}
        for (process, call), rows in groupby(effects, lambda each: (each.process, each.call)):
            self._add(process, call, list(rows))

    def _add(self, process: str | None, call: int, rows: list[Effect]) -> None:
        if process is None:
            raise NoOrder(f"nobody says that they wrote {rows[0]}")
        event = Event(rows[0].at, process, EFFECTS, rows[0].key, effects=rows, is_heard=False)
        event.after += self.events[-1:]
        self.events.append(event)
        self._ends.append(rows[-1].seq)
        self._of_call[process, call] = event

    def tie(self, chains: Mapping[str, "_Chain"]) -> None:
        """Let each come after what its process had done when it called."""
        for event in self.events:
            event.after += chains[event.process].last(event.effects[0].behind)

    def heard(self, process: str, call: int) -> list[Event]:
        """Note that a process hears of its call; return what that changed, if anything."""
        event = self._of_call.get((process, call))
        if event is None:
            return []
        event.is_heard = True
        return [event]

    def place(self, event: Event, position: int) -> None:
        """Let an event come after so many effects, and before the next one."""
        index = bisect_right(self._ends, position)
        event.after += self.events[max(index - 1, 0) : index]
        for following in self.events[index : index + 1]:
            following.after.append(event)


class _Chain:
    """What one process has done, in its order."""

    def __init__(self, process: str, lines: Iterable[Line], calls: _Calls) -> None:
        self.process = process
        self.events: list[Event] = []
        """Also those that are in no order with some of the others."""
        self._chain: list[Event] = []
        for line in lines:
            if line["kind"] != EXECUTED:
                self._add(line, calls)

    def _add(self, line: Line, calls: _Calls) -> None:
        event = Event(line["at"], self.process, line["kind"], line["key"], line)
        before = self._chain[-1:]
        if "position" in line:
            calls.place(event, line["position"])
        if line["kind"] == "heard":
            event.after += calls.heard(self.process, line["call"])
        if "after" in line:
            event.after += self.last(line["after"])
            self.events.append(event)
            event = Event(line["at"], self.process, "end", after=[event])
        event.after += before
        self._chain.append(event)
        self.events.append(event)

    def last(self, number: int) -> list[Event]:
        """Return the event of the last line up to that number, from 1; none when there is none."""
        return self._chain[:number][-1:]


def _death(chain: _Chain, calls: _Calls) -> Event:
    """Return the end of a process, which nobody has written down: it comes after all it did."""
    did = [*chain.events, *(each for each in calls.events if each.process == chain.process)]
    at = max((each.at for each in did), default=0.0)
    return Event(at, chain.process, DIED, after=did)


def _entities(journals: Mapping[str, Sequence[Line]], chains: Mapping[str, _Chain]) -> list[Event]:
    """Return the states that entities were in, tied to signals and reads."""
    executed: dict[str, list[Line]] = defaultdict(list)
    for lines in journals.values():
        for line in lines:
            if line["kind"] == EXECUTED:
                executed[line["key"]].append(line)
    signals: dict[str, Event] = {}
    reads: dict[str, list[Event]] = defaultdict(list)
    for event in (each for chain in chains.values() for each in chain.events):
        if event.kind == "entity.signal":
            signals[event.what["number"]] = event
        elif event.kind == "entity.read":
            reads[event.key].append(event)
    return [event for key in reads for event in _states(key, executed[key], reads[key], signals)]


def _states(
    key: str, executed: Sequence[Line], reads: Sequence[Event], signals: Mapping[str, Event]
) -> list[Event]:
    events: list[Event] = []
    seen: list[Event] = []
    for state in timeline(executed, [each.what for each in reads]):
        if state.kind:
            event = Event(state.at, "", state.kind, key, state.shown)
            event.after += events[-1:] + seen
            event.after += [signals[each] for each in state.signals]
            events.append(event)
        seen = [reads[each] for each in state.reads]
        for each in seen:
            each.after += events[-1:]
    return events


def _sorted(events: Sequence[Event]) -> list[Event]:
    """Sort them so that each comes after those that it has to; else by their clocks."""
    number = {id(each): n for n, each in enumerate(events)}
    followers: list[list[int]] = [[] for _ in events]
    left = [len(each.after) for each in events]
    for n, event in enumerate(events):
        for before in event.after:
            followers[number[id(before)]].append(n)
    ready = [(event.at, n) for n, event in enumerate(events) if not left[n]]
    heapify(ready)
    found: list[Event] = []
    while ready:
        _, first = heappop(ready)
        found.append(events[first])
        for n in followers[first]:
            left[n] -= 1
            if not left[n]:
                heappush(ready, (events[n].at, n))
    if len(found) < len(events):
        stuck = next(event for n, event in enumerate(events) if left[n])
        raise NoOrder(f"{len(events) - len(found)} events are before themselves: {stuck.what}")
    return found
