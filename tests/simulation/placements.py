"""Where the groups of functions run: in one host, each in hosts of its own, or several of each."""

from dataclasses import dataclass
from typing import Final

from tests.simulation.host import Role

ALL: Final = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Placement:
    """The hosts of a history."""

    name: str
    hosts: tuple[frozenset[Role], ...]


def _each(*counts: tuple[Role, int]) -> tuple[frozenset[Role], ...]:
    return tuple(frozenset({role}) for role, count in counts for _ in range(count))


TOGETHER: Final = Placement("together", (ALL,))
"""A plan of App Service, or one machine."""

APART: Final = Placement("apart", _each(*((role, 1) for role in Role)))
"""Flex Consumption: http, durable, and each trigger and timer in an instance of its own."""

SEVERAL: Final = Placement(
    "several",
    _each(
        *((Role.HTTP, 3), (Role.DURABLE, 2), (Role.EVENTS, 2)),
        *((Role.SWEEP, 1), (Role.PUBLISH, 1)),
    ),
)
"""The same under load. A timer runs in one place at a time."""

PLACEMENTS: Final = (TOGETHER, APART, SEVERAL)
