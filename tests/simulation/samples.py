"""Keys and payloads of the domain that the simulation runs with.

`DOMAIN=examples.invoices` names another one, as for the rest of the suite. Else it is the smallest
that shows everything: the output names its place, the state is bounded, one request is refused, and
one makes the function fail.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from random import Random
from typing import Final

from domain import Domain, Key, Refused
from domain.decider import Decider, Folded
from domain.domain import AnyDomain
from domain.samples import Samples as Draw
from domain.samples import key_of

DOMAIN: Final = "DOMAIN"

PAYLOADS: Final = 6
KEYS: Final = 200

REFUSED: Final = "refused"
FAILING: Final = "failing"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is asked for."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What becomes of it."""

    id: int
    text: str
    letters: int


@dataclass(frozen=True, slots=True)
class Count:
    """Of all notes of a key."""

    last: int = 0
    letters: int = 0


def note(letter: Letter, count: Count) -> tuple[Note | Refused, Count]:
    """Number notes, and count their letters. A refusal has its place too."""
    last = count.last + 1
    if letter.text == FAILING:
        raise ValueError(letter.text)
    if letter.text == REFUSED:
        return Refused("refused", f"after {count.letters} letters"), Count(last, count.letters)
    letters = count.letters + len(letter.text)
    return Note(last, letter.text, letters), Count(last, letters)


NOTES: Final = Domain(
    name="note",
    key=Key("shelfId", int),
    empty=Count(),
    versions={1: note},
    examples=[
        (Letter("first"), Note(1, "first", 5)),
        (Letter(REFUSED), Refused("refused", "after 5 letters")),
        (Letter("third"), Note(3, "third", 10)),
    ],
)


class Remembering(Decider):
    """Folds what it has folded before from memory: thousands of histories fold the same."""

    def __init__(self, domain: AnyDomain) -> None:
        super().__init__(domain)
        self._known = lru_cache(100_000)(super().fold)

    def fold(self, payload: str, place: int, state: str | None) -> Folded:
        return self._known(payload, place, state)


@dataclass(frozen=True, slots=True)
class Samples:
    """What clients of a domain may send."""

    domain: AnyDomain
    decider: Decider
    keys: Sequence[str]
    payloads: Sequence[str]
    """Canonical JSON, drawn in equal shares."""

    @classmethod
    def of(cls, domain: AnyDomain, *more: str) -> "Samples":
        """Draw them from the examples of a domain; `more` are payloads besides."""
        draw = Draw(domain, Random("samples"))
        payloads = [*(draw.payload() for _ in range(PAYLOADS)), *more]
        return cls(domain, Remembering(domain), [key_of(domain, n) for n in range(KEYS)], payloads)

    def payload(self, chance: Random, failing: float = 0.0) -> str:
        """Return any; for a share of them the last one, on which the function fails if it does."""
        return self.payloads[-1] if chance.random() < failing else chance.choice(self.payloads)

    def other(self, payload: str) -> str:
        """Return one that asks for something else."""
        return next(each for each in self.payloads if each != payload)


def named(name: str | None) -> Samples:
    """Return the samples of the domain in a package, or those of notes."""
    if name is None:
        return Samples.of(NOTES, *(f'{{"text":"{each}"}}' for each in (REFUSED, FAILING)))
    package = import_module(name)
    (domain,) = (each for each in vars(package).values() if isinstance(each, Domain))
    return Samples.of(domain)


SAMPLES: Final = named(os.environ.get(DOMAIN))

NAMED: Final = f"{DOMAIN}={os.environ[DOMAIN]} " if DOMAIN in os.environ else ""
"""What goes before a command that is to run with the same domain."""
