"""What is measured, and the plan of requests that one run sends."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DUPLICATES_SHARE: Final = 0.05
"""Requests sent twice: half of them at once, half of them later."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Closed loop: each client sends its next request when it has the answer to the last."""

    name: str
    clients: int
    projects: int
    requests: int


SCENARIOS: Final = (
    Scenario("hot project", clients=32, projects=1, requests=4_000),
    Scenario("100 projects", clients=32, projects=100, requests=5_000),
    Scenario("1,000 projects", clients=64, projects=1_000, requests=5_000),
    Scenario("one client", clients=1, projects=1, requests=500),
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a client sends it, perhaps not for the first time."""

    project_id: int
    request_id: str
    title: str


def plan(scenario: Scenario, seed: int, first_project: int) -> Sequence[Request]:
    """Return the requests in sending order, repeats included; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a load, not a secret
    unique = [
        Request(
            first_project + chance.randrange(scenario.projects),
            f"{seed}-{first_project}-{number:06d}",
            f"buy milk and bread, {number} of {scenario.requests}",
        )
        for number in range(scenario.requests)
    ]
    repeats = chance.sample(range(len(unique)), int(len(unique) * DUPLICATES_SHARE))
    at_once = set(repeats[::2])
    later: dict[int, list[Request]] = {}
    for place in repeats[1::2]:
        again = min(len(unique) - 1, place + chance.randint(100, 1_000))
        later.setdefault(again, []).append(unique[place])
    sending: list[Request] = []
    for place, request in enumerate(unique):
        sending += [request] * (2 if place in at_once else 1)
        sending += later.get(place, [])
    return sending
