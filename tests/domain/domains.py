"""A small domain to make wrong in every way, one field at a time."""

from dataclasses import dataclass
from typing import Annotated, Any

from domain import Domain, Key, Meta, Refused

KEY = Key("shopId", Annotated[int, Meta(ge=1, le=99)])


@dataclass(frozen=True, slots=True)
class Ask:
    words: str
    times: Annotated[int, Meta(ge=1, le=9)] = 1


@dataclass(frozen=True, slots=True)
class Reply:
    id: int
    words: str


def reply(ask: Ask, last: int) -> tuple[Reply, int]:
    return Reply(last + 1, ask.words * ask.times), last + 1


def parrots(**changed: Any) -> Domain[Any, Any, Any]:
    """Declare a domain, with changes."""
    declared: dict[str, Any] = {
        "name": "reply",
        "plural": "replies",
        "key": KEY,
        "empty": 0,
        "versions": {1: reply},
        "examples": [(Ask("a", 2), Reply(1, "aa")), (Ask("b"), Reply(2, "b"))],
    }
    return Domain(**{**declared, **changed})


def refuse(ask: Ask, last: int) -> tuple[Reply | Refused, int]:
    if ask.words == "no":
        return Refused("said-no", "No."), last
    return Reply(last + 1, ask.words), last + 1
