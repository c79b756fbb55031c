"""The verdict is no rubber stamp: whatever is wrong with log, answers or output hub is found."""

import base64
import copy
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.chaos import verdict
from tests.chaos.traffic import Traffic
from tests.e2e.load import Asked

PROJECT: Final = 7
OVER_HTTP = Asked(PROJECT, "r0", "milk")
AS_EVENT = Asked(PROJECT, "r1", "eggs")
BOTH_WAYS = Asked(PROJECT, "r2", "bread")


class Service:
    """A service that has done everything right, until somebody changes what it shows."""

    base_url = "http://service"

    def __init__(self) -> None:
        titles = [OVER_HTTP.title, AS_EVENT.title, BOTH_WAYS.title]
        self.log = [
            {"projectId": PROJECT, "id": number, "title": title}
            for number, title in enumerate(titles, 1)
        ]
        self.published = copy.deepcopy([*self.log[:2], *self.log[1:]])
        self.repeated = {asked.request_id: n for n, asked in enumerate(REQUESTS)}
        self.checkpoint = 9
        self.pending = 0

    def log_of(self, _: int) -> list[Any]:
        return self.log

    def post(self, items: list[Any], _: str) -> Any:
        found = [{"todo": self.log[self.repeated[each["requestId"]]]} for each in items]
        return SimpleNamespace(status_code=202, text="", json=lambda: {"results": found})

    def get(self, path: str) -> Any:
        url = urlsplit(path)
        if url.path.endswith("/events"):
            found = self._events() if "/partitions/0/" in path else []
            content: Any = found[int(parse_qs(url.query)["from"][0]) :]
        elif "eventhubs" in path:
            partitions = [{"id": "0", "lastSequenceNumber": 9}]
            checkpoints = {"$default": {"0": self.checkpoint}}
            content = {"partitions": partitions, "checkpoints": checkpoints}
        else:
            content = {"pending": self.pending}
        return SimpleNamespace(json=lambda: content)

    def _events(self) -> list[Any]:
        return [
            {
                "bodyBase64": base64.b64encode(json.dumps(each).encode()).decode(),
                "properties": {"sequence": each["id"]},
            }
            for each in self.published
        ]


REQUESTS: Final = (OVER_HTTP, AS_EVENT, BOTH_WAYS)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def traffic() -> Traffic:
    sent = Traffic([], [PROJECT])
    sent.answers = {OVER_HTTP: {1}, BOTH_WAYS: {3}}
    sent.events = [AS_EVENT, BOTH_WAYS, AS_EVENT]
    return sent


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "QUIET_SECONDS_MAX", 0.01)


def check(service: Any, traffic: Traffic) -> dict[str, int]:
    return verdict.check([service], traffic, [PROJECT])


def test_what_is_right_is_counted(service: Service, traffic: Traffic) -> None:
    found = check(service, traffic)
    assert (found["TODOs"], found["entries on the output hub"]) == (3, 4)


def set_last(log: list[Any], **members: Any) -> None:
    log[-1] = {**log[-1], **members}


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda s: setattr(s, "checkpoint", 8), "not checkpointed"),
        (lambda s: setattr(s, "pending", 1), "stay pending"),
        (lambda s: set_last(s.log, id=4), "holes"),
        (lambda s: set_last(s.log, title="milk"), "two TODOs"),
        (lambda s: s.log.pop(), "differ"),
        (lambda s: s.log.append({"id": 4, "title": "never asked for"}), "differ"),
        (lambda s: s.repeated.update(r1=0), "a repeat got another"),
        (lambda s: s.published.pop(), "not complete"),
        (lambda s: s.published.reverse(), "project 7"),
        (lambda s: set_last(s.published, title="else"), "project 7"),
        (lambda s: s.published.append({**s.published[0], "title": "else"}), "not identical"),
    ],
)
def test_a_mistake_of_the_service_is_found(
    service: Service, traffic: Traffic, mistake: Callable[[Service], None], message: str
) -> None:
    mistake(service)
    with pytest.raises(AssertionError, match=message):
        check(service, traffic)


@pytest.mark.parametrize("told", [{2}, {1, 2}])
def test_an_id_that_was_told_and_is_not_in_the_log_is_found(
    service: Service, traffic: Traffic, told: set[int]
) -> None:
    traffic.answers[OVER_HTTP] = told
    with pytest.raises(AssertionError, match="told another id"):
        check(service, traffic)
