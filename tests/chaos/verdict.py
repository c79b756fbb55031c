"""What must hold once everybody has been answered and nobody is killed any more."""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import Any, Final

from tests.chaos.traffic import CLIENTS, Traffic
from tests.domain_under_test import DOMAIN
from tests.e2e.asked import Asked, Shown, check_log, place_of
from tests.e2e.client import Client
from tests.e2e.events import check_published, entries, is_checkpointed
from tests.e2e.load import until_answered
from tests.e2e.server import wait_until

QUIET_SECONDS_MAX: Final = 60.0
"""For what is under way at the end: the sweeper comes every second."""

Logs = Mapping[str, Sequence[Shown]]


def check(clients: Sequence[Client], traffic: Traffic) -> tuple[dict[str, int], dict[Asked, Shown]]:
    """Compare what was sent and told with the log and the output hub.

    Return what was counted, and the entry of each request. Raises AssertionError when a promise is
    broken. `clients` are of the hosts, one is enough.
    """
    first = clients[0]
    _until("events are not checkpointed", partial(is_checkpointed, first))
    for key in traffic.keys:
        _until("requests stay pending", partial(_is_done, first, key))
    logs = {key: first.log_of(key) for key in traffic.keys}
    told = {}
    for each in clients:
        told = repeated(each, traffic.requests)
        _check_answers(told, traffic)
        _check_logs(logs, told)
    _until("the output hub is not complete", partial(_is_complete, first, logs))
    published = entries(first)
    assert published.keys() == {key for key, log in logs.items() if log}
    for key, found in published.items():
        check_published(found, logs[key])
    counted = {
        DOMAIN.plural: len(told),
        "answers over HTTP": len(traffic.answers),
        "events": len(traffic.events),
        "batches of events sent again": traffic.unanswered,
        "entries on the output hub": sum(map(len, published.values())),
    }
    return counted, told


def name_of(told: Mapping[Asked, Shown]) -> Mapping[str, str]:
    """Return the request ids of entries, by what is shown of them."""
    return {canonical(entry): asked.request_id for asked, entry in told.items()}


def canonical(entry: Any) -> str:
    """As text that is the same for the same entry."""
    return json.dumps(entry, sort_keys=True)


def repeated(client: Client, asked: Iterable[Asked]) -> dict[Asked, Shown]:
    """Ask for everything once more, by whatever way it came; return what was told."""
    asked = list(asked)
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = pool.map(lambda each: until_answered(cycle([client]), each), asked)
        return dict(zip(asked, answers, strict=True))


def _check_answers(told: Mapping[Asked, Shown], traffic: Traffic) -> None:
    for asked, entry in traffic.answers.items():
        assert told[asked] == entry, f"{asked} was told another entry"


def _check_logs(logs: Logs, told: Mapping[Asked, Shown]) -> None:
    for key, log in logs.items():
        places = {a: place_of(entry) for a, entry in told.items() if a.key == key}
        check_log(log, key, places)
        for asked, place in places.items():
            assert log[place - 1] == told[asked], f"{asked} was told another entry"


def _is_done(client: Client, key: str) -> bool:
    return client.pending(key) == 0


def _is_complete(client: Client, logs: Logs) -> bool:
    published = entries(client)
    return all(
        {place_of(each["body"]) for each in published.get(key, ())} == {place_of(e) for e in log}
        for key, log in logs.items()
    )


def _until(otherwise: str, condition: Any) -> None:
    wait_until(condition, otherwise, QUIET_SECONDS_MAX)
