"""Many clients, each with its own requests, who repeat until they are answered with a place."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle

import requests

from tests.e2e.asked import Asked, Shown, check_log, place_of, shown
from tests.e2e.client import Client

CLIENTS = 16
PATIENCE_SECONDS = 300.0
"""How long one request may go without an answer, over restarts of the service."""
PAUSE_SECONDS = 0.05

DIED = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
"""What a client sees of a process that is killed, before and while it answers."""


@dataclass
class Load:
    """What was asked, and what was answered: every entry that a request was ever told."""

    asked: Sequence[Asked]
    answers: dict[Asked, list[Shown]] = field(default_factory=dict)
    _enough: threading.Condition = field(default_factory=threading.Condition)

    def send(self, *base_urls: str) -> None:
        """Send all of it; return when each request was answered with its place.

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

    def start(self, *base_urls: str) -> threading.Thread:
        """Begin to send all of it; return the thread that ends when it is done."""
        sender = threading.Thread(target=self.send, args=base_urls)
        sender.start()
        return sender

    def repeat(self, *base_urls: str) -> None:
        """Send everything again, with the same ids, as clients do who lost all answers."""
        self.send(*base_urls)

    def wait_for_answers(self, count: int) -> None:
        """Return when so many requests were answered."""
        with self._enough:
            in_time = self._enough.wait_for(lambda: len(self.answers) >= count, PATIENCE_SECONDS)
        assert in_time, f"{len(self.answers)} of {count} answers"

    def _note(self, asked: Asked, entry: Shown) -> None:
        with self._enough:
            self.answers.setdefault(asked, []).append(entry)
            self._enough.notify_all()

    def check(self, client: Client) -> None:
        """Compare with the log: all are there, in the places that were told, dense, once each."""
        assert len(self.answers) == len(self.asked), "somebody was never answered"
        for answers in self.answers.values():
            assert all(each == answers[0] for each in answers), "one request was told two entries"
        for key in {asked.key for asked in self.asked}:
            told = {a: entries[0] for a, entries in self.answers.items() if a.key == key}
            log = client.log_of(key)
            check_log(log, key, {asked: place_of(entry) for asked, entry in told.items()})
            assert all(log[place_of(entry) - 1] == entry for entry in told.values())


def until_answered(in_turn: Iterator[Client], asked: Asked) -> Shown:
    """Ask one after another until somebody answers with the entry."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while time.monotonic() < deadline:
        try:
            answer = next(in_turn).post(
                asked.body(), Idempotency_Key=asked.request_id, Prefer="wait=10"
            )
            entry = shown(answer)
        except DIED:
            entry = None  # it is being killed or started
        if entry is not None:
            return entry
        pause.wait(PAUSE_SECONDS)
    raise AssertionError(f"{asked} was not answered in {PATIENCE_SECONDS} s")
