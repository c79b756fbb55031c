"""What must hold once everybody has been answered and nobody is killed any more."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from tests.chaos.traffic import Traffic
from tests.e2e.client import Client
from tests.e2e.events import entries, is_checkpointed
from tests.e2e.load import Asked

QUIET_SECONDS_MAX: Final = 60.0
"""For what is under way at the end: the sweeper comes every second."""

LOOK_SECONDS: Final = 0.1
REPEATS_PER_CALL: Final = 1_000

Todo = Mapping[str, Any]
Logs = Mapping[int, Sequence[Todo]]


def check(clients: Sequence[Client], traffic: Traffic, projects: Iterable[int]) -> dict[str, int]:
    """Compare what was sent and told with the log and the output hub; return what was counted.

    Raises AssertionError when a promise is broken. `clients` are of the hosts, one is enough.
    """
    first = clients[0]
    _until("events are not checkpointed", lambda: is_checkpointed(first))
    for project_id in projects:
        path = f"/api/projects/{project_id}"
        _until("requests stay pending", lambda path=path: first.get(path).json()["pending"] == 0)  # type: ignore[misc]
    logs = {project_id: first.log_of(project_id) for project_id in projects}
    numbered = _check_logs(logs, traffic)
    for each in clients:
        _check_repeats(each, numbered)
    published = _check_published(first, logs)
    return {
        "TODOs": len(numbered),
        "answers over HTTP": len(traffic.answers),
        "events": len(traffic.events),
        "batches of events sent again": traffic.unanswered,
        "entries on the output hub": published,
    }


def _check_logs(logs: Logs, traffic: Traffic) -> dict[Asked, int]:
    """Each request has one TODO, as it was told; nothing else is there. Return the ids."""
    for log in logs.values():
        assert [todo["id"] for todo in log] == list(range(1, len(log) + 1)), "holes"
    stored = {(project, each["title"]): each["id"] for project, log in logs.items() for each in log}
    assert len(stored) == sum(map(len, logs.values())), "a request has two TODOs"
    sent = {(each.project_id, each.title): each for each in traffic.requests}
    assert stored.keys() == sent.keys(), f"{len(stored.keys() ^ sent.keys())} differ"
    numbered = {asked: stored[name] for name, asked in sent.items()}
    told = {asked: {numbered[asked]} for asked in traffic.answers}
    assert traffic.answers == told, "somebody was told another id"
    return numbered


def _check_repeats(client: Client, numbered: Mapping[Asked, int]) -> None:
    """Whoever repeats a request, by whatever way it came, gets its TODO."""
    left = iter(numbered.items())
    while part := list(islice(left, REPEATS_PER_CALL)):
        items = [
            {"projectId": each.project_id, "title": each.title, "requestId": each.request_id}
            for each, _ in part
        ]
        answer = client.post(items, "/api/todos/batch")
        assert answer.status_code == 202, answer.text
        told = [each["todo"] for each in answer.json()["results"]]
        wanted = [
            {"projectId": each.project_id, "id": todo_id, "title": each.title}
            for each, todo_id in part
        ]
        assert told == wanted, "a repeat got another TODO"


def _check_published(client: Client, logs: Logs) -> int:
    """The output hub holds every TODO, repeated identically at most, in id order."""
    _until("the output hub is not complete", lambda: _is_complete(client, logs))
    published = entries(client)
    assert published.keys() == {project for project, log in logs.items() if log}
    for project_id, found in published.items():
        distinct = {each["body"]["id"]: each["body"] for each in found}
        assert all(each["body"] == distinct[each["body"]["id"]] for each in found), "not identical"
        assert all(each["properties"]["sequence"] == each["body"]["id"] for each in found)
        assert list(distinct.values()) == logs[project_id], f"project {project_id}"
    return sum(map(len, published.values()))


def _is_complete(client: Client, logs: Logs) -> bool:
    published = entries(client)
    return all(
        len({each["body"]["id"] for each in published.get(project_id, ())}) == len(log)
        for project_id, log in logs.items()
    )


def _until(otherwise: str, condition: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + QUIET_SECONDS_MAX, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, otherwise
        pause.wait(LOOK_SECONDS)
