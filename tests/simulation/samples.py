"""Keys and payloads of the domain that the simulation runs with, and what its function makes of them.

A domain of its own is the smallest that shows everything: the output names its place, the state is
bounded, one payload is refused, one makes the function fail.
"""

import json
from dataclasses import dataclass
from random import Random
from typing import Final

from domain.decider import Decider, Folded, FoldFailed


class Notes(Decider):
    """Numbers notes and counts their letters, up to a limit; fails on one of them."""

    def __init__(self) -> None:
        """There is nothing to declare."""
        self.name, self.version = "note", 1

    def fold(self, payload: str, place: int, state: str | None) -> Folded:
        text, letters = (
            json.loads(payload)["text"],
            json.loads(state or '{"letters": 0}')["letters"],
        )
        if text == FAILING:
            raise FoldFailed("the function raised")
        if text == REFUSED:
            refusal = json.dumps({"code": "refused", "detail": f"after {letters}"})
            return Folded(refusal, True, json.dumps({"letters": letters}), 1)
        letters += len(text)
        output = json.dumps({"id": place, "text": text, "letters": letters})
        return Folded(output, False, json.dumps({"letters": letters}), 1)

    def same(self, payload: str, other: str) -> bool:
        return payload == other or json.loads(payload) == json.loads(other)


REFUSED: Final = "refused"
FAILING: Final = "failing"


@dataclass(frozen=True, slots=True)
class Samples:
    """What clients of a domain may send."""

    decider: Decider
    keys: tuple[str, ...]
    payloads: tuple[str, ...]
    """Canonical JSON, drawn in equal shares."""

    def payload(self, chance: Random) -> str:
        return chance.choice(self.payloads)

    def other(self, payload: str) -> str:
        """Return one that asks for something else."""
        return next(each for each in self.payloads if each != payload)


def _note(text: str) -> str:
    return json.dumps({"text": text})


NOTES: Final = Samples(
    Notes(),
    tuple(str(each) for each in range(1, 1_000)),
    (*(_note(f"note {n}") for n in range(14)), _note(REFUSED), _note(FAILING)),
)
