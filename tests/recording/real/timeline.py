"""Which states an entity was in, one after another, of all that were ever worked out for it.

An operation may be run and never committed, run twice, or run on a hub that is lost afterwards. A
state was committed when somebody has read it, and so was every state that led to it. Which of two
came first, when neither led to the other, the clock of the machine tells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Line = Mapping[str, Any]

COMMITTED: Final = "entity.committed"
LOST: Final = "entity.lost"
ROLLED_BACK: Final = "entity.rolledBack"


@dataclass(slots=True)
class State:
    """What the entity was from one moment to the next."""

    kind: str
    """How it came to be so; empty for the first."""
    at: float
    """Milliseconds since 1970; when it was worked out."""
    known_at: float
    """By when it was so, at the latest."""
    line: Line | None = None
    """Of the batch that made it; None: the entity is as it was made."""
    reads: list[int] = field(default_factory=list)
    """Which of the reads have seen it."""

    @property
    def mark(self) -> str | None:
        """What a reader finds in it."""
        return None if self.line is None else str(self.line["mark"])

    @property
    def signals(self) -> Sequence[str]:
        """Numbers of the signals that made it of the state before."""
        return self.line["numbers"] if self.kind == COMMITTED and self.line else []

    @property
    def shown(self) -> Line:
        """What a line of a trace says of it."""
        line = self.line or {"outbox": [], "head": 0}
        return {"outbox": line["outbox"], "head": line["head"], "signals": self.signals}


def timeline(executed: Iterable[Line], reads: Sequence[Line]) -> list[State]:
    """Return the states of an entity, the first of which is that of a new one.

    Raises LookupError when somebody has read what cannot have been.
    """
    made = {each["mark"]: each for each in _batches(executed)}
    known = _known(made, reads)
    states = [State("", 0.0, 0.0)]
    for mark in sorted(known, key=lambda each: float(made[each]["at"])):
        line, known_at = made[mark], known[mark]
        if line["before"] != states[-1].mark:
            earlier = made.get(line["before"])
            kind = LOST if earlier is None else ROLLED_BACK
            states.append(State(kind, line["at"], known_at, earlier))
        states.append(State(COMMITTED, line["at"], known_at, line))
    for number, each in enumerate(reads):
        _state_of(each, states).reads.append(number)
    return states


def _batches(executed: Iterable[Line]) -> Iterator[Line]:
    """Join the operations of each batch, which are committed together or not at all."""
    batches: dict[str, list[Line]] = {}
    for line in executed:
        batches.setdefault(line["batch"], []).append(line)
    for lines in batches.values():
        numbers = [each["number"] for each in lines]
        yield {**lines[-1], "before": lines[0]["before"], "numbers": numbers}


def _known(made: Mapping[str, Line], reads: Iterable[Line]) -> dict[str, float]:
    """Return the marks of states that were committed, each with when that was known."""
    known: dict[str, float] = {}
    for read in reads:
        mark, at = read["mark"], read["at"]
        while mark is not None and at < known.get(mark, float("inf")):
            known[mark] = at
            mark, at = made[mark]["before"], min(at, made[mark]["at"])
    return known


def _state_of(read: Line, states: list[State]) -> State:
    """Return the state that a reader saw: the first one that need not be over when it looked."""
    for number, state in enumerate(states):
        following = states[number + 1 : number + 2]
        is_over = any(each.known_at < read["since"] for each in following)
        if state.mark == read["mark"] and not is_over:
            return state
    if read["mark"] is not None:
        raise LookupError(f"a state was read that was over: {read}")
    states.append(State(LOST, read["at"], read["at"]))
    return states[-1]
