"""The requests of a run, of any domain; the same for the same seed."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from domain.domain import AnyDomain
from domain.request import Request
from domain.samples import Samples, key_of

REPEATS_SHARE: Final = 0.05
"""Of the requests, those that are sent twice: half of them at once, half of them later."""

LATER: Final = (100, 1_000)


class Work:
    """Makes requests; keys are numbered from 0 on, and ids are never used twice."""

    def __init__(self, domain: AnyDomain, seed: int = 1) -> None:
        """Draw from `seed`."""
        self.domain = domain
        self.random = Random(seed)  # noqa: S311 - a load, not a secret
        self._seed, self._made = seed, 0
        self._samples = Samples(domain, self.random)

    def key(self, number: int) -> str:
        """Return a key."""
        return key_of(self.domain, number)

    def request(self, number: int) -> Request:
        """Return a new request for the key of this number."""
        self._made += 1
        return self._samples.request(self.key(number), f"r{self._seed}-{self._made:08d}")

    def requester(self, number: int) -> Callable[[], Request]:
        """Return what makes a new request for a key, each time."""
        return lambda: self.request(number)

    def requests(self, count: int, keys: Sequence[int]) -> list[Request]:
        """Return new requests for keys drawn from these."""
        return [self.request(self.random.choice(keys)) for _ in range(count)]

    def with_repeats(self, requests: Sequence[Request]) -> list[Request]:
        """Return them in sending order, some of them a second time."""
        repeats = self.random.sample(range(len(requests)), int(len(requests) * REPEATS_SHARE))
        at_once = set(repeats[::2])
        later: dict[int, list[Request]] = {}
        for place in repeats[1::2]:
            again = min(len(requests) - 1, place + self.random.randint(*LATER))
            later.setdefault(again, []).append(requests[place])
        sending: list[Request] = []
        for place, request in enumerate(requests):
            sending += [request] * (2 if place in at_once else 1)
            sending += later.get(place, [])
        return sending
