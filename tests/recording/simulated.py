"""Turns what happens in a history of the simulation into traces of the model, one for each key.

A line is written when the effect takes place, with what its process sees of it. A write of which
its process will not hear is `unknown` from the moment it was sent. What the model does not follow
(a dead letter, an account that fails over, a write of publishing that lands late) ends the trace of
its key: what there was until then is a trace all the same.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeVar

from typing_extensions import override

from entities import order
from tests.recording.app import BY, RecordedEmitter, RecordedIntake
from tests.recording.shown import begin
from tests.simulation.app import Parts
from tests.simulation.explained import order_in
from tests.simulation.faults import Fault
from tests.simulation.history import ANYTHING, History, Profile
from tests.simulation.loop import OWNER, Process
from tests.simulation.network import HAPPENS
from tests.simulation.observer import Observer
from tests.simulation.samples import NOTES, REFUSED, Samples
from tests.simulation.world import Variant

T = TypeVar("T")

Line = dict[str, Any]

EVERY: Final = "*"
"""Stands for the key in calls that are about all of them."""

SAMPLES: Final = Samples.of(NOTES, f'{{"text":"{REFUSED}"}}')
"""None of them makes the function fail: the model knows no dead letters."""


FOLLOWED: Final = replace(ANYTHING, skews=(0.0,))
"""A clock that is off takes an id for overdue before it is, which the model cannot tell."""


@dataclass(slots=True)
class Call:
    """What a process has asked for."""

    process: Process
    by: str
    at: int
    is_told: bool
    """Whether it hears how that went."""
    asked: list[Line]
    """Lines of the moment at which it asked."""

    @property
    def is_heard(self) -> bool:
        """Whether somebody learns now what happens."""
        return self.is_told and self.process.alive


@dataclass(slots=True)
class Recording(Observer):
    """All keys of one history."""

    clock: Callable[[], float] = lambda: 0.0
    call: Call | None = None
    """Whose effect takes place now."""
    made: set[tuple[str, str]] = field(default_factory=set)
    """Keys and ids of requests whose id the service made."""
    listed: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Of each process and key, the ids that it has seen listed."""
    _lines: dict[str, list[list[Line]]] = field(default_factory=lambda: defaultdict(list))
    _ended: set[str] = field(default_factory=set)
    _names: dict[Process, str] = field(default_factory=dict)
    _room: int = field(default_factory=lambda: order.OUTBOX_CHARACTERS_MAX)

    @property
    def now(self) -> int:
        return int(self.clock() * 1_000)

    def traces(self, *, publishing: bool) -> dict[str, list[str]]:
        """Return the lines of each key."""
        first = json.dumps(begin(publishing=publishing, room=self._room))
        return {
            key: [first, *(json.dumps(line) for slot in slots for line in slot)]
            for key, slots in self._lines.items()
            if key != EVERY
        }

    def name(self, process: Process) -> str:
        return self._names.setdefault(process, f"w{len(self._names) + 1}")

    # Lines

    def line(self, key: str, kind: str, **fields: Any) -> None:
        """Write a line of this moment."""
        if key not in self._ended:
            self._lines[key].append([{"at": self.now, "kind": kind, **fields}])

    def heard(self, key: str, kind: str, **fields: Any) -> None:
        """Write a line about what a process learns now, if it does."""
        if self.call is not None and self.call.is_heard:
            self.line(key, kind, process=self.name(self.call.process), **fields)

    def sent_unheard(self, key: str, kind: str, **fields: Any) -> None:
        """Write a line of the moment at which the process asked: it will not hear of the answer."""
        assert self.call is not None
        if key not in self._ended:
            who = {"process": self.name(self.call.process)}
            self.call.asked.append(
                {"at": self.call.at, "kind": kind, **who, **fields, "outcome": "unknown"}
            )

    def note(self, key: str, kind: str, **fields: Any) -> None:
        """Write a line about what the running process does."""
        process = OWNER.get()
        assert process is not None
        if kind == "made":
            self.made.add((key, fields["request"]))
        else:
            self.line(key, kind, process=self.name(process), **fields)

    def end(self, keys: Iterable[str]) -> None:
        """Follow these keys no further."""
        self._ended.update(keys)

    # What the world tells

    @override
    def sees(self, key: str, fault: Fault, effect: Callable[[], T]) -> Callable[[], T]:
        process = OWNER.get()
        if process is None:
            return effect
        asked: list[Line] = []
        if key not in self._ended:
            self._lines[key].append(asked)
        call = Call(process, BY.get(), self.now, fault in HAPPENS, asked)

        def seen() -> T:
            self.call = call
            try:
                return effect()
            finally:
                self.call = None

        return seen

    @override
    def sent(self, key: str, number: int, message: Mapping[str, Any]) -> None:
        about = {each: message[each] for each in ("ids", "done", "head")}
        self.note(key, "entity.signal", by=BY.get(), number=number, **about)

    @override
    def committed(self, key: str, numbers: Sequence[int], state: str) -> None:
        if self._room != order.OUTBOX_CHARACTERS_MAX:
            self.end([key])  # the limits are no longer small
        self.line(key, "entity.committed", signals=list(numbers), **_shown(state))

    @override
    def went_back(self, key: str, state: str) -> None:
        if state == "null":
            self.line(key, "entity.lost")
        else:
            self.line(key, "entity.rolledBack", **_shown(state))

    @override
    def read(self, key: str, state: str, reading: str) -> None:
        assert self.call is not None
        shown = _shown(state)
        self.listed[self.name(self.call.process), key].update(shown["outbox"])
        self.heard(key, "entity.read", by=self.call.by, **shown, reading=reading)

    @override
    def published(self, key: str, entries: Sequence[tuple[int, str]]) -> None:
        assert self.call is not None
        outcome = "committed" if self.call.is_told else "unknown"
        if self.call.process.alive:
            name = self.name(self.call.process)
            self.line(key, "publish.sent", process=name, entries=list(entries), outcome=outcome)

    @override
    def died(self, process: Process) -> None:
        for key in self._lines:
            self.line(key, "process.died", process=self.name(process))


def _shown(state: str) -> dict[str, Any]:
    is_now = order_in(state)
    return {"outbox": list(is_now.outbox), "head": is_now.head}


def record(
    seed: int,
    emitter: type[RecordedEmitter] = RecordedEmitter,
    profile: Profile = FOLLOWED,
) -> dict[str, list[str]]:
    """Run the history of a seed; return the trace of each key. Raises HistoryFailed."""
    from tests.recording.simulated_tables import RecordedTables

    recording = Recording()

    def recorded(made: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any) -> Any:
            part = made(*args)
            part.note = recording.note
            return part

        return make

    parts = Parts(intake=recorded(RecordedIntake), emitter=recorded(emitter))
    variant = Variant(parts, tables=partial(RecordedTables, recording), samples=SAMPLES)
    history = History(seed, variant, profile, is_traced=False)
    recording.clock = history.world.loop.time
    history.world.network.observer = recording
    history.run()
    return recording.traces(publishing=history.world.publishing is not None)
