"""Requests over HTTP, events and reads, all at the same time, repeated until each was taken."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, cycle
from random import Random
from typing import Any, Final, Self

import requests

from domain.samples import Samples
from tests.chaos.history import History, Process
from tests.domain_under_test import DOMAIN
from tests.e2e.asked import Asked, Shown, place_of
from tests.e2e.client import Client
from tests.e2e.events import BATCH, HUB, Event
from tests.e2e.load import DIED, PATIENCE_SECONDS, PAUSE_SECONDS, until_answered

CLIENTS: Final = 12
PRODUCERS: Final = 2
READERS: Final = 1
READS_PAUSE_SECONDS: Final = 0.2

EVENTS_PER_BATCH: Final = 10
EVENTS_AHEAD_MAX: Final = 200
"""Events are sent as fast as HTTP requests are answered, plus these: no more than the service can
do, whatever the machine can do."""


class Traffic:
    """Clients and producers at work from `with` to its end; what they sent and were told."""

    def __init__(
        self,
        base_urls: Sequence[str],
        keys: Sequence[str],
        *,
        producers: int = PRODUCERS,
        function_key: str | None = None,
    ) -> None:
        """What one of the hosts does not take, the next one is asked to.

        `producers` send events, which only `localhost` takes; `function_key` opens functions.
        """
        self._producers = producers
        self._function_key = function_key
        self.answers: dict[Asked, Shown] = {}
        """Over HTTP: the entry that each request was told."""
        self.events: list[Asked] = []
        """Taken by the hub, maybe more than once."""
        self.unanswered = 0
        """Batches of events whose fate their producer did not learn at first."""
        self.history = History()
        """What clients saw."""
        self._base_urls = base_urls
        self.keys = keys
        self._samples = Samples(DOMAIN, Random(len(keys)))
        self._numbers = count()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS + producers + READERS)
        self._working: list[Future[None]] = []

    def __enter__(self) -> Self:
        for each in range(CLIENTS):
            self._working.append(self._pool.submit(self._ask, self._hosts(each)))
        for each in range(self._producers):
            self._working.append(self._pool.submit(self._produce, self._hosts(each)))
        for each in range(READERS):
            self._working.append(self._pool.submit(self._read, self._hosts(each)))
        return self

    def __exit__(self, *_: object) -> None:
        """Let everybody finish what they have begun. Raises what went wrong for one of them."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        self._pool.shutdown()
        for each in self._working:
            each.result()

    def read_all(self, client: Client) -> None:
        """Read every log once more, for the history: what was told must be there at the end."""
        process = self.history.process()
        for key in self.keys:
            process.invoke("r", key, None)
            process.read_ok(client.log_of(key))

    def wait_for_answers(self, count: int) -> None:
        """Come back once so many requests were answered. Raises AssertionError for a client's."""
        with self._changed:
            while len(self.answers) < count:
                self._changed.wait(PAUSE_SECONDS)
                assert not any(e.done() for e in self._working), "a client has given up"

    @property
    def requests(self) -> set[Asked]:
        """All that were sent; to be read once nobody sends any more."""
        return self.answers.keys() | set(self.events)

    def _hosts(self, first: int) -> Iterator[Client]:
        clients = [Client(each, self._function_key) for each in self._base_urls]
        first %= len(clients)
        return cycle(clients[first:] + clients[:first])

    def _next(self) -> Asked:
        with self._changed:
            number = next(self._numbers)
            payload = self._samples.payload()
        return Asked(self.keys[number % len(self.keys)], f"request-{number}", payload)

    def _ask(self, hosts: Iterator[Client]) -> None:
        process = self.history.process()
        while not self._stop.is_set():
            asked = self._next()
            process.invoke("append", asked.key, asked.request_id)
            try:
                entry = until_answered(hosts, asked)
            except BaseException:
                process.info()
                raise
            process.append_ok(place_of(entry))
            with self._changed:
                self.answers[asked] = entry
                self._changed.notify_all()

    def _read(self, hosts: Iterator[Client]) -> None:
        process, chance = self.history.process(), Random(0)
        while not self._stop.wait(READS_PAUSE_SECONDS):
            key = chance.choice(self.keys)
            process.invoke("r", key, None)
            entries = _log_of(next(hosts), key)
            if entries is None:
                process.fail()
            else:
                process.read_ok(entries)

    def _produce(self, hosts: Iterator[Client]) -> None:
        while self._may_send():
            batch = [self._next() for _ in range(EVENTS_PER_BATCH)]
            for each in batch:
                # Nobody tells a producer when its request has a place.
                self._ask_by_event(self.history.process(), each)
            with self._changed:
                # One that came over HTTP as well: the same request, so the same TODO.
                batch += list(self.answers)[-1:]
            unanswered = _send_until_taken(hosts, batch)
            with self._changed:
                self.events += batch
                self.unanswered += unanswered

    def _ask_by_event(self, process: Process, asked: Asked) -> None:
        process.invoke("append", asked.key, asked.request_id)
        process.info()

    def _may_send(self) -> bool:
        """Wait until events are not too far ahead; false when it is time to stop."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._stop.is_set() or len(self.events) < len(self.answers) + EVENTS_AHEAD_MAX
                ),
                PATIENCE_SECONDS,
            )
        return not self._stop.is_set()


def _send_until_taken(hosts: Iterator[Client], batch: Sequence[Asked]) -> int:
    """Return how often nobody knows what became of the batch."""
    events = [Event(each.key, each.payload, each.request_id) for each in batch]
    body = json.dumps([each.encode(keyed=True) for each in events])
    pause = threading.Event()
    for unanswered in range(int(PATIENCE_SECONDS / PAUSE_SECONDS)):
        try:
            answer = next(hosts).call("POST", f"/{HUB}/messages", data=body, headers=BATCH)
        except DIED:
            pause.wait(PAUSE_SECONDS)  # it is being killed or started
            continue
        if answer.status_code == 201:
            return unanswered
        assert answer.status_code == 503, answer.text  # a standby without an owner
        pause.wait(PAUSE_SECONDS)
    raise AssertionError("the hub takes nothing")


def _log_of(client: Client, key: str) -> list[dict[str, Any]] | None:
    """Read a log; None when nobody answers, or not with a log."""
    try:
        return client.log_of(key)
    except (*DIED, requests.JSONDecodeError, KeyError):
        return None
