"""Many clients, each with its own requests, who repeat until they are answered with a TODO."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle

import requests

from tests.e2e.client import Client

CLIENTS = 16
PATIENCE_SECONDS = 90.0
"""How long one request may go without an answer, over restarts of the service."""
PAUSE_SECONDS = 0.05

DIED = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
"""What a client sees of a process that is killed, before and while it answers."""


@dataclass(frozen=True)
class Asked:
    """One request of the load."""

    project_id: int
    request_id: str
    title: str


@dataclass
class Load:
    """What was asked, and what was answered: every id that a request was ever told."""

    asked: Sequence[Asked]
    answers: dict[Asked, list[int]] = field(default_factory=dict)
    _enough: threading.Condition = field(default_factory=threading.Condition)

    def send(self, *base_urls: str) -> None:
        """Send all of it; return when each request was answered with a TODO.

        What one host does not answer, the next one is asked.
        """
        line = iter(self.asked)
        taking = threading.Lock()

        def client(first: int) -> None:
            callers = [Client(each) for each in base_urls]
            in_turn = cycle(callers[first % len(callers) :] + callers[: first % len(callers)])
            while True:
                with taking:
                    asked = next(line, None)
                if asked is None:
                    return
                self._note(asked, until_answered(in_turn, asked))

        with ThreadPoolExecutor(CLIENTS) as pool:
            for each in [pool.submit(client, number) for number in range(CLIENTS)]:
                each.result()

    def wait_for_answers(self, count: int) -> None:
        """Return when so many requests were answered."""
        with self._enough:
            in_time = self._enough.wait_for(lambda: len(self.answers) >= count, PATIENCE_SECONDS)
        assert in_time, f"{len(self.answers)} of {count} answers"

    def _note(self, asked: Asked, todo_id: int) -> None:
        with self._enough:
            self.answers.setdefault(asked, []).append(todo_id)
            self._enough.notify_all()

    def check(self, client: Client) -> None:
        """Compare with the log: all are there, under the ids that were told, dense, once each."""
        told = {asked: set(ids) for asked, ids in self.answers.items()}
        assert len(told) == len(self.asked), "somebody was never answered"
        assert all(len(ids) == 1 for ids in told.values()), "one request was told two ids"
        for project_id in {asked.project_id for asked in self.asked}:
            log = client.log_of(project_id)
            assert [todo["id"] for todo in log] == list(range(1, len(log) + 1)), "holes"
            stored = {todo["title"]: todo["id"] for todo in log}
            assert len(stored) == len(log), "a request has two TODOs"
            wanted = {
                a.title: next(iter(ids)) for a, ids in told.items() if a.project_id == project_id
            }
            assert stored == wanted


def requests_for(projects: Sequence[int], count: int) -> list[Asked]:
    """Return `count` requests, spread over the projects."""
    return [
        Asked(projects[n % len(projects)], f"request-{n}", f"Buy {n} bottles of milk")
        for n in range(count)
    ]


def until_answered(in_turn: Iterator[Client], asked: Asked) -> int:
    """Ask one after another until somebody answers with the TODO; return its id."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while time.monotonic() < deadline:
        try:
            answer = next(in_turn).post(
                {"projectId": asked.project_id, "title": asked.title},
                Idempotency_Key=asked.request_id,
                Prefer="wait=10",
            )
        except DIED:
            pause.wait(PAUSE_SECONDS)  # it is being killed or started
            continue
        if answer.status_code == 201:
            return int(answer.json()["id"])
        assert answer.status_code in {202, 429, 500, 503}, answer.text
        pause.wait(PAUSE_SECONDS)
    raise AssertionError(f"{asked} was not answered in {PATIENCE_SECONDS} s")
