"""Requests over HTTP and events, both at the same time, repeated until each was taken."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, cycle
from typing import Final, Self

from tests.e2e.client import Client
from tests.e2e.events import BATCH, HUB, Event
from tests.e2e.load import DIED, PATIENCE_SECONDS, PAUSE_SECONDS, Asked, until_answered

CLIENTS: Final = 12
PRODUCERS: Final = 2

EVENTS_PER_BATCH: Final = 10
EVENTS_AHEAD_MAX: Final = 200
"""Events are sent as fast as HTTP requests are answered, plus these: no more than the service can
do, whatever the machine can do."""


class Traffic:
    """Clients and producers at work from `with` to its end; what they sent and were told."""

    def __init__(self, base_urls: Sequence[str], projects: Sequence[int]) -> None:
        """What one of the hosts does not take, the next one is asked to."""
        self.answers: dict[Asked, set[int]] = {}
        """Over HTTP: every id that a request was ever told."""
        self.events: list[Asked] = []
        """Taken by the hub, maybe more than once."""
        self.unanswered = 0
        """Batches of events whose fate their producer did not learn at first."""
        self._base_urls = base_urls
        self.projects = projects
        self._numbers = count()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS + PRODUCERS)
        self._working: list[Future[None]] = []

    def __enter__(self) -> Self:
        for each in range(CLIENTS):
            self._working.append(self._pool.submit(self._ask, self._hosts(each)))
        for each in range(PRODUCERS):
            self._working.append(self._pool.submit(self._produce, self._hosts(each)))
        return self

    def __exit__(self, *_: object) -> None:
        """Let everybody finish what they have begun. Raises what went wrong for one of them."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        self._pool.shutdown()
        for each in self._working:
            each.result()

    @property
    def requests(self) -> set[Asked]:
        """All that were sent; to be read once nobody sends any more."""
        return self.answers.keys() | set(self.events)

    def _hosts(self, first: int) -> Iterator[Client]:
        clients = [Client(each) for each in self._base_urls]
        first %= len(clients)
        return cycle(clients[first:] + clients[:first])

    def _next(self) -> Asked:
        with self._changed:
            number = next(self._numbers)
        project_id = self.projects[number % len(self.projects)]
        return Asked(project_id, f"request-{number}", f"Buy {number} bottles of milk")

    def _ask(self, hosts: Iterator[Client]) -> None:
        while not self._stop.is_set():
            asked = self._next()
            todo_id = until_answered(hosts, asked)
            with self._changed:
                self.answers.setdefault(asked, set()).add(todo_id)
                self._changed.notify_all()

    def _produce(self, hosts: Iterator[Client]) -> None:
        while self._may_send():
            batch = [self._next() for _ in range(EVENTS_PER_BATCH)]
            with self._changed:
                # One that came over HTTP as well: the same request, so the same TODO.
                batch += list(self.answers)[-1:]
            unanswered = _send_until_taken(hosts, batch)
            with self._changed:
                self.events += batch
                self.unanswered += unanswered

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
    events = [Event(each.project_id, each.title, each.request_id) for each in batch]
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
