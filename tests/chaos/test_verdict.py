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
from tests.domain_under_test import DOMAIN, KEY, payload
from tests.e2e.asked import Asked, folded

OVER_HTTP, AS_EVENT, BOTH_WAYS = (Asked(KEY, f"r{n}", payload(f"asked {n}")) for n in range(3))
REQUESTS: Final = (OVER_HTTP, AS_EVENT, BOTH_WAYS)


class Service:
    """A service that has done everything right, until somebody changes what it shows."""

    base_url = "http://service"

    def __init__(self) -> None:
        self.log: list[Any] = [dict(e) for e in folded(KEY, (each.payload for each in REQUESTS))]
        self.told = dict(zip((each.request_id for each in REQUESTS), self.log, strict=True))
        self.published = copy.deepcopy([*self.log[:2], *self.log[1:]])
        self.checkpoint = 9
        self.is_pending = 0

    def log_of(self, _: str) -> list[Any]:
        return self.log

    def pending(self, _: str) -> int:
        return self.is_pending

    def post(self, _: Any, **headers: str) -> Any:
        entry = self.told[headers["Idempotency_Key"]]
        return SimpleNamespace(status_code=201, json=lambda: entry)

    def get(self, path: str) -> Any:
        url = urlsplit(path)
        if url.path.endswith("/events"):
            found = self._events() if "/partitions/0/" in path else []
            content: Any = found[int(parse_qs(url.query)["from"][0]) :]
        else:
            partitions = [{"id": "0", "lastSequenceNumber": 9}]
            checkpoints = {"$default": {"0": self.checkpoint}}
            content = {"partitions": partitions, "checkpoints": checkpoints}
        return SimpleNamespace(json=lambda: content)

    def _events(self) -> list[Any]:
        return [
            {
                "bodyBase64": base64.b64encode(json.dumps(each).encode()).decode(),
                "properties": {"sequence": each[DOMAIN.place]},
            }
            for each in self.published
        ]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def traffic(service: Service) -> Traffic:
    sent = Traffic([], [KEY])
    sent.answers = {OVER_HTTP: service.log[0], BOTH_WAYS: service.log[2]}
    sent.events = [AS_EVENT, BOTH_WAYS, AS_EVENT]
    return sent


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "QUIET_SECONDS_MAX", 0.01)


def check(service: Any, traffic: Traffic) -> dict[str, int]:
    return verdict.check([service], traffic)[0]


def test_what_is_right_is_counted(service: Service, traffic: Traffic) -> None:
    found = check(service, traffic)
    assert (found[DOMAIN.plural], found["entries on the output hub"]) == (3, 4)


def set_last(log: list[Any], **members: Any) -> None:
    log[-1] = {**log[-1], **members}


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda s: setattr(s, "checkpoint", 8), "not checkpointed"),
        (lambda s: setattr(s, "is_pending", 1), "stay pending"),
        (lambda s: set_last(s.log, **{DOMAIN.place: 4}), "other places"),
        (lambda s: set_last(s.log, other="content"), "not what its requests make"),
        (lambda s: s.log.pop(), "other places"),
        (lambda s: s.log.append({**s.log[0], DOMAIN.place: 4}), "other places"),
        (lambda s: s.told.update(r1=s.log[0]), "told twice"),
        (lambda s: s.told.update(r2={**s.log[2], "other": 1}), "told another entry"),
        (lambda s: s.published.pop(), "not complete"),
        (lambda s: s.published.reverse(), "not the log"),
        (lambda s: set_last(s.published, other="content"), "not the log"),
        (lambda s: s.published.append({**s.published[0], "other": 1}), "not identical"),
    ],
)
def test_mistake_of_the_service_is_found(
    service: Service, traffic: Traffic, mistake: Callable[[Service], None], message: str
) -> None:
    mistake(service)
    with pytest.raises(AssertionError, match=message):
        check(service, traffic)


def test_answer_that_is_not_in_the_log_is_found(service: Service, traffic: Traffic) -> None:
    traffic.answers[OVER_HTTP] = service.log[1]
    with pytest.raises(AssertionError, match="told another entry"):
        check(service, traffic)
